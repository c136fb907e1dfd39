# SPDX-License-Identifier: GPL-3.0-or-later
"""The smallest invalidation: every changed path is cleared, within every limit, and as little else as can be."""

from __future__ import annotations

import itertools
import re

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.invalidation import (
    items_plan,
    price_plan,
    reference_plan,
    tree_plan,
)
from ansible_collections.slipway.ops.plugins.module_utils.invalidation.items_plan import encoded, matches, spelled
from ansible_collections.slipway.ops.plugins.module_utils.invalidation.paths_plan import (
    InProgress,
    paths,
    plan_paths,
)
from ansible_collections.slipway.ops.plugins.module_utils.invalidation.routes_plan import SINGLE_PAGE, Routes, uris_of
from hypothesis import example, given, settings
from hypothesis import strategies as st

DIRECTORIES = Routes(directories=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/index.html", "/index.html"),
        ("/a b", "/a%20b"),
        ("/ü/日本", "/%C3%BC/%E6%97%A5%E6%9C%AC"),
        ('/<>"#%{}|\\^~[]`', "/%3C%3E%22%23%25%7B%7D%7C%5C%5E%7E%5B%5D%60"),
        ("/a!$&'()*,;=:@-_.b", "/a!$&'()*,;=:@-_.b"),
        ("/a\x7f\x01", "/a%7F%01"),
    ],
    ids=["plain", "space", "unicode", "unsafe", "all that is safe", "control"],
)
def test_what_is_unsafe_is_encoded_and_nothing_else(text, expected):
    assert encoded(text) == expected


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("/a.html", ["/a.html"]),
        ("/a+b.html", ["/a+b.html", "/a%2Bb.html"]),
        ("/a?b", ["/a%3Fb"]),
        ("/a*b.html", ["/a*"]),
        ("/a+*", ["/a+*", "/a%2B*"]),
    ],
)
def test_a_key_is_spelled_as_the_edge_may_have_it(uri, expected):
    assert spelled(uri) == expected


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("index.html", "/index.html"),
        ("a b/ü+%?#.txt", "/a%20b/%C3%BC%2B%25%3F%23.txt"),
        ("~user/x(1)!.html", "/~user/x(1)!.html"),
    ],
)
def test_a_visitor_s_url_has_everything_encoded_that_a_url_must(key, expected):
    assert items_plan.viewer_path(key) == expected


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("/index.html", None),
        ("/*", None),
        ("/a%20b+c%C3%BC", None),
        ("/" + "a" * 3999, None),
        ("index.html", "starts with a slash"),
        ("#tag", "starts with a slash"),
        ("/" + "a" * 4000, "4001 characters"),
        ("/*.html", "only be the last character"),
        ("/a b", "as '/a%20b'"),
        ("/ü%20", "as '/%C3%BC%20'"),
        ("/100%", "as '/100%25'"),
    ],
)
def test_paths_that_cloudfront_would_refuse_or_miss_are_told(path, problem):
    found = items_plan.path_problem(path)
    assert found is None if problem is None else problem in found


@pytest.mark.parametrize(
    ("tag", "well"),
    [
        *((tag, True) for tag in ("slipway-site", "product:a/b", "a" * 256)),
        *((tag, False) for tag in ("a,b", "a b", "ü", "", "a" * 257, "product:*")),
    ],
)
def test_tags_are_checked(tag, well):
    assert (items_plan.tag_problem(tag) is None) is well


def test_tags_become_items_without_repetition():
    assert items_plan.tag_items(["Site", "site", "a"]) == ["#a", "#site"]


@pytest.mark.parametrize(
    ("key", "routes", "expected"),
    [
        ("index.html", SINGLE_PAGE, ["/", "/index.html"]),
        ("index.html", Routes(rewritten=("/orders", "/o/*")), ["/", "/index.html", "/orders", "/o/*"]),
        ("docs/index.html", SINGLE_PAGE, ["/docs/index.html"]),
        ("docs/index.html", DIRECTORIES, ["/docs", "/docs/", "/docs/index.html"]),
        ("docs/a/index.html", DIRECTORIES, ["/docs/a", "/docs/a/", "/docs/a/index.html"]),
        ("about.html", DIRECTORIES, ["/about.html"]),
        ("home.htm", Routes(root="home.htm"), ["/", "/home.htm"]),
    ],
)
def test_an_object_is_cleared_under_every_path_that_serves_it(key, routes, expected):
    assert uris_of(key, routes) == expected


@pytest.mark.parametrize(
    ("changed", "more", "expected"),
    [
        ([], {}, []),
        (["index.html"], {}, ["/", "/index.html"]),
        (["index.html", "a b.txt"], {}, ["/", "/a%20b.txt", "/index.html"]),
        (["assets/app-B1.js"], {"immutable": ["assets/app-B1.js"]}, []),
        (["index.html", "assets/app-B1.js"], {"immutable": ["assets/app-B1.js"]}, ["/", "/index.html"]),
        (["docs/x*1", "docs/xy", "docs/z"], {}, ["/docs/x*", "/docs/z"]),
    ],
    ids=["nothing", "root", "with another", "immutable only", "immutable left out", "wildcard by its name"],
)
def test_few_paths_are_named_one_by_one(changed, more, expected):
    assert list(plan_paths(changed, **more).items) == expected


def keys(folder, count, name="page"):
    return [f"{folder}{name}{number:04}.html" for number in range(count)]


def named(folder, count):
    return [f"/{key}" for key in keys(folder, count)]


ASSETS = [f"assets/app-{number}.js" for number in range(100)]


@pytest.mark.parametrize(
    ("changed", "budget", "more", "expected"),
    [
        (keys("docs/guide/", 20), 10, {}, ["/docs/guide/*"]),
        ([*keys("docs/a/", 20), *keys("docs/b/", 20)], 1, {}, ["/docs/*"]),
        ([*keys("docs/a/", 20), *keys("docs/b/", 20)], 2, {}, ["/docs/a/*", "/docs/b/*"]),
        ([*keys("docs/a/", 20), "about.html"], 2, {}, ["/about.html", "/docs/a/*"]),
        ([*keys("docs/a/", 20), "docs/b/one.html"], 2, {}, ["/docs/a/*", "/docs/b/one.html"]),
        ([*keys("docs/", 9), "index.html"], 3, {"immutable": ASSETS}, ["/", "/docs/*", "/index.html"]),
        ([*keys("docs/", 9), "index.html"], 2, {"immutable": ASSETS}, ["/*"]),
        (keys("", 12), 10, {"immutable": ASSETS}, ["/*"]),
        (keys("", 12), 12, {"immutable": ASSETS}, named("", 12)),
        ([*keys("a/", 3), *keys("b/", 3)], 4, {"immutable": ["a/x.js"]},
         [*named("a/", 3), "/b/*"]),
        ([*keys("a/", 3), *keys("b/", 3)], 4, {"unchanged": ["b/x.html"]},
         ["/a/*", *named("b/", 3)]),
        ([*keys("a/", 3), *keys("b/", 3)], 4, {"immutable": ["c/x.js"]}, ["/a/*", "/b/*"]),
    ],
    ids=["one folder", "common folder", "two folders", "a file beside", "a folder of one", "assets are spared",
         "no room to spare them", "root files", "a larger budget", "immutable first", "unchanged", "no need"],
)  # fmt: skip
def test_many_are_coalesced_under_the_longest_folders(changed, budget, more, expected):
    assert list(plan_paths(changed, budget=budget, **more).items) == expected


def test_what_wildcards_clear_without_need_is_counted_and_told():
    planned = plan_paths(keys("", 12), budget=10, immutable=ASSETS, unchanged=["other.html"])
    assert (planned.needed, planned.immutable, planned.unchanged) == (12, 100, 1)
    assert "100 immutable objects are fetched again though they did not change" in planned.text
    planned = plan_paths(keys("a/", 12), budget=10, immutable=ASSETS, unchanged=["a/other.html"])
    assert planned.text == "12 paths coalesced into 1; 1 unchanged objects are fetched again"
    assert plan_paths(keys("a/", 12), immutable=ASSETS).text == "12 paths coalesced into 1"


def test_texts_of_few():
    assert plan_paths([]).text == "nothing to invalidate"
    assert plan_paths(["a"]).text == "1 path, each for itself"
    assert plan_paths(["a", "b"]).text == "2 paths, each for itself"


def test_wildcards_in_progress_leave_fewer():
    changed = [key for number in range(5) for key in keys(f"d{number}/", 3 + number)]
    known = {"immutable": ["x/app.js"]}
    free = plan_paths(changed, budget=10, **known)
    assert list(free.items) == [f"/d{number}/*" for number in range(5)]
    # With room for four wildcards the smallest folder is spelled out.
    busy = plan_paths(changed, budget=10, running=InProgress(0, 11), **known)
    assert list(busy.items) == [*named("d0/", 3), *(f"/d{number}/*" for number in range(1, 5))]
    # With room for none, one is planned all the same: CloudFront takes it when one of those in progress is done.
    assert list(plan_paths(changed, running=InProgress(0, 15), **known).items) == ["/*"]


def test_a_folder_that_is_spelled_out_is_so_to_its_depths():
    changed = ["x/a/1", "x/b/2", *keys("y/", 9)]
    planned = plan_paths(changed, budget=5, immutable=["app.js"], running=InProgress(0, 14))
    assert list(planned.items) == ["/x/a/1", "/x/b/2", "/y/*"]


def test_paths_in_progress_leave_fewer():
    assert len(plan_paths(keys("docs/", 20), budget=50, running=InProgress(2980, 0)).items) == 20
    assert list(plan_paths(keys("docs/", 20), budget=50, running=InProgress(2981, 0)).items) == ["/docs/*"]
    # A handful waits for room rather than clear a folder.
    assert len(plan_paths(keys("docs/", 5), running=InProgress(3000, 0)).items) == 5


def test_a_path_that_can_only_be_a_wildcard_counts_as_one():
    changed = [f"docs/{chr(97 + number)}*x" for number in range(20)]
    assert list(plan_paths(changed, budget=100).items) == ["/docs/*"]
    mixed = [*keys("a/", 20), *changed, *keys("b/", 2)]
    planned = plan_paths(mixed, budget=30, immutable=["x.js"], running=InProgress(0, 13))
    assert list(planned.items) == ["/a/*", *named("b/", 2), "/docs/*"]


def test_what_is_in_progress_is_counted_by_kind():
    assert InProgress.of(["/", "/a*", "/*", "#tag"]) == InProgress(1, 2)


def test_ten_thousand_changed_paths_are_coalesced_within_every_limit():
    changed = [f"d{n % 7}/e{n % 50}/{n}.html" for n in range(10_000)] + ["index.html"]
    for budget in (1, 10, 100, 3000):
        planned = plan_paths(changed, budget=budget, immutable=[f"assets/{n}.js" for n in range(5000)])
        assert len(planned.items) <= budget
        assert covered(changed, planned)
    assert planned.immutable == 0


def test_the_effort_grows_with_the_number_of_paths_and_no_faster(monkeypatch):
    """Counted in looks at the tree, not in time: a folder is opened once."""
    opened = []
    real = tree_plan.Cut.opened
    monkeypatch.setattr(tree_plan.Cut, "opened", lambda cut, folder: opened.append(folder.prefix) or real(cut, folder))
    paths([f"a{n % 10}/b{n % 100}/{n}" for n in range(10_000)], SINGLE_PAGE, 50)
    assert len(opened) == len(set(opened)) <= 111


def covered(changed, planned, routes=SINGLE_PAGE, immutable=()):
    """Whether every path that serves a changed object is cleared, spelled as visitors ask for it."""
    wanted = [uri for key in set(changed) - set(immutable) for uri in uris_of(key, routes)]
    return all(any(matches(item, spelling) for item in planned.items) for uri in wanted for spelling in spelled(uri))


NAMES = st.text(st.sampled_from("ab./+ ü*?~%"), min_size=1, max_size=8).map(lambda text: text.strip("/") or "a")
KEYS = st.lists(NAMES, max_size=30)


@settings(deadline=None)
@given(KEYS, KEYS, st.booleans(), st.integers(1, 20), st.integers(0, 16), st.sampled_from([0, 2990, 3000]))
@example(["a*b", "a/b"], [], False, 1, 15, 3000)
def test_every_changed_path_is_cleared_within_every_limit(changed, immutable, directories, budget, wildcards, running):
    routes = Routes(directories=directories)
    planned = plan_paths(
        changed, routes, budget, immutable=immutable, unchanged=["c/d"], running=InProgress(running, wildcards)
    )
    assert covered(changed, planned, routes, immutable)
    assert len(planned.items) <= budget
    wild = [item for item in planned.items if item.endswith("*")]
    assert len(wild) <= max(1, 15 - wildcards)
    assert len(planned.items) - len(wild) <= max(10, 3000 - running)
    assert not [item for item in planned.items if items_plan.path_problem(item)]
    assert list(planned.items) == sorted(set(planned.items))
    assert not [pair for pair in itertools.permutations(planned.items, 2) if matches(*pair)]


TREE = st.lists(st.sampled_from([f"{a}{b}{c}" for a in ("", "a/", "b/") for b in ("", "c/", "d/") for c in "xyz"]))


@settings(deadline=None)
@given(TREE, TREE, st.integers(1, 8))
def test_no_immutable_object_is_hit_where_that_can_be(changed, immutable, budget):
    """Compared with every way to cover the changed paths by files and folders."""
    planned = plan_paths(changed, SINGLE_PAGE, budget, immutable=immutable)
    needed = sorted({f"/{key}" for key in set(changed) - set(immutable)})
    assert planned.immutable == hits(planned.items, immutable)
    if least(needed, immutable) <= budget:
        assert planned.immutable == 0


def hits(items, immutable):
    return sum(any(matches(item, f"/{key}") for item in items) for key in set(immutable))


def least(needed, immutable, folder="/"):
    """How many items cover the needed paths in the folder without touching an immutable one."""
    inside = [path for path in needed if path.startswith(folder)]
    if len(inside) <= 1:
        return len(inside)
    if not any(f"/{key}".startswith(folder) for key in immutable):
        return 1
    direct = [path for path in inside if "/" not in path[len(folder) :]]
    below = {re.match(re.escape(folder) + r"[^/]+/", path)[0] for path in inside if path not in direct}
    return len(direct) + sum(least(inside, immutable, child) for child in below)


@pytest.mark.parametrize(
    ("count", "used", "least", "most", "part"),
    [
        (0, 0, 0, 0, "nothing to pay"),
        (1, 0, 0, 0.005, "1 path: free within"),
        (3, 0, 0, 0.015, "$0.015 beyond; how many others used is not known"),
        (3, 40, 0, 0.015, "known of are 40 used"),
        (10, 995, 0.025, 0.05, "known of are 995 used"),
        (10, 1000, 0.05, 0.05, "10 paths: $0.050, as the month's 1000 free paths are used up"),
        (10, 5000, 0.05, 0.05, "used up"),
        (1200, 0, 1.0, 6.0, "$6.000 beyond"),
    ],
)
def test_the_price_tells_what_is_known_and_what_is_not(count, used, least, most, part):
    price = price_plan.price_of(count, used)
    assert (price.paths, price.at_least, price.at_most) == (count, least, most)
    assert part in price.text


def test_a_release_s_reference_names_activation_release_and_paths():
    first = reference_plan.release_reference(7, "a" * 64, ["/", "/index.html"])
    assert re.fullmatch(r"slipway:7:a{12}:[0-9a-f]{12}", first)
    assert first == reference_plan.release_reference(7, "a" * 64, ["/index.html", "/"])
    others = [(8, "a" * 64, ["/", "/index.html"]), (7, "b" * 64, ["/", "/index.html"]), (7, "a" * 64, ["/"])]
    assert first not in [reference_plan.release_reference(*other) for other in others]


def test_without_activations_the_newest_invalidation_stands_for_their_number():
    assert reference_plan.following_reference("I1", ["/"]).startswith("slipway:after-I1:")
    assert reference_plan.following_reference("", ["/"]).startswith("slipway:after-none:")
    assert reference_plan.following_reference("I1", ["/"]) != reference_plan.following_reference("I2", ["/"])
