# SPDX-License-Identifier: GPL-3.0-or-later
"""What an edge keeps, and what an invalidation takes away."""

from __future__ import annotations

import pytest

from localcloud.edge.cache_key import Key
from localcloud.edge.lifetime import Lifetime
from localcloud.edge.store import MAX_OBJECT, Entry, Store

KEPT = Lifetime(True, 60)


def key(path, *queries, encoding="", cookies=()):
    return Key(path, queries, encoding, (), cookies, "GET")


def entry(body=b"body", tags=()):
    return Entry(200, {}, body, KEPT, stored=0.0, tags=frozenset(tags))


HELD = [
    key("/"),
    key("/index.html"),
    key("/index.html", encoding="br"),
    key("/index.html", cookies=(("a", "1"),)),
    key("/docs/a"),
    key("/docs/a/b"),
    key("/search", "q=1"),
    key("/search", "q=2"),
    key("/with%20space"),
    key("/a%2Bb"),
]


@pytest.mark.parametrize(
    ("paths", "dropped"),
    [
        (["/index.html"], ["/index.html"] * 3),
        (["/"], ["/"]),
        (["/docs/*"], ["/docs/a", "/docs/a/b"]),
        (["/docs/a"], ["/docs/a"]),
        (["/docs/a*"], ["/docs/a", "/docs/a/b"]),
        (["/search"], []),
        (["/search?q=1"], ["/search"]),
        (["/search?*"], ["/search"] * 2),
        (["/search*"], ["/search"] * 2),
        (["/INDEX.html"], []),
        (["/with space"], []),
        (["/with%20space"], ["/with%20space"]),
        (["/a+b"], []),
        (["/*"], [held.path for held in HELD]),
        (["/index.html", "/"], ["/index.html"] * 3 + ["/"]),
    ],
)
def test_an_invalidation_drops(paths, dropped):
    store = Store()
    for held in HELD:
        store.put(held, entry(), 0)
    assert store.invalidate(paths) == len(dropped)
    assert sorted(held.path for held in HELD if store.get(held) is None) == sorted(dropped)


@pytest.mark.parametrize(
    ("held", "named", "dropped"),
    [
        ("/~me/[1]|^.txt", "/%7Eme/%5B1%5D%7C%5E.txt", 1),
        ("/%7Eme/a", "/%7Eme/a", 1),
        ("/~me/a", "/%7Eme/*", 1),
        ("/a+b(1).txt", "/a%2Bb%281%29.txt", 0),
    ],
)
def test_what_rfc_1738_calls_unsafe_is_named_encoded_however_browsers_send_it(held, named, dropped):
    store = Store()
    store.put(key(held), entry(), 0)
    assert store.invalidate([named]) == dropped
    assert len(store) == 1 - dropped


def test_an_invalidation_by_tag_drops_what_has_the_tag():
    store = Store()
    store.put(key("/a"), entry(tags=["site-entry", "x"]), 0)
    store.put(key("/b"), entry(tags=["other"]), 0)
    assert store.invalidate(["#Site-Entry"]) == 1
    assert (store.get(key("/a")), len(store)) == (None, 1)


def test_what_was_asked_for_before_an_invalidation_is_not_kept_after_it():
    store = Store()
    epoch = store.epoch
    store.invalidate(["/other"])
    store.put(key("/a"), entry(), epoch)
    assert store.get(key("/a")) is None


def test_the_least_recently_used_object_goes_first():
    store = Store(max_bytes=10)
    store.put(key("/a"), entry(b"12345"), 0)
    store.put(key("/b"), entry(b"12345"), 0)
    assert store.get(key("/a"))
    store.put(key("/c"), entry(b"12345"), 0)
    assert [path for path in ("/a", "/b", "/c") if store.get(key(path))] == ["/a", "/c"]


def test_a_newer_object_takes_the_older_one_s_place_and_room():
    store = Store(max_bytes=10)
    for _ in range(3):
        store.put(key("/a"), entry(b"12345678"), 0)
    assert len(store) == 1
    store.drop(key("/a"))
    store.drop(key("/a"))
    assert len(store) == 0


def test_a_huge_object_is_not_kept():
    store = Store()
    store.put(key("/a"), Entry(200, {}, memoryview(bytearray(MAX_OBJECT + 1)), KEPT, 0.0), 0)
    assert len(store) == 0


def test_an_object_ages_from_the_age_that_it_came_with():
    held = Entry(200, {}, b"", Lifetime(True, 60), stored=100.0, age=20.0)
    assert held.fresh(139.0)
    assert not held.fresh(140.0)
    assert held.over(145.0) == 5.0
