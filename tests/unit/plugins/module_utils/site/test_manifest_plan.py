# SPDX-License-Identifier: GPL-3.0-or-later
"""What a file is, how it is served, and what a release is called."""

from __future__ import annotations

import json

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.site.manifest_plan import (
    content_type,
    hashed,
    headers_of,
    kind_of,
    manifest_of,
    manifest_problems,
)
from ansible_collections.slipway.ops.plugins.module_utils.site.model_plan import UnreadableError, manifest_from
from ansible_collections.slipway.ops.plugins.module_utils.site.references_plan import (
    Reference,
    integrity_problem,
    missing,
    references,
)

from tests.unit.plugins.module_utils.site.memory import Source, site


def sources(files):
    return {path: Source(content) for path, content in files.items()}


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("index.html", "document"),
        ("docs/INDEX.HTM", "document"),
        ("assets/index-BsK3x9_d.js", "immutable"),
        ("assets/index-DiwrgTda.css", "immutable"),
        ("static/js/main.3f2a1b9c.chunk.js", "immutable"),
        ("_next/static/chunks/4bd1b696-67e5e4f0ffa5c5a4.js", "immutable"),
        ("assets/logo-important.png", "file"),
        ("assets/photo-Some_Words.png", "file"),
        ("assets/UPPERCASE.png", "file"),
        ("assets/a-b.js", "file"),
        ("media/index-BsK3x9_d.js", "file"),
        ("favicon.ico", "file"),
        ("sw.js", "worker"),
        ("app/service-worker.js", "worker"),
        ("assets/index-BsK3x9_d.js.map", "map"),
        ("sw.js.map", "map"),
        ("world.map", "file"),
    ],
)
def test_the_class_of_a_file(path, kind):
    assert kind_of(path) == kind


def test_only_a_hash_within_a_folder_for_such_names_makes_a_file_immutable():
    assert hashed("assets/x-0a1b2c3d.woff2.br")
    assert not hashed("x-0a1b2c3d.woff2")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("a.html", "text/html; charset=utf-8"),
        ("a.mjs", "text/javascript; charset=utf-8"),
        ("a.svg", "image/svg+xml; charset=utf-8"),
        ("a.webmanifest", "application/manifest+json; charset=utf-8"),
        (".well-known/apple-app-site-association", "application/json; charset=utf-8"),
        ("a.WOFF2", "font/woff2"),
        ("a.wasm", "application/wasm"),
        ("a.tar.gz", "application/gzip"),
        ("LICENSE", "application/octet-stream"),
        ("a.unknown", "application/octet-stream"),
    ],
)
def test_the_type_of_a_file(path, kind):
    assert content_type(path) == kind


def test_compressed_variants_keep_their_key_and_have_the_type_of_what_they_hold():
    names = {"assets/x-0a1b2c3d.js", "assets/x-0a1b2c3d.js.br", "assets/x-0a1b2c3d.js.gz", "alone.json.gz", "a.svgz"}
    variant = headers_of("assets/x-0a1b2c3d.js.br", names)
    assert variant == {
        "Content-Type": "text/javascript; charset=utf-8",
        "Cache-Control": "public, max-age=31536000, immutable",
        "Content-Encoding": "br",
    }
    assert headers_of("assets/x-0a1b2c3d.js.gz", names)["Content-Encoding"] == "gzip"
    alone = headers_of("alone.json.gz", names)
    assert (alone["Content-Type"], "Content-Encoding" in alone) == ("application/gzip", False)
    drawing = headers_of("a.svgz", names)
    assert (drawing["Content-Type"], drawing["Content-Encoding"]) == ("image/svg+xml; charset=utf-8", "gzip")
    assert "Content-Encoding" not in headers_of("assets/x-0a1b2c3d.js", names)
    described = manifest_of(sources(dict.fromkeys(names, b"x"))).files
    assert described["assets/x-0a1b2c3d.js.br"].kind == "immutable"


def test_a_release_is_named_by_all_that_is_in_it():
    first = manifest_of(sources(site("A")))
    assert first.release == manifest_of(sources(dict(reversed(site("A").items())))).release
    assert first.release != manifest_of(sources(site("A", more="x"))).release
    assert manifest_from(first.text.encode(), first.release) == first
    assert "assets/index-A1b2c3d4.js.map" in first.public(maps=True)
    assert "assets/index-A1b2c3d4.js.map" not in first.public(maps=False)


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b'{"md5": {}, "files": {"a": {}}}', b"null"])
def test_what_is_no_manifest_is_not_taken_for_one(text):
    with pytest.raises(UnreadableError, match="is no manifest"):
        manifest_from(text, "0" * 64)


def test_the_manifest_of_another_release_is_not_taken():
    text = manifest_of(sources(site("A"))).text
    with pytest.raises(UnreadableError, match="it was overwritten"):
        manifest_from(text.encode(), "0" * 64)
    changed = json.loads(text)
    changed["files"]["index.html"]["size"] += 1
    with pytest.raises(UnreadableError, match="it was overwritten"):
        manifest_from(json.dumps(changed).encode(), changed["release"])


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({}, ["the bundle is empty"]),
        ({"a.txt": b"x"}, ["the bundle has no index.html at its top"]),
        (
            {"dist/a/index.html": b"x", "dist/index.html": b"x"},
            ["the bundle has no index.html at its top; it has 'dist/index.html': give that folder's content"],
        ),
        ({"index.html": b""}, ["index.html is empty"]),
        ({"index.html": b"x"}, []),
    ],
)
def test_a_bundle_needs_an_index_at_its_top(files, found):
    assert manifest_problems(sources(files)) == found


def test_the_configuration_is_no_part_of_a_bundle():
    assert "take it out and give config" in manifest_problems(sources({"index.html": b"x", "config.json": b"{}"}))[0]


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        (
            '<script src="/assets/a.js"></script><link rel="stylesheet" href="assets/b.css">',
            ["assets/a.js", "docs/assets/b.css"],
        ),
        ('<link rel="modulepreload" href="../c.js"><img src="d%20e.png?v=1#x">', ["c.js", "docs/d e.png"]),
        ('<link rel="canonical" href="/nowhere"><link rel="alternate" href="/x"><link>', []),
        ('<script src="https://cdn/x.js"></script><img src="//cdn/y"><img src="data:image/png;base64,A">', []),
        ('<img src="http://[bad"><script src="?only=query"></script><script src=""></script><script>x</script>', []),
        ('<base href="/app/"><script src="a.js"></script>', ["app/a.js"]),
        ('<base href="/app/"><base href="/other/"><script src="a.js"></script>', ["app/a.js"]),
        ('<base href="https://cdn/"><script src="a.js"></script>', []),
        ('<script src="a.js"></script><script src="a.js"></script>', ["docs/a.js"]),
        ('<img src="u\u0308.png">', ["docs/\u00fc.png"]),
        ('<video src="v/"></video>', ["docs/v/"]),
        ("<script src></script>", []),
    ],
)
def test_what_a_document_names(text, paths):
    assert [one.path for one in references("docs/page.html", text)] == paths


def test_what_is_missing_is_told():
    named = [Reference("a.js"), Reference("b.js"), Reference("config.json"), Reference("api/x")]
    assert missing("index.html", named, {"a.js"}) == ["index.html names /b.js, which the bundle does not have"]


@pytest.mark.parametrize(
    ("integrity", "well"),
    [
        ("sha256-LCa0a2j/xo/5m0U8HTBBNBNCLXBkg7+g+YpeiGJm564=", True),
        ("sha256-AAAA sha256-LCa0a2j/xo/5m0U8HTBBNBNCLXBkg7+g+YpeiGJm564=?x", True),
        ("md5-whatever", True),
        ("sha512-AAAA", False),
    ],
)
def test_a_hash_in_a_document_must_hold(integrity, well):
    assert (integrity_problem("index.html", Reference("a.js", integrity), b"foo") is None) == well
