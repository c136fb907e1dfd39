# SPDX-License-Identifier: GPL-3.0-or-later
"""A bundle is data from outside: what is read of a folder and of a tarball, and what is refused."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
import unicodedata

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.site.bundle import BundleError, read_bundle
from ansible_collections.slipway.ops.plugins.module_utils.site.preflight import read_release

LIMITS = (1000, 20)


@pytest.fixture
def scratch(tmp_path):
    place = tmp_path / "scratch"
    place.mkdir()
    return place


def folder(tmp_path, **files):
    root = tmp_path / "bundle"
    for name, content in files.items():
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content)
    return root


def tarball(tmp_path, *members, mode="w:gz"):
    """members: (name, content), or a TarInfo."""
    place = tmp_path / "bundle.tar"
    with tarfile.open(place, mode) as archive:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
            else:
                info = tarfile.TarInfo(member[0])
                info.size = len(member[1])
                archive.addfile(info, io.BytesIO(member[1]))
    return place


def link(name, target, kind=tarfile.SYMTYPE):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def special(name, kind):
    info = tarfile.TarInfo(name)
    info.type = kind
    return info


def problems(place, scratch, most_bytes=LIMITS[0], most_files=LIMITS[1]):
    with pytest.raises(BundleError) as refused:
        read_bundle(str(place), scratch, most_bytes, most_files)
    assert "\n" not in str(refused.value)
    return refused.value.problems


def test_a_folder_and_its_tarball_are_the_same(tmp_path, scratch):
    root = folder(tmp_path, **{"index.html": "page", "assets/a b+c%20.js": "code", "\u00fc/\u4f60.txt": "text"})
    found = read_bundle(str(root), scratch, *LIMITS)
    members = [(path, source.place.read_bytes()) for path, source in found.items()]
    for mode in ("w", "w:gz"):
        for start in ("", "./"):
            place = tarball(tmp_path, *((start + path, content) for path, content in members), mode=mode)
            packed = read_bundle(str(place), scratch, *LIMITS)
            assert {path: (one.sha256, one.md5, one.size) for path, one in packed.items()} == {
                path: (one.sha256, one.md5, one.size) for path, one in found.items()
            }
            assert packed["index.html"].place.read_text() == "page"
    assert found["index.html"].sha256 == hashlib.sha256(b"page").hexdigest()


def test_names_are_taken_in_the_form_in_which_browsers_send_them(tmp_path, scratch):
    root = folder(tmp_path, **{unicodedata.normalize("NFD", "\u00fcber.txt"): "text"})
    assert list(read_bundle(str(root), scratch, *LIMITS)) == ["\u00fcber.txt"]


def test_links_within_the_bundle_are_followed(tmp_path, scratch):
    root = folder(tmp_path, **{"index.html": "page", "a/b.txt": "text"})
    (root / "c.txt").symlink_to("a/b.txt")
    assert read_bundle(str(root), scratch, *LIMITS)["c.txt"].size == 4
    hard = link("d.txt", "a/b.txt", tarfile.LNKTYPE)
    place = tarball(tmp_path, ("a/b.txt", b"text"), hard, link("a/e.txt", "../d.txt"), link("f.txt", "./a/e.txt"))
    found = read_bundle(str(place), scratch, *LIMITS)
    assert {found[name].size for name in ("d.txt", "a/e.txt", "f.txt")} == {4}


def test_links_out_of_a_folder_are_refused(tmp_path, scratch):
    root = folder(tmp_path, **{"index.html": "page", "a/b.txt": "text"})
    (tmp_path / "secret").write_text("secret")
    (root / "out").symlink_to(tmp_path / "secret")
    (root / "dangling").symlink_to("nothing")
    (root / "loop").symlink_to("loop")
    (root / "folder").symlink_to("a")
    os.mkfifo(root / "pipe")
    assert problems(root, scratch) == [
        "'dangling' is a link to nothing",
        "'folder' is a link to a folder",
        "'loop' is a link to nothing",
        "'out' is a link that leads out of the bundle",
        "'pipe' is a device, a socket or a pipe",
    ]


@pytest.mark.parametrize(
    ("member", "text"),
    [
        (("/etc/passwd", b"x"), "'/etc/passwd': not a path within the bundle"),
        (("a/../../b", b"x"), "'a/../../b': not a path within the bundle"),
        ((".//a", b"x"), "'/a': not a path within the bundle"),
        (("a\\b", b"x"), "a backslash or a control character in the name"),
        (("a\nb", b"x"), "a backslash or a control character in the name"),
        (("\udcff", b"x"), "the name is not UTF-8"),
        (("a" * 1000, b"x"), "the name is longer than"),
        ((".git/config", b"x"), "not a part of a built site"),
        (("index.html", b"x"), "'index.html' is there twice"),
        (("Index.html", b"x"), "'Index.html' and 'index.html' differ in upper and lower case only"),
        (link("out", "../../etc/passwd"), "'out' is a link that leads out of the bundle, or to nothing"),
        (link("out", "/etc/passwd"), "'out' is a link that leads out of the bundle, or to nothing"),
        (link("loop", "loop"), "'loop' is a link that leads out of the bundle, or to nothing"),
        (special("disk", tarfile.BLKTYPE), "'disk' is a device or a pipe"),
        (special("pipe", tarfile.FIFOTYPE), "'pipe' is a device or a pipe"),
    ],
)
def test_members_that_lead_out_or_cannot_be_served_are_refused(tmp_path, scratch, member, text):
    place = tarball(tmp_path, ("index.html", b"page"), member)
    assert text in problems(place, scratch)[0]
    assert all(item.parent == scratch for item in scratch.iterdir()), "nothing is ever written elsewhere"


def test_folders_of_a_tarball_are_no_files(tmp_path, scratch):
    place = tarball(tmp_path, special("./", tarfile.DIRTYPE), special("a/", tarfile.DIRTYPE), ("a/index.html", b"x"))
    assert list(read_bundle(str(place), scratch, *LIMITS)) == ["a/index.html"]


def test_a_bundle_is_bounded_while_it_is_read(tmp_path, scratch):
    root = folder(tmp_path, **{"index.html": "x" * 600, "b.txt": "x" * 600})
    assert problems(root, scratch) == ["the bundle has more than 1000 bytes (max_bytes)"]
    assert problems(root, scratch, 10_000, 1) == ["the bundle has more than 1 files (max_files)"]
    bomb = tarball(tmp_path, ("zeros", bytes(50_000_000)))
    assert bomb.stat().st_size < 100_000
    assert problems(bomb, scratch) == ["the bundle's archive is larger than max_bytes and max_files allow"]
    assert problems(bomb, scratch, 2_000_000) == ["the bundle has more than 2000000 bytes (max_bytes)"]
    assert sum(item.stat().st_size for item in scratch.iterdir()) <= 2_000_000
    many = tarball(tmp_path, *((f"{number}", b"") for number in range(30)))
    assert problems(many, scratch) == ["the bundle has more than 20 files (max_files)"]
    folders = tarball(tmp_path, *(special(f"{number}/", tarfile.DIRTYPE) for number in range(2000)))
    assert problems(folders, scratch) == ["the bundle's archive is larger than max_bytes and max_files allow"]


@pytest.mark.parametrize(
    "content",
    [b"no tarball at all", gzip.compress(b"no tarball"), gzip.compress(bytes(5000))[:-20], b"\x1f\x8bbroken"],
    ids=["text", "compressed text", "cut short", "broken"],
)
def test_what_is_no_tarball_is_refused(tmp_path, scratch, content):
    place = tmp_path / "bundle.tar.gz"
    place.write_bytes(content)
    assert "is no folder and no tarball" in problems(place, scratch)[0]


def test_a_bundle_that_is_not_there_is_refused(tmp_path, scratch):
    assert problems(tmp_path / "nothing", scratch) == [f"the bundle {tmp_path}/nothing does not exist"]


def test_a_folder_that_goes_away_while_it_is_read_is_told(tmp_path, scratch, monkeypatch):
    root = folder(tmp_path, **{"index.html": "page"})
    monkeypatch.setattr(os, "scandir", lambda _path: (_ for _ in ()).throw(OSError("gone")))
    assert problems(root, scratch) == [f"the bundle {root} cannot be read: gone"]


def test_many_problems_are_told_in_a_few_words(tmp_path, scratch):
    place = tarball(tmp_path, *((f"../{number}", b"x") for number in range(9)))
    assert [len(problems(place, scratch)), problems(place, scratch)[-1]] == [6, "and 4 more like this"]


def test_a_document_must_name_only_what_is_there(tmp_path, scratch):
    hashed = "sha256-LCa0a2j/xo/5m0U8HTBBNBNCLXBkg7+g+YpeiGJm564="
    files = {
        "index.html": f'<script src="/foo.js" integrity="{hashed}"></script>',
        "foo.js": "foo",
        "about.html": '<img src="/gone.png">',
    }
    with pytest.raises(BundleError) as refused:
        read_release(str(folder(tmp_path, **files)), scratch, *LIMITS)
    assert refused.value.problems == ["about.html names /gone.png, which the bundle does not have"]
    changed = {**files, "about.html": "", "foo.js": "bar"}
    with pytest.raises(BundleError, match="and the bundle's file has another hash"):
        read_release(str(folder(tmp_path, **changed)), scratch, *LIMITS)
    whole = {**files, "about.html": '<img src="/foo.js">'}
    manifest, sources = read_release(str(folder(tmp_path, **whole)), scratch, *LIMITS)
    assert manifest.files.keys() == sources.keys() == whole.keys()
