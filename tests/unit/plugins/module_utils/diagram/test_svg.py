# SPDX-License-Identifier: GPL-3.0-or-later
"""The SVG: well-formed, self-contained, the same bytes each time, and nothing from outside becomes markup."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.diagram import page, svg
from ansible_collections.slipway.ops.plugins.module_utils.diagram.shapes import Canvas
from ansible_collections.slipway.ops.plugins.module_utils.diagram.widths import fit, measure

from tests.unit.plugins.module_utils.diagram import diagram_environments as made

NS = "{http://www.w3.org/2000/svg}"
EVIL = "<script>alert(1)</script>&\"'"


def both(**more):
    return page.files([made.environment("staging", 2, **more), made.environment("production", **more)])


def test_it_is_whole_and_loads_nothing():
    for name, content in both().items():
        assert not re.search(r"(href|src)=|url\(|@import", content), name
        if name.endswith(".svg"):
            root = ElementTree.fromstring(content)
            assert root.get("role") == "img"
            assert root.get("aria-label")
            assert "prefers-color-scheme:dark" in content


def test_the_same_environment_is_the_same_bytes():
    assert both() == both()


def test_digests_and_ids_are_told_to_a_pointer():
    root = ElementTree.fromstring(both()["backend-production.svg"])
    titles = "\n".join(title.text for title in root.iter(f"{NS}title"))
    assert made.digest("apiblue") in titles
    for known in ("vpc-0a1b2c3d4e5f60718", "subnet-public-2", "vpce-0123456789abcdef0", "pcx-0123456789abcdef0"):
        assert known in titles
    assert made.digest("apiblue") not in {text.text for text in root.iter(f"{NS}text")}


def test_names_from_outside_stay_text():
    service = made.service(EVIL, path_patterns=[EVIL], colors=[made.color("blue", 100, 1, image=EVIL)])
    given = both(services=[service], site=made.site(aliases=[EVIL]), problems=[{"part": EVIL, "message": EVIL}])
    for name, content in given.items():
        assert "<script" not in content, name
        if name.endswith(".svg"):
            ElementTree.fromstring(content)


@pytest.mark.parametrize(
    ("points", "heads", "path"),
    [
        ([(0, 0), (100, 0)], "", 'd="M0 0L100 0"'),
        ([(0, 0), (100, 0)], "end", 'd="M0 0L92 0"/><path class="head edge-line" d="M100 0L91 4.5L91 -4.5Z"'),
        ([(0, 0), (0, 50), (40, 50)], "", 'd="M0 0L0 41Q0 50 9 50L40 50"'),
        ([(0, 0), (0, 0), (0, 8), (40, 8)], "", 'd="M0 0L0 4Q0 8 4 8L40 8"'),
    ],
    ids=["straight", "head", "bend", "short bend"],
)
def test_lines_bend_and_have_heads(points, heads, path):
    canvas = Canvas("a line", 100, 100)
    canvas.edge(points, "net", heads=heads)
    assert path in svg.render(canvas)


def test_a_text_is_cut_to_its_room():
    assert fit("short", 200, 12) == "short"
    cut = fit("a name that is long", 60, 12)
    assert cut.endswith("…")
    assert measure(cut, 12) <= 60
    assert fit("long", 1, 12) == "…"
