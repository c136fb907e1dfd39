# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The timeline of a swap as one SVG: small charts one below the other over one time axis, and the stages across them.

Colors come from the page's style sheet by class (`blue`, `green`, `ink`, `bad`, ...), so that the same SVG fits a light
and a dark page. Times are Unix seconds; a chart whose data is missing is left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import Any

Row = Mapping[str, Any]
Rows = Sequence[Row]

WIDTH, LEFT, RIGHT = 960.0, 46.0, 104.0
# The mean width of a character in the label font (12 px sans), a little on the wide side.
CHARACTER = 6.4
LABEL_ROW, TITLE_ROW, GAP = 18.0, 20.0, 20.0
COLORS = ("blue", "green")
RATES = "Requests answered per second, by the color that answered"
# The stage that moves the traffic.
SHIFT = "shift"


@dataclass(frozen=True)
class Axis:
    """The time axis: START to END in Unix seconds; ZERO is where the deployment began."""

    start: float
    end: float
    zero: float

    def x(self, moment: float) -> float:
        """Where a moment is, in SVG units; moments outside are moved to the nearer end."""
        share = (moment - self.start) / (self.end - self.start)
        return LEFT + min(1.0, max(0.0, share)) * (WIDTH - LEFT - RIGHT)


@dataclass(frozen=True)
class Panel:
    """The place of one small chart, below its title, and its scale from 0 to TOP."""

    y: float
    height: float
    top: float

    @property
    def bottom(self) -> float:
        """Where 0 is."""
        return self.y + self.height

    def at(self, value: float) -> float:
        """The height of a value, in SVG units."""
        return self.bottom - self.height * min(1.0, value / self.top)


def element(name: str, text: str | None = None, **attributes: object) -> str:
    """One SVG element; underscores in attribute names become dashes, and `class_` is `class`."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{number(value) if isinstance(value, float) else escape(str(value))}"'
        for key, value in attributes.items()
    )
    return f"<{name}{written}/>" if text is None else f"<{name}{written}>{escape(text)}</{name}>"


def number(value: float) -> str:
    """A number with at most one decimal."""
    return f"{value:.1f}".removesuffix(".0")


def duration(seconds: float) -> str:
    """Seconds for a reader: 40 ms, 0.4 s, 12 s, 2 min 05 s."""
    if seconds < 0.0995:
        return f"{round(seconds * 1000)} ms"
    if seconds < 9.95:
        return f"{number(seconds)} s"
    whole = round(seconds)
    return f"{whole} s" if whole < 120 else f"{whole // 60} min {whole % 60:02d} s"


def timeline(
    steps: Rows, samples: Rows, seconds: Rows, weights: Rows, rates: str = RATES, names: Mapping[str, str] | None = None
) -> str:
    """The SVG. STEPS: {name, status, started, seconds, watch: whether time passes on purpose}; SAMPLES: {t, healthy:
    {color: n}}; SECONDS, each about the second that ends at t: {t, colors: {color: n}, errors: {kind: n}, p50_ms,
    p99_ms}; WEIGHTS, each from t on: {t, weights: {color: n}}. RATES is the title of the chart of answers, NAMES what
    is written into it for a color."""
    axis = _axis(steps, samples, seconds)
    labels, head = _stage_labels(axis, steps)
    y = head + GAP / 2
    charts: list[str] = []
    plots: list[tuple[Callable[[Axis, float, Rows], tuple[list[str], float]], Rows]] = [
        (_weights, weights),
        (_healthy, samples),
        (partial(_rates, rates, names or {}), seconds),
        (_failed, seconds),
        (_latency, seconds),
    ]
    for draw, data in plots:
        if data:
            parts, bottom = draw(axis, y, data)
            charts += parts
            y = bottom + GAP
    y = max(y, head + 24 + GAP)
    parts = [*_bands(axis, steps, head, y - GAP), *labels, *charts, *_ticks(axis, y - GAP)]
    parts += _tips(axis, seconds, head, y - GAP)
    described = "Timeline of the deployment: stages, weights, healthy targets, requests, failures and latency"
    body = "\n".join(parts)
    return f'<svg viewBox="0 0 {number(WIDTH)} {number(y + 14)}" role="img" aria-label="{described}">\n{body}\n</svg>'


def _axis(steps: Rows, samples: Rows, seconds: Rows) -> Axis:
    begins = [float(step["started"]) for step in steps]
    ends = [float(step["started"]) + float(step["seconds"]) for step in steps]
    moments = [float(item["t"]) for item in (*samples, *seconds)]
    start, end = min([*begins, *moments], default=0.0), max([*ends, *moments], default=1.0)
    return Axis(start=start, end=max(end, start + 1.0), zero=min(begins, default=start))


def _lasting(axis: Axis, steps: Rows) -> list[Row]:
    """The stages long enough to be seen, and the shifts and what failed, however short; the table has them all."""
    least = (axis.end - axis.start) / 120

    def seen(step: Row) -> bool:
        return float(step["seconds"]) >= least or str(step["name"]).startswith(SHIFT) or step.get("status") == "failed"

    return [step for step in steps if seen(step)]


def _stage_labels(axis: Axis, steps: Rows) -> tuple[list[str], float]:
    """The stages' names above the charts, in as many rows as keep them apart, and where the charts may begin.

    Placed from the last to the first: a label must end before every label and leader line that is already in its row,
    and a leader line crosses all rows below its own.
    """
    placed: list[tuple[int, float, float, str, str]] = []
    for step in reversed(_lasting(axis, steps)):
        name, took = str(step["name"]).replace("_", " "), duration(float(step["seconds"]))
        line = axis.x(float(step["started"]))
        width = (len(name) + len(took) + 2) * CHARACTER
        left = min(line, WIDTH - width)
        row = 0
        while any(other[0] >= row and left + width > other[1] for other in placed):
            row += 1
        placed.append((row, left, line, name, took))
    head = (max((label[0] for label in placed), default=-1) + 1) * LABEL_ROW + 6
    parts = []
    for row, left, line, name, took in placed:
        y = head - 6 - row * LABEL_ROW
        # Where the label had to move left, to stay on the page, the line begins below it.
        parts.append(element("line", x1=line, x2=line, y1=y + 3 if left < line else y - 11, y2=head, class_="leader"))
        shown = f'{escape(name)} <tspan class="dim">{escape(took)}</tspan>'
        parts.append(f'<text x="{number(left + 4)}" y="{number(y)}" class="stage">{shown}</text>')
    return parts, head


def _bands(axis: Axis, steps: Rows, top: float, bottom: float) -> list[str]:
    """The stages as alternating bands behind all charts; one that went wrong is tinted."""
    ends = [float(step["started"]) + float(step["seconds"]) for step in steps]
    borders = [axis.x(axis.zero), *([axis.x(max(ends))] if ends else [])]
    parts = [element("line", x1=x, x2=x, y1=top, y2=bottom, class_="leader") for x in borders]
    for index, step in enumerate(_lasting(axis, steps)):
        begin, end = axis.x(float(step["started"])), axis.x(float(step["started"]) + float(step["seconds"]))
        kind = "band-watch" if step.get("watch") else f"band{index % 2}"
        kind = "band-bad" if step.get("status") in ("failed", "blocked") else kind
        parts.append(element("rect", x=begin, y=top, width=max(1.0, end - begin), height=bottom - top, class_=kind))
        parts.append(element("line", x1=begin, x2=begin, y1=top, y2=bottom, class_="leader"))
    return parts


def _ticks(axis: Axis, bottom: float) -> list[str]:
    """The time axis: seconds since the deployment began, at round distances."""
    span = axis.end - axis.start
    step = next((size for size in (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 3600) if span / size <= 12), 7200)
    parts = []
    for index in range(math.ceil((axis.start - axis.zero) / step), math.floor((axis.end - axis.zero) / step) + 1):
        x = axis.x(axis.zero + index * step)
        parts.append(element("line", x1=x, x2=x, y1=bottom, y2=bottom + 4, class_="rule"))
        unit = " s" if index == 0 else ""
        parts.append(element("text", f"{index * step}{unit}", x=x, y=bottom + 17, class_="tick", text_anchor="middle"))
    return parts


def _frame(panel: Panel, title: str, unit: str = "") -> list[str]:
    """Title, base line, and a line with its value at the top of the scale."""
    parts = [element("text", title, x=LEFT, y=panel.y - 8, class_="title")]
    for value, kind in ((0.0, "rule"), (panel.top, "grid")):
        y = panel.at(value)
        parts.append(element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y, class_=kind))
        parts.append(element("text", f"{number(value)}{unit}", x=LEFT - 6, y=y + 4, class_="tick", text_anchor="end"))
    return parts


def _end_labels(panel: Panel, labels: Sequence[tuple[float, str, str]]) -> list[str]:
    """Names right of the lines' ends: (value, text, class), pushed apart where they would touch."""
    parts = []
    floor = panel.y - LABEL_ROW
    for value, text, kind in sorted(labels, key=lambda label: -label[0]):
        y = max(panel.at(value) + 4, floor + 14)
        floor = y
        parts.append(element("text", text, x=WIDTH - RIGHT + 8, y=y, class_=f"label text-{kind}"))
    return parts


def _stairs(axis: Axis, panel: Panel, points: Sequence[tuple[float, float]], kind: str) -> str:
    """A line that keeps each value until the next one. Blue lies half a line higher: equal values show both."""
    path = []
    shift = -0.9 if kind == "blue" else 0.9
    for index, (moment, value) in enumerate(points):
        x, y = number(axis.x(moment)), number(panel.at(value) + shift)
        path.append(f"M{x} {y}" if index == 0 else f"H{x}V{y}")
    return element("path", d="".join(path), class_=f"line {kind}")


def _weights(axis: Axis, y: float, weights: Rows) -> tuple[list[str], float]:
    """The colors' shares as areas on top of each other, which together are all the traffic."""
    panel = Panel(y + TITLE_ROW, 72.0, 100.0)
    parts = _frame(panel, "Weight in the listener rule, share of traffic", " %")
    shares = [_shares(row["weights"]) for row in weights]
    moments = [axis.x(float(row["t"])) for row in weights]
    below = [0.0] * len(shares)
    ends = []
    for color in COLORS:
        above = [low + share[color] for low, share in zip(below, shares, strict=True)]
        if above != below:
            parts.append(element("path", d=_plateaus(panel, moments, below, above), class_=f"area {color}"))
            last = shares[-1][color]
            middle = (below[-1] + above[-1]) / 2 if last else (100.0 if color == COLORS[-1] else 0.0)
            ends.append((middle, f"{color} {number(last)} %", color))
        below = above
    return [*parts, *_splits(panel, moments, shares), *_end_labels(panel, ends)], panel.bottom


def _shares(weights: Mapping[str, int]) -> dict[str, float]:
    """Percent of the traffic by color; a rule without any weight sends none."""
    total = sum(weights.values())
    return {color: 100.0 * weights.get(color, 0) / total if total else 0.0 for color in COLORS}


def _plateaus(panel: Panel, moments: Sequence[float], below: Sequence[float], above: Sequence[float]) -> str:
    """The closed path between two stairs, each of whose values lasts until the next one's moment."""
    spans = list(zip(moments, [*moments[1:], *moments[-1:]], strict=True))
    over = [f"L{number(a)} {number(panel.at(v))}H{number(b)}" for (a, b), v in zip(spans, above, strict=True)]
    under = [f"L{number(b)} {number(panel.at(v))}H{number(a)}" for (a, b), v in zip(spans, below, strict=True)]
    return f"M{over[0][1:]}{''.join(over[1:])}{''.join(reversed(under))}Z"


def _splits(panel: Panel, moments: Sequence[float], shares: Sequence[Mapping[str, float]]) -> list[str]:
    """The smaller share of each split between the colors, written into the larger one where there is room."""
    parts, begin = [], 0
    for index in range(1, len(shares) + 1):
        if index < len(shares) and shares[index] == shares[begin]:
            continue
        share, left, right = shares[begin], moments[begin], moments[min(index, len(shares) - 1)]
        small = min(share, key=lambda color: share[color])
        text = f"{small} {number(share[small])} %"
        if share[small] and right - left >= len(text) * CHARACTER + 6:
            border = panel.at(share[COLORS[0]])
            y = border + 15 if share[COLORS[0]] >= 50 else border - 6
            parts.append(element("text", text, x=(left + right) / 2, y=y, class_="label inside", text_anchor="middle"))
        begin = index
    return parts


def _healthy(axis: Axis, y: float, samples: Rows) -> tuple[list[str], float]:
    top = max((count for sample in samples for count in sample["healthy"].values()), default=1)
    panel = Panel(y + TITLE_ROW, 60.0, float(max(1, top)))
    parts, ends = _frame(panel, "Healthy targets"), []
    for color in COLORS:
        points = [(float(sample["t"]), float(sample["healthy"].get(color, 0))) for sample in samples]
        parts.append(_stairs(axis, panel, points, color))
        ends.append((points[-1][1], f"{color} {number(points[-1][1])}", color))
    return parts + _end_labels(panel, ends), panel.bottom


def _rates(title: str, names: Mapping[str, str], axis: Axis, y: float, seconds: Rows) -> tuple[list[str], float]:
    """Answered requests as areas on top of each other: the whole is the load, the border is the handover."""
    panel = Panel(y + TITLE_ROW, 96.0, _round_up(max(sum(row["colors"].values()) for row in seconds)))
    parts = _frame(panel, title)
    below = [0.0] * len(seconds)
    for color in COLORS:
        above = [low + float(row["colors"].get(color, 0)) for low, row in zip(below, seconds, strict=True)]
        if above != below:
            path = _outline(axis, panel, seconds, below, above)
            parts.append(element("path", d=path, class_=f"area {color}"))
            parts += _area_label(axis, panel, seconds, below, above, names.get(color, color))
        below = above
    return parts, panel.bottom


def _outline(axis: Axis, panel: Panel, seconds: Rows, below: Sequence[float], above: Sequence[float]) -> str:
    """The closed path between two stairs, each step one second wide."""
    spans = [(axis.x(float(row["t"]) - 1), axis.x(float(row["t"]))) for row in seconds]
    over = [f"L{number(a)} {number(panel.at(v))}H{number(b)}" for (a, b), v in zip(spans, above, strict=True)]
    under = [f"L{number(b)} {number(panel.at(v))}H{number(a)}" for (a, b), v in zip(spans, below, strict=True)]
    return f"M{over[0][1:]}{''.join(over[1:])}{''.join(reversed(under))}Z"


def _area_label(
    axis: Axis, panel: Panel, seconds: Rows, below: Sequence[float], above: Sequence[float], name: str
) -> list[str]:
    """The area's name in the middle of its longest stretch near full height, where there is room for it."""
    heights = [high - low for low, high in zip(below, above, strict=True)]
    best, run = range(0), 0
    for index, height in enumerate(heights):
        run = run + 1 if height >= 0.6 * max(heights) else 0
        if run > len(best):
            best = range(index - run + 1, index + 1)
    middle = best[len(best) // 2]
    left, right = axis.x(float(seconds[best[0]]["t"]) - 1), axis.x(float(seconds[best[-1]]["t"]))
    center = panel.at((below[middle] + above[middle]) / 2)
    if right - left < (len(name) + 2) * CHARACTER or panel.at(below[middle]) - panel.at(above[middle]) < LABEL_ROW:
        return []
    return [element("text", name, x=(left + right) / 2, y=center + 4, class_="label inside", text_anchor="middle")]


def _failed(axis: Axis, y: float, seconds: Rows) -> tuple[list[str], float]:
    counts = [sum(row["errors"].values()) for row in seconds]
    panel = Panel(y + TITLE_ROW, 28.0, _round_up(max(counts)) if any(counts) else 1.0)
    if not any(counts):
        line = element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=panel.y + 4, y2=panel.y + 4, class_="rule")
        return [
            element("text", "Failed requests per second", x=LEFT, y=panel.y - 8, class_="title"),
            line,
            element("text", "none", x=WIDTH - RIGHT + 8, y=panel.y + 8, class_="label text-ink"),
        ], panel.y + 8
    parts = _frame(panel, "Failed requests per second")
    for row, count in zip(seconds, counts, strict=True):
        if count:
            x, top = axis.x(float(row["t"]) - 1), panel.at(count)
            width = max(1.5, axis.x(float(row["t"])) - x)
            parts.append(element("rect", x=x, y=top, width=width, height=panel.bottom - top, class_="area bad"))
    return [*parts, *_end_labels(panel, [(0.0, f"{sum(counts)} in all", "bad")])], panel.bottom


def _latency(axis: Axis, y: float, seconds: Rows) -> tuple[list[str], float]:
    known = [row for row in seconds if row.get("p99_ms") is not None]
    if not known:
        return [], y
    worst = max(known, key=lambda row: float(row["p99_ms"]))
    panel = Panel(y + TITLE_ROW, 72.0, _round_up(float(worst["p99_ms"])))
    parts, ends = _frame(panel, "Latency of each second's requests, ms"), []
    for name, kind in (("p50_ms", "faint"), ("p99_ms", "ink")):
        points = [(float(row["t"]) - 0.5, float(row[name])) for row in known]
        path = "L".join(f"{number(axis.x(moment))} {number(panel.at(value))}" for moment, value in points)
        parts.append(element("path", d=f"M{path}", class_=f"line {kind}"))
        ends.append((points[-1][1], name.removesuffix("_ms"), kind))
    return parts + _end_labels(panel, ends), panel.bottom


def _tips(axis: Axis, seconds: Rows, top: float, bottom: float) -> list[str]:
    """An invisible column for each second whose title the browser shows under the pointer."""
    parts = []
    for row in seconds:
        x, width = axis.x(float(row["t"]) - 1), axis.x(float(row["t"])) - axis.x(float(row["t"]) - 1)
        shares = [f"{color} {count}/s" for color, count in sorted(row["colors"].items())]
        failed = sum(row["errors"].values())
        p99 = [] if row.get("p99_ms") is None else [f"p99 {number(float(row['p99_ms']))} ms"]
        text = ", ".join([f"{float(row['t']) - axis.zero:+.0f} s", *shares, f"{failed} failed", *p99])
        box = f'x="{number(x)}" y="{number(top)}" width="{number(width)}" height="{number(bottom - top)}"'
        parts.append(f'<rect {box} class="tip"><title>{escape(text)}</title></rect>')
    return parts


def _round_up(value: float) -> float:
    """The next round number, for the top of a scale: 1, 2, 2.5 or 5 times a power of ten, and never below 1."""
    if value <= 1:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(power * step for step in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if power * step >= value)
