# SPDX-License-Identifier: GPL-3.0-or-later
"""Every text can be read on whatever it may stand on, in light and in dark (WCAG 2.2, 1.4.3: a contrast of 4.5)."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.diagram.style import _COLORS

GROUNDS = (".page", ".vpc", ".card,.band", ".row-plain")
# Tone -> what it stands on besides: subnets have names, a color's row is that color's.
ALSO = {
    ".ink": (".subnet-public", ".subnet-private", ".row-blue", ".row-green"),
    ".dim": (".subnet-public", ".subnet-private", ".row-blue", ".row-green"),
    ".faint": (".pill",),
    ".blue": (".row-blue", ".pill"),
    ".green": (".row-green", ".pill"),
    ".good": (".row-blue", ".row-green"),
    ".bad": (".row-blue", ".row-green"),
}


def light(color):
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("column", [2, 3], ids=["light", "dark"])
def test_texts_can_be_read(column):
    colors = {(row[0], row[1]): light(row[column]) for row in _COLORS}
    faint = []
    for tone, also in ALSO.items():
        for ground in (*GROUNDS, *also):
            one, other = sorted((colors[tone, "color"], colors[ground, "fill"]))
            if (other + 0.05) / (one + 0.05) < 4.5:
                faint.append((tone, ground, round((other + 0.05) / (one + 0.05), 2)))
    assert faint == []
