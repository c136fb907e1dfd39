# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a drawing is made of: frames and cards, lines with right angles, texts that know their room, and small icons.

A layout puts these on a Canvas; nothing here knows what they mean. Units are SVG units, y grows downward, and a text's
y is its baseline.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ansible_collections.slipway.ops.plugins.module_utils.diagram.widths import fit, measure

Point = tuple[float, float]

# Font sizes: what a thing is called, what is said about it, and the head line.
NAME, BODY, HEAD = 14.0, 12.5, 20.0
# How far a line of text reaches above and below its baseline, as a share of its size.
ASCENT, DESCENT = 0.76, 0.22
LINE = 17.0
ICON = 20.0
# A weight on its arrow: the room around the text.
PILL_X, PILL_Y = 7.0, 4.0


@dataclass(frozen=True)
class Rect:
    """A frame, a card or a row; KIND is its class in the style sheet, TITLE what a pointer on it reads."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    title: str = ""

    @property
    def right(self) -> float:
        """The x of the right side."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """The y of the lower side."""
        return self.y + self.height

    @property
    def middle(self) -> float:
        """The y of the center."""
        return self.y + self.height / 2

    @property
    def center(self) -> float:
        """The x of the center."""
        return self.x + self.width / 2


@dataclass(frozen=True)
class Text:
    """One line; ANCHOR as in SVG. A pill is drawn on a plate of its own, centered on the line that it labels."""

    x: float
    y: float
    value: str
    size: float = BODY
    bold: bool = False
    tone: str = "ink"
    anchor: str = "start"
    title: str = ""
    pill: bool = False

    def box(self) -> Rect:
        """The room that it takes."""
        width = measure(self.value, self.size, self.bold)
        left = self.x - {"start": 0.0, "middle": width / 2, "end": width}[self.anchor]
        box = Rect(left, self.y - ASCENT * self.size, width, (ASCENT + DESCENT) * self.size, "text")
        if not self.pill:
            return box
        return Rect(box.x - PILL_X, box.y - PILL_Y, box.width + 2 * PILL_X, box.height + 2 * PILL_Y, "pill")


@dataclass(frozen=True)
class Edge:
    """A line of horizontal and vertical parts. HEADS is `end`, `both` or nothing; edges of one NET may touch."""

    points: tuple[Point, ...]
    net: str
    tone: str = "line"
    heads: str = ""
    dashed: bool = False
    title: str = ""


@dataclass(frozen=True)
class Icon:
    """A small picture of ICON by ICON units, by its upper left corner."""

    x: float
    y: float
    name: str
    tone: str = "dim"


@dataclass
class Canvas:
    """A drawing in the making; LABEL says in words what it shows."""

    label: str
    width: float = 960.0
    height: float = 0.0
    rects: list[Rect] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    icons: list[Icon] = field(default_factory=list)

    def rect(self, x: float, y: float, width: float, height: float, kind: str, title: str = "") -> Rect:
        """Add a frame, a card or a row, above all that were added before."""
        made = Rect(x, y, width, height, kind, title)
        self.rects.append(made)
        return made

    def text(
        self,
        x: float,
        y: float,
        value: str,
        room: float = 0.0,
        *,
        size: float = BODY,
        bold: bool = False,
        tone: str = "ink",
        anchor: str = "start",
        title: str = "",
    ) -> Text:
        """Add a line of text, cut to ROOM units if it is given; what was cut can be read as its title."""
        kept = fit(value, room, size, bold) if room else value
        made = Text(x, y, kept, size, bold, tone, anchor, title or (value if kept != value else ""))
        if kept:
            self.texts.append(made)
        return made

    def pill(self, x: float, y: float, value: str, tone: str) -> None:
        """Add a label that sits on its line, with its center at X and Y."""
        self.texts.append(Text(x, y + BODY * (ASCENT - DESCENT) / 2, value, BODY, True, tone, "middle", pill=True))

    def edge(
        self,
        points: Sequence[Point],
        net: str,
        tone: str = "line",
        heads: str = "",
        dashed: bool = False,
        title: str = "",
    ) -> None:
        """Add a line; points that repeat the one before are left out."""
        kept = [point for at, point in enumerate(points) if not at or point != points[at - 1]]
        if len(kept) < 2:
            return
        self.edges.append(Edge(tuple(kept), net, tone, heads, dashed, title))

    def icon(self, x: float, y: float, name: str, tone: str = "dim") -> None:
        """Add an icon."""
        self.icons.append(Icon(x, y, name, tone))

    def node(self, box: Rect, icon: str, name: str, lines: Sequence[Said]) -> Rect:
        """Add a card with an icon, a name, and below them what is said about it."""
        self.rects.append(box)
        self.icon(box.x + 11, box.y + 11, icon)
        self.text(box.x + 38, box.y + 26, name, box.width - 48, size=NAME, bold=True)
        for at, (value, tone) in enumerate(lines):
            self.text(box.x + 12, box.y + 48 + at * LINE, value, box.width - 22, tone=tone)
        return box

    def head(self, name: str, about: str, room: float = 600.0) -> None:
        """Add the head line and what is said below it."""
        self.text(12, 34, name, room, size=HEAD, bold=True)
        self.text(12, 55, about, room, tone="dim")

    def foot(self, lines: Sequence[str], y: float) -> None:
        """Add warnings below all else, and end the drawing there."""
        for at, line in enumerate(lines):
            self.text(12, y + 22 + at * LINE, line, self.width - 24, tone="bad")
        self.height = y + (22 + len(lines) * LINE if lines else 12)


# A line of text and its tone.
Said = tuple[str, str]


def node_height(lines: int) -> float:
    """How tall a card with so many lines below its name is."""
    return 42.0 + (lines * LINE + 4 if lines else 0)
