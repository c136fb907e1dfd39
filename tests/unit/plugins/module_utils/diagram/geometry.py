# SPDX-License-Identifier: GPL-3.0-or-later
"""What must not happen in a drawing, as lists of where it does: lines that cross, texts that meet something."""

from __future__ import annotations

from itertools import combinations, pairwise

from ansible_collections.slipway.ops.plugins.module_utils.diagram.shapes import Rect

OPAQUE = ("card", "band", "row-blue", "row-green", "row-plain", "row-idle")
FRAMES = ("account", "vpc")


def segments(canvas):
    """Each straight part of each edge, with its edge."""
    return [(edge, *sorted(ends)) for edge in canvas.edges for ends in pairwise(edge.points)]


def meets(box, start, end, slack=0.0):
    """Whether a part of the line from START to END lies within BOX."""
    return (
        start[0] < box.right - slack
        and end[0] > box.x + slack
        and start[1] < box.bottom - slack
        and end[1] > box.y + slack
    )


def oblique(canvas):
    return [points for _, *points in segments(canvas) if points[0][0] != points[1][0] and points[0][1] != points[1][1]]


def crossings(canvas):
    """Pairs of edges that cross; edges of one net may begin and end on one another."""
    found = []
    for (one, *a), (other, *b) in combinations(segments(canvas), 2):
        if one is other:
            continue
        same = one.net == other.net
        flat = [each for each in (a, b) if each[0][1] == each[1][1]]
        tall = [each for each in (a, b) if each[0][1] != each[1][1]]
        if len(flat) != 1:
            if not same and meets(_around(a), *b):
                found.append((one, other))
            continue
        (left, y), (right, _) = flat[0]
        (x, top), (_, bottom) = tall[0]
        inside = left < x < right and top < y < bottom
        if inside or (not same and left <= x <= right and top <= y <= bottom):
            found.append((one, other))
    return found


def _around(part):
    (left, top), (right, bottom) = part
    return Rect(left - 1, top - 1, right - left + 2, bottom - top + 2, "")


def _overlap(a, b):
    return a.x < b.right and b.x < a.right and a.y < b.bottom and b.y < a.bottom


def _inside(a, b):
    return a.x >= b.x and a.right <= b.right and a.y >= b.y and a.bottom <= b.bottom


def colliding_texts(canvas):
    boxes = [(text.value, text.box()) for text in canvas.texts]
    return [(one, other) for (one, a), (other, b) in combinations(boxes, 2) if _overlap(a, b)]


def struck_texts(canvas):
    """Texts that a line runs through; a weight sits on its own branch, and only there."""
    found = []
    for text in canvas.texts:
        box = text.box()
        through = [edge for edge, *ends in segments(canvas) if meets(box, *ends)]
        if len(through) != int(text.pill):
            found.append((text.value, len(through)))
    return found


def torn_texts(canvas):
    """Texts that stand on the border of a card or a frame, or leave the drawing."""
    found = []
    for text in canvas.texts:
        box = text.box()
        if box.x < 0 or box.y < 0 or box.right > canvas.width or box.bottom > canvas.height:
            found.append((text.value, "drawing"))
        rects = [rect for rect in canvas.rects if rect.kind in OPAQUE + FRAMES]
        found += [(text.value, rect.kind) for rect in rects if _overlap(box, rect) and not _inside(box, rect)]
    return found


def struck_cards(canvas):
    """Cards that a line runs through. To a row it goes through the border of the band around it."""
    solid = [rect for rect in canvas.rects if rect.kind in OPAQUE and rect.kind != "band"]
    return [(rect, edge) for edge, *ends in segments(canvas) for rect in solid if meets(rect, *ends)]


def colliding_cards(canvas):
    solid = [rect for rect in canvas.rects if rect.kind in OPAQUE]
    return [(a, b) for a, b in combinations(solid, 2) if _overlap(a, b) and not _inside(b, a)]


def escaped(canvas):
    """Frames that are not within the one around them."""
    order = ("account", "vpc", "zone", ("subnet-public", "subnet-private"))
    levels = [[rect for rect in canvas.rects if rect.kind in kinds] for kinds in order]
    return [
        inner
        for outer_level, inner_level in pairwise(levels)
        for inner in inner_level
        if outer_level and not any(_inside(inner, outer) for outer in outer_level)
    ]


CHECKS = (
    oblique,
    crossings,
    colliding_texts,
    struck_texts,
    torn_texts,
    struck_cards,
    colliding_cards,
    escaped,
)


def faults(canvas):
    """All that is wrong, by the name of the check."""
    return {check.__name__: found for check in CHECKS if (found := check(canvas))}
