# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The style sheet of the drawings: few colors, each with a value for light and one for dark.

Values stand in the rules themselves, not in custom properties, which programs that are no browser do not know.
"""

from __future__ import annotations

from ansible_collections.slipway.ops.plugins.module_utils.diagram.widths import FONT

# Selector, property, light, dark.
_COLORS = (
    (".page", "fill", "#ffffff", "#14181f"),
    (".account", "stroke", "#b4bcc8", "#4a5566"),
    (".vpc", "fill", "#f6f8fa", "#191f27"),
    (".vpc", "stroke", "#c9cfd8", "#3a4452"),
    (".zone", "stroke", "#b4bcc8", "#4a5566"),
    (".subnet-public", "fill", "#eaeef3", "#212935"),
    (".subnet-private", "fill", "#e3e8ee", "#1d2530"),
    (".card,.band", "fill", "#ffffff", "#11151b"),
    (".card,.band", "stroke", "#c9cfd8", "#465061"),
    (".row-blue", "fill", "#e6eefa", "#1b2b45"),
    (".row-green", "fill", "#e4f4eb", "#183427"),
    (".row-plain", "fill", "#eef1f4", "#222a35"),
    (".row-idle", "stroke", "#d7dce3", "#353f4d"),
    (".port", "fill", "#ffffff", "#14181f"),
    (".port", "stroke", "#5d6775", "#a0a9b7"),
    (".pill", "fill", "#ffffff", "#14181f"),
    (".ink", "color", "#1c2430", "#e6eaf0"),
    (".dim", "color", "#5d6775", "#a0a9b7"),
    (".faint", "color", "#5d6775", "#a0a9b7"),
    (".blue", "color", "#24569f", "#84aff0"),
    (".green", "color", "#1d6f45", "#6bcf9c"),
    (".good", "color", "#1d6f45", "#6bcf9c"),
    (".bad", "color", "#b93525", "#ff8577"),
    (".edge-line", "color", "#5d6775", "#a0a9b7"),
    (".edge-faint", "color", "#98a1ae", "#717b8a"),
    (".edge-blue", "color", "#2c63b4", "#5b93e6"),
    (".edge-green", "color", "#2f8d5b", "#57bd8a"),
    (".edge-bad", "color", "#c03a2b", "#ff8577"),
)
_SHAPES = (
    f".diagram text{{font-family:{FONT};fill:currentColor;font-variant-numeric:tabular-nums}}"
    ".diagram .account,.diagram .zone,.diagram .row-idle{fill:none}"
    ".diagram .zone{stroke-dasharray:4 4}"
    ".diagram .port{stroke-width:1.5}"
    ".diagram .pill{stroke:currentColor}"
    ".diagram .edge{fill:none;stroke:currentColor;stroke-width:1.75;stroke-linecap:round}"
    ".diagram .dashed{stroke-dasharray:4 5;stroke-width:1.5}"
    ".diagram .head{fill:currentColor}"
    ".diagram .icon{fill:none;stroke:currentColor;stroke-width:1.4;stroke-linecap:round;stroke-linejoin:round}"
)


def _rules(column: int) -> str:
    return "".join(
        f"{','.join(f'.diagram {each}' for each in row[0].split(','))}{{{row[1]}:{row[column]}}}" for row in _COLORS
    )


STYLE = f"{_SHAPES}{_rules(2)}@media (prefers-color-scheme:dark){{{_rules(3)}}}"
