# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How wide a text is, without a font: the advance widths that Arial, Helvetica and Liberation Sans have in common.

The three are metrically compatible, so that a drawing that asks for any of them takes the same room on every machine.
"""

from __future__ import annotations

FONT = 'Helvetica,Arial,"Liberation Sans",sans-serif'
# A character that the tables lack is taken to be as wide as the widest of most scripts.
UNKNOWN = 1000
# Names of a font that only resembles these three may run a little wider.
SLACK = 1.02
ELLIPSIS = "…"
_FIRST = 32
# From the space to the tilde, in thousandths of the font's size.
_REGULAR = (
    "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 278 "
    "278 584 584 584 556 1015 667 667 722 722 667 611 778 722 278 500 667 556 833 722 778 667 778 722 667 611 722 "
    "667 944 667 667 611 278 278 278 469 556 333 556 556 500 556 556 278 556 556 222 222 500 222 833 556 556 556 "
    "556 333 500 278 556 500 722 500 500 500 334 260 334 584"
)
_BOLD = (
    "278 333 474 556 556 889 722 238 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 333 "
    "333 584 584 584 611 975 722 722 722 722 667 611 778 722 278 556 722 611 833 722 778 667 778 722 667 611 722 "
    "667 944 667 667 611 333 278 333 584 556 333 556 611 556 611 556 333 611 611 278 278 556 278 889 611 611 611 "
    "611 389 556 333 611 556 778 556 556 500 389 280 389 584"
)
_OTHERS = {"·": 333, ELLIPSIS: 1000}


def _table(widths: str) -> dict[str, int]:
    return {chr(_FIRST + at): int(width) for at, width in enumerate(widths.split())} | _OTHERS


_TABLES = {False: _table(_REGULAR), True: _table(_BOLD)}


def measure(text: str, size: float, bold: bool = False) -> float:
    """The width of TEXT in SVG units, at a font size of SIZE."""
    table = _TABLES[bold]
    return sum(table.get(character, UNKNOWN) for character in text) / 1000 * size * SLACK


def fit(text: str, width: float, size: float, bold: bool = False) -> str:
    """TEXT, or as much of its beginning as WIDTH has room for, with an ellipsis."""
    if measure(text, size, bold) <= width:
        return text
    kept = text
    while kept and measure(kept + ELLIPSIS, size, bold) > width:
        kept = kept[:-1].rstrip(" ·-")
    return kept + ELLIPSIS
