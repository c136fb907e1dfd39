# SPDX-License-Identifier: GPL-3.0-or-later
"""The drawings in a real browser: texts are as wide as the layout took them to be, and none covers another."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.diagram import page as drawings
from ansible_collections.slipway.ops.plugins.module_utils.diagram.widths import measure

from tests.unit.plugins.module_utils.diagram.test_layouts import environment

# Each text as the browser has it: what it says, its size, whether it is bold, how wide it became, and where it is.
TEXTS = """[...document.querySelectorAll('svg text')].map((e) => {
  const box = e.getBoundingClientRect();
  const svg = e.ownerSVGElement;
  return {value: e.textContent.slice(e.querySelector('title')?.textContent.length ?? 0),
    size: Number(e.getAttribute('font-size')), bold: e.getAttribute('font-weight') === '700',
    width: e.getComputedTextLength(), picture: [...document.querySelectorAll('svg')].indexOf(svg),
    left: box.left, right: box.right, top: box.top, bottom: box.bottom};
})"""
COVERED = """((texts) => texts.flatMap((a, at) => texts.slice(at + 1).filter((b) =>
  a.picture === b.picture && a.left < b.right && b.left < a.right
  && a.top + 2 < b.bottom - 2 && b.top + 2 < a.bottom - 2)
  .map((b) => [a.value, b.value])))"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_texts_take_the_room_they_were_given(chromium, tmp_path, dark):
    given = [environment(3, 6, full=True), environment(2, 3, full=False, name="staging")]
    path = tmp_path / "index.html"
    path.write_text(drawings.files(given)[drawings.INDEX], encoding="utf-8")
    page = chromium.page(dark=dark, width=1280, height=900).open(path.as_uri())
    assert page.problems == []
    assert [url for url in page.requests if not url.startswith("file:")] == []
    assert page.run("getComputedStyle(document.querySelector('.page')).fill") == (
        "rgb(20, 24, 31)" if dark else "rgb(255, 255, 255)"
    )
    texts = page.run(TEXTS)
    assert len(texts) > 200
    if abs(texts[0]["width"] / measure(texts[0]["value"], texts[0]["size"], texts[0]["bold"]) - 1) > 0.04:
        pytest.skip("no font here that is as wide as Arial")
    assert [text for text in texts if text["width"] > measure(text["value"], text["size"], text["bold"])] == []
    assert page.run(f"{COVERED}({TEXTS})") == []
