# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""All pictures of some environments as files, and the page that shows them below one another."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ansible_collections.slipway.ops.plugins.module_utils.diagram import backend, cicd, frontend, svg
from ansible_collections.slipway.ops.plugins.module_utils.diagram.words_plan import Snapshot

INDEX = "index.html"
_STYLE = """:root{color-scheme:light dark;--page:#fff}
@media (prefers-color-scheme:dark){:root{--page:#14181f}}
body{margin:0;background:var(--page)}main{max-width:1160px;margin:0 auto;padding:24px 16px 48px}
main svg{display:block;width:100%;height:auto;margin:0 0 40px}
div{overflow-x:auto}@media (max-width:760px){main svg{min-width:760px}}
@media print{main svg{break-inside:avoid}}"""


def files(snapshots: Sequence[Snapshot]) -> dict[str, str]:
    """Name of the file -> content: two pictures for each environment, one for all of them, and the page."""
    drawn: dict[str, str] = {}
    for snapshot in snapshots:
        name = snapshot["name"]
        drawn[f"backend-{name}.svg"] = svg.render(backend.draw(snapshot))
        drawn[f"frontend-{name}.svg"] = svg.render(frontend.draw(snapshot))
    drawn["cicd.svg"] = svg.render(cicd.draw(snapshots))
    names = ", ".join(str(snapshot["name"]) for snapshot in snapshots)
    return {**drawn, INDEX: _page(f"Diagrams of {names}", list(drawn.values()))}


def _page(title: str, pictures: Sequence[str]) -> str:
    """One document with the pictures in it, so that pointing at a part shows its ids."""
    shown = "".join(f"<div>{picture}</div>" for picture in pictures)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>{shown}</main></body></html>\n"
    )
