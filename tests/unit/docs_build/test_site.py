# SPDX-License-Identifier: GPL-3.0-or-later
"""What the site is made of: links, markup, tables, navigation, and nothing from elsewhere."""

from __future__ import annotations

import pytest

from docs_build import navigation, reference
from docs_build.__main__ import fetched
from docs_build.links import rewritten
from docs_build.markup import cell, markdown
from docs_build.options import options_table, returned_table
from docs_build.pages import ROOT

GITHUB = "https://github.com/slipway/ops"
LINKS = {
    "a-page": ("docs/atlas.md", "atlas.md", "[a](chaos.md#scenarios)", "[a](chaos.md#scenarios)"),
    "from-below": ("docs/tasks/deploy.md", "tasks/deploy.md", "[a](../atlas.md)", "[a](../atlas.md)"),
    "a-role": ("docs/atlas.md", "atlas.md", "[a](../roles/vpc/README.md)", "[a](reference/roles/vpc.md)"),
    "a-module": ("README.md", "index.md", "[a](plugins/modules/web_acl.py)", "[a](reference/modules/web_acl.md)"),
    "the-readme": ("docs/tasks/deploy.md", "tasks/deploy.md", "[a](../../README.md#use)", "[a](../index.md#use)"),
    "a-page-from-a-role": (
        "roles/alb/README.md",
        "reference/roles/alb.md",
        "[](../../docs/atlas.md)",
        "[](../../atlas.md)",
    ),
    "a-file": ("README.md", "index.md", "[a](galaxy.yml)", f"[a]({GITHUB}/blob/main/galaxy.yml)"),
    "a-folder": ("README.md", "index.md", "[a](playbooks)", f"[a]({GITHUB}/tree/main/playbooks)"),
    "elsewhere": (
        "README.md",
        "index.md",
        "[a](https://example.com/x) [b](#here)",
        "[a](https://example.com/x) [b](#here)",
    ),
    "code": ("README.md", "index.md", "`[a](b)`\n```text\n[a](b)\n```", "`[a](b)`\n```text\n[a](b)\n```"),
}


@pytest.mark.parametrize(("file", "page", "text", "wanted"), LINKS.values(), ids=LINKS)
def test_links_lead_where_they_led(file, page, text, wanted):
    assert rewritten(text, file, page, ROOT) == (wanted, [])


def test_a_link_to_nothing_is_told():
    assert rewritten("[a](nosuch.md#x)", "docs/atlas.md", "atlas.md", ROOT)[1] == ["nosuch.md#x"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (r"O(a=b\)) of C(x) and V(y), RV(z)", "`a=b)` of `x` and `y`, `z`"),
        ("I(a) B(b) E(HOME) U(https://x)", "*a* **b** `HOME` <https://x>"),
        (
            "L(the page,https://x) M(slipway.ops.web_acl) M(amazon.aws.ec2)",
            "[the page](https://x) [`slipway.ops.web_acl`](web_acl.md) `amazon.aws.ec2`",
        ),
        ("AROUND(x) R(here,there) HORIZONTALLINE", "AROUND(x) here \n\n---\n\n"),
    ],
    ids=["code", "letters", "links", "others"],
)
def test_markup_becomes_markdown(text, wanted):
    assert markdown(text) == wanted


def test_a_cell_stays_one():
    assert cell(["a|b", "c\nd"]) == "a\\|b c d"


def test_tables_go_to_the_last_key():
    options = {
        "b": {"type": "list", "elements": "dict", "options": {"c": {"default": 1, "type": "int", "description": "C."}}},
        "a": {"required": True, "choices": ["x", "y"], "description": "A."},
    }
    assert options_table(options).splitlines()[2:] == [
        "| `a` | str | **required** | A. One of `x`, `y`. |",
        "| `b` | list of dict |  |  |",
        "| `b[].c` | int | `1` | C. |",
    ]
    returned = {"a": {"type": "dict", "returned": "always", "contains": {"b": {"type": "str", "description": "B."}}}}
    assert returned_table(returned).splitlines()[2:] == ["| `a` | dict | always |  |", "| `a.b` | str |  | B. |"]


def test_a_role_says_what_each_entry_point_takes():
    page = reference.role_page(ROOT, "s3_endpoint")
    assert "| `validate` |" in page
    assert "**`s3_endpoint_" in page


def test_every_page_is_in_the_navigation(tmp_path):
    for name in ("docs/a.md", "docs/sub/b.md", "docs/new.md", "roles/vpc/README.md", "plugins/modules/m.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    nav = [{"S": ["a.md", {"B": "sub/b.md"}]}, {"R": ["reference/roles/index.md"]}, {"More": []}]
    assert navigation.complete(nav, tmp_path) == [
        {"S": ["a.md", {"B": "sub/b.md"}]},
        {"R": ["reference/roles/index.md", {"vpc": "reference/roles/vpc.md"}]},
        {"More": ["new.md"]},
    ]


@pytest.mark.parametrize(
    ("html", "urls"),
    [
        ('<script src="https://x/a.js"></script><img src=https://x/b.png>', ["https://x/a.js", "https://x/b.png"]),
        ('<link rel="stylesheet" href="https://x/a.css">', ["https://x/a.css"]),
        ('<a href="https://x">x</a><script src="a.js"></script><link rel="next" href="https://x/b">', []),
    ],
    ids=["sources", "style", "none"],
)
def test_what_a_browser_would_fetch_is_found(tmp_path, html, urls):
    (tmp_path / "a.html").write_text(html)
    assert fetched(tmp_path / "a.html") == urls
