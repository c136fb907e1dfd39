# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A canvas as one SVG file, which loads nothing, knows light and dark, and tells ids and digests to a pointer."""

from __future__ import annotations

from html import escape

from ansible_collections.slipway.ops.plugins.module_utils.diagram.icons import PATHS
from ansible_collections.slipway.ops.plugins.module_utils.diagram.shapes import (
    Canvas,
    Edge,
    Icon,
    Point,
    Rect,
    Text,
)
from ansible_collections.slipway.ops.plugins.module_utils.diagram.style import STYLE

# The radius of a corner by the kind of what has it.
_RADII = {"account": 14, "vpc": 12, "zone": 10, "card": 9, "band": 9, "port": 5}
_RADIUS = 6
BEND, HEAD_LENGTH, HEAD_WIDTH = 9.0, 9.0, 4.5


def render(canvas: Canvas) -> str:
    """The SVG document, ending with a newline; the same canvas makes the same bytes."""
    size = f'width="{number(canvas.width)}" height="{number(canvas.height)}"'
    view = f'viewBox="0 0 {number(canvas.width)} {number(canvas.height)}"'
    names = f'class="diagram" role="img" aria-label="{escape(canvas.label)}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {view} {names}>',
        f"<style>{STYLE}</style>",
        f'<rect class="page" {size} rx="12"/>',
        *(_rect(rect) for rect in canvas.rects if rect.kind != "port"),
        *(_edge(edge) for edge in canvas.edges),
        *(_rect(rect) for rect in canvas.rects if rect.kind == "port"),
        *(_icon(icon) for icon in canvas.icons),
        *(_text(text) for text in canvas.texts),
        "</svg>\n",
    ]
    return "\n".join(parts)


def number(value: float) -> str:
    """A number as short as it can be, to a hundredth."""
    return f"{round(value, 2):g}"


def _element(name: str, attributes: str, inside: str = "", title: str = "") -> str:
    told = f"<title>{escape(title)}</title>" if title else ""
    return f"<{name} {attributes}>{told}{inside}</{name}>" if told or inside else f"<{name} {attributes}/>"


def _rect(rect: Rect) -> str:
    at = " ".join(f'{name}="{number(getattr(rect, name))}"' for name in ("x", "y", "width", "height"))
    return _element("rect", f'class="{rect.kind}" {at} rx="{_RADII.get(rect.kind, _RADIUS)}"', title=rect.title)


def _text(text: Text) -> str:
    plate = ""
    if text.pill:
        box = text.box()
        at = " ".join(f'{name}="{number(getattr(box, name))}"' for name in ("x", "y", "width", "height"))
        plate = f'<rect class="pill edge-{text.tone}" {at} rx="{number(box.height / 2)}"/>'
    anchor = f' text-anchor="{text.anchor}"' if text.anchor != "start" else ""
    weight = ' font-weight="700"' if text.bold else ""
    at = f'x="{number(text.x)}" y="{number(text.y)}" font-size="{number(text.size)}"'
    return plate + _element("text", f'class="{text.tone}" {at}{anchor}{weight}', escape(text.value), text.title)


def _icon(icon: Icon) -> str:
    return _element(
        "path",
        f'class="icon {icon.tone}" transform="translate({number(icon.x)} {number(icon.y)})" d="{PATHS[icon.name]}"',
    )


def _edge(edge: Edge) -> str:
    points = list(edge.points)
    heads = ""
    if edge.heads:
        heads += _head(points[-2], points[-1])
        points[-1] = _towards(points[-1], points[-2], HEAD_LENGTH - 1)
    if edge.heads == "both":
        heads += _head(points[1], points[0])
        points[0] = _towards(points[0], points[1], HEAD_LENGTH - 1)
    dashed = " dashed" if edge.dashed else ""
    line = _element("path", f'class="edge edge-{edge.tone}{dashed}" d="{_path(points)}"', title=edge.title)
    return line + (_element("path", f'class="head edge-{edge.tone}" d="{heads}"') if heads else "")


def _path(points: list[Point]) -> str:
    """The line with round bends."""
    written = [f"M{_at(points[0])}"]
    for before, point, after in zip(points, points[1:], points[2:], strict=False):
        bend = min(BEND, _length(before, point) / 2, _length(point, after) / 2)
        written += [f"L{_at(_towards(point, before, bend))}", f"Q{_at(point)} {_at(_towards(point, after, bend))}"]
    return "".join([*written, f"L{_at(points[-1])}"])


def _head(before: Point, tip: Point) -> str:
    back = _towards(tip, before, HEAD_LENGTH)
    across = (0.0, HEAD_WIDTH) if before[1] == tip[1] else (HEAD_WIDTH, 0.0)
    left, right = ((back[0] + sign * across[0], back[1] + sign * across[1]) for sign in (1, -1))
    return f"M{_at(tip)}L{_at(left)}L{_at(right)}Z"


def _length(one: Point, other: Point) -> float:
    return abs(one[0] - other[0]) + abs(one[1] - other[1])


def _towards(start: Point, end: Point, distance: float) -> Point:
    """The point so far from START on the way to END."""
    share = distance / _length(start, end)
    return start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share


def _at(point: Point) -> str:
    return f"{number(point[0])} {number(point[1])}"
