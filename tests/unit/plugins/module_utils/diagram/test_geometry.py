# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks of the layouts find what they are there to find."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.diagram.shapes import Canvas, Rect

from tests.unit.plugins.module_utils.diagram.geometry import faults


def spoiled_by(spoil):
    canvas = Canvas("a drawing", 400, 400)
    canvas.node(Rect(20, 20, 120, 60, "card"), "bucket", "Store", [("a line", "dim")])
    canvas.edge([(140, 50), (300, 50)], "first", heads="end")
    canvas.pill(220, 50, "5 %", "ink")
    assert faults(canvas) == {}
    spoil(canvas)
    return set(faults(canvas))


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (lambda canvas: canvas.edge([(180, 10), (180, 90)], "other"), {"crossings"}),
        (lambda canvas: canvas.edge([(180, 10), (180, 90)], "first"), {"crossings"}),
        (lambda canvas: canvas.edge([(180, 10), (180, 50)], "first"), set()),
        (lambda canvas: canvas.edge([(180, 10), (180, 50)], "other"), {"crossings"}),
        (lambda canvas: canvas.edge([(260, 50), (320, 50)], "other"), {"crossings"}),
        (lambda canvas: canvas.edge([(200, 100), (300, 200)], "other"), {"oblique"}),
        (lambda canvas: canvas.edge([(60, 10), (60, 90)], "other"), {"struck_cards", "struck_texts"}),
        (lambda canvas: canvas.edge([(220, 20), (220, 44)], "other"), {"struck_texts"}),
        (lambda canvas: canvas.text(150, 53, "below the line"), {"struck_texts", "colliding_texts"}),
        (lambda canvas: canvas.text(60, 70, "another"), {"colliding_texts"}),
        (lambda canvas: canvas.text(110, 75, "too long for it"), {"torn_texts"}),
        (lambda canvas: canvas.text(350, 300, "out of the drawing"), {"torn_texts"}),
        (lambda canvas: canvas.rect(100, 70, 80, 80, "card"), {"colliding_cards"}),
        (lambda canvas: (canvas.rect(10, 90, 300, 200, "vpc"), canvas.rect(300, 100, 50, 50, "zone")), {"escaped"}),
    ],
    ids=[
        "cross",
        "cross in a net",
        "meet in a net",
        "meet",
        "lie on one another",
        "oblique",
        "through a card",
        "through a weight",
        "text on a line",
        "text on text",
        "text too long",
        "text outside",
        "cards",
        "frames",
    ],
)
def test_a_fault_is_found(spoil, found):
    assert spoiled_by(spoil) == found
