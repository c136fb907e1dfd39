# SPDX-License-Identifier: GPL-3.0-or-later
"""What comes from outside is taken apart or refused in one line, whatever it is.

Hypothesis makes the texts: templates, shell, escapes of terminals, traversals, NUL and halves of surrogates among them.
"""

from __future__ import annotations

import io
import json
import tarfile
import unicodedata

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.image_plan import image_complaint, reference
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.smoke_plan import printable, shown_url
from ansible_collections.slipway.ops.plugins.module_utils.plain_vars_plan import plain_problems
from ansible_collections.slipway.ops.plugins.module_utils.promotion.decision_plan import (
    break_glass_problem,
    break_glass_text,
)
from ansible_collections.slipway.ops.plugins.module_utils.release_record_plan import record_from
from ansible_collections.slipway.ops.plugins.module_utils.site.bundle import BundleError, read_bundle
from ansible_collections.slipway.ops.plugins.module_utils.site.model_plan import UnreadableError, manifest_from
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

REPOSITORY = "111111111111.dkr.ecr.us-east-1.amazonaws.com/api"
NASTY = (
    "{{ lookup('pipe', 'id') }}",
    "{% raw %}",
    "!unsafe x",
    "$(id)",
    "`id`",
    "; rm -rf /",
    "../../etc/passwd",
    "/etc/passwd",
    "a\x00b",
    "\x1b[2J\x1b]0;title\x07",
    "::set-output name=x::y",
    "\r\n::error::",
    "\u202egnp.exe",
    "\udc80",
    "\u2028",
    "%2e%2e/",
    "x" * 5000,
    "sha256:" + "0" * 64 + "\n",
)
TEXT = st.one_of(
    st.sampled_from(NASTY),
    st.text(st.characters(exclude_categories=()), max_size=80),
    st.lists(st.sampled_from((*NASTY, "a", "/", ":", "@", "sha256:", ".", REPOSITORY)), max_size=5).map("".join),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
quickly = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def is_one_line(text):
    return len(text.splitlines()) <= 1 and text.isprintable()


@quickly
@given(TEXT)
@example(f"{REPOSITORY}:tag")
def test_an_image_is_understood_or_refused_in_one_line(text):
    for name in (text, f"{REPOSITORY}:{text}", f"{REPOSITORY}@{text}"):
        complaint = image_complaint(name)
        if complaint is not None:
            assert is_one_line(complaint)
            assert len(complaint) < 2_600  # 200 characters of the reference, each escaped at worst
            with pytest.raises(ValueError, match="image"):
                reference(name)
            continue
        found = reference(name)
        assert not plain_problems({"image": name}, ["image"])
        assert name.startswith(found.uri)


@quickly
@given(JSON)
def test_what_passes_is_plain(value):
    problems = plain_problems({"image": value}, ["image"])
    if problems:
        assert all(is_one_line(problem) for problem in problems)
        assert not isinstance(value, str) or len(value) < 4 or value not in problems[0]
    else:
        assert isinstance(value, bool) or not set(value) & set("{}%$`'\"\\;|&<>()!*?#\n\r\t \x00\x1b")


@quickly
@given(TEXT, st.integers(1, 300))
def test_an_answer_is_shown_harmlessly(text, most):
    shown = printable(text, most)
    assert is_one_line(shown)
    assert len(shown) <= most + 3
    assert not any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in shown)


@quickly
@given(TEXT)
def test_a_value_beside_a_secrets_name_is_never_shown(text):
    secret = "canary0123456789"
    assert secret not in printable(f"{text} password={secret}", 10_000)
    assert secret not in printable(f'{text} {{"api_key": "{secret}"}}', 10_000)
    assert secret not in shown_url(f"https://user:{secret}@example.com/?token={secret}")


@pytest.mark.parametrize("piece", ["x", "token", "eyJ-", "eyJ", "bearer ", "sk-", "password ", "'", "a.b-"])
def test_a_long_answer_is_soon_shown(piece):
    """A pattern that is tried anew at each character would take hours for these, and the test would never end."""
    assert len(printable(piece * (200_000 // len(piece)), 200)) <= 203


@quickly
@given(JSON)
def test_a_reason_is_one_line_or_refused(value):
    assert is_one_line(break_glass_text(value))
    assert is_one_line(break_glass_problem(value))


@quickly
@given(JSON, TEXT)
def test_a_record_is_understood_or_refused(document, text):
    for item in ({}, {"record": {"S": text}}, {"record": {"S": json.dumps(document)}}, {"record": document}):
        try:
            found = record_from(item)
        except ValueError:
            continue
        assert isinstance(found["id"], str)


@quickly
@given(JSON, TEXT)
def test_what_is_no_manifest_is_refused(document, text):
    names = {"release": "0" * 64, "files": document}
    for content in (text.encode(errors="surrogatepass"), json.dumps(document).encode(), json.dumps(names).encode()):
        with pytest.raises(UnreadableError) as refused:
            manifest_from(content, "0" * 64)
        assert is_one_line(str(refused.value))


@settings(quickly, max_examples=60)
@given(st.lists(st.tuples(TEXT, st.sampled_from(["file", "link", "hard link", "device"]), TEXT), max_size=3))
@example([("../out", "file", "")])
@example([("a", "link", "../../etc/passwd")])
def test_a_name_in_a_bundle_stays_in_its_place(tmp_path_factory, members):
    folder = tmp_path_factory.mktemp("bundle")
    scratch = folder / "scratch"
    scratch.mkdir()
    bundle = folder / "bundle.tar"
    kinds = {"file": tarfile.REGTYPE, "link": tarfile.SYMTYPE, "hard link": tarfile.LNKTYPE, "device": tarfile.CHRTYPE}
    with tarfile.open(bundle, "w", encoding="utf-8", errors="surrogatepass") as archive:
        for name, kind, target in members:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kinds[kind], target
            archive.addfile(member, io.BytesIO())
    before = {path for path in folder.rglob("*") if scratch not in path.parents}
    found, problems = {}, []
    try:
        found = read_bundle(str(bundle), scratch, 10_000, 10)
    except BundleError as error:
        problems = error.problems
    assert all(is_one_line(problem) for problem in problems)
    assert all(not path.startswith("/") and ".." not in path.split("/") for path in found)
    assert all(source.place.parent == scratch for source in found.values())
    assert {path for path in folder.rglob("*") if scratch not in path.parents} == before
