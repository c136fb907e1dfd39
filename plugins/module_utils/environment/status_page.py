# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The status of environments side by side, as one HTML page that loads nothing from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from itertools import groupby
from typing import Any

from .facts_plan import Row, attention, rows
from .lines_plan import Line
from .promotion_plan import CHANGES, NOTHING, SAME, UNKNOWN, Artifact, Promotion, promotions, short
from .status_style import STYLE

Snapshot = Mapping[str, Any]
_VERDICTS = {SAME: "stays", CHANGES: "changes", NOTHING: "nothing proven", UNKNOWN: "not known"}
_SECTIONS = {"site": "Site", "environment": "Environment"}


def page(snapshots: Sequence[Snapshot]) -> str:
    """The document."""
    found = rows(snapshots)
    names = " and ".join(str(each["name"]) for each in snapshots)
    parts = [
        f"<h1>{escape(_headline(snapshots, found))}</h1>",
        f'<p class="dim">Status of {escape(names)}, read {escape(_read(snapshots))}</p>',
        _attention(snapshots, found),
        *(_promotion(each) for each in promotions(snapshots)),
        _matrix(snapshots, found),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Status of {escape(names)}</title><style>{STYLE}</style></head>\n"
        f"<body><main>{''.join(parts)}</main></body></html>\n"
    )


def _headline(snapshots: Sequence[Snapshot], found: Sequence[Row]) -> str:
    ill = [str(each["name"]) for column, each in enumerate(snapshots) if attention(found, column)]
    if ill:
        return f"{' and '.join(ill)} {'needs' if len(ill) == 1 else 'need'} a look"
    return "Nothing needs a look"


def _read(snapshots: Sequence[Snapshot]) -> str:
    return " and ".join(sorted({f"{each['read_at'][:10]} {each['read_at'][11:19]} UTC" for each in snapshots}))


def _attention(snapshots: Sequence[Snapshot], found: Sequence[Row]) -> str:
    told = [
        f"<li><b>{escape(str(each['name']))}</b> {escape(text)}</li>"
        for column, each in enumerate(snapshots)
        for text in attention(found, column)
    ]
    return f'<ul class="attention">{"".join(told)}</ul>' if told else ""


def _promotion(promotion: Promotion) -> str:
    source, target = escape(promotion.source), escape(promotion.target)
    body = "".join(
        f'<tr><th scope="row">{escape(each.name)}</th>'
        f'<td data-label="{target} serves">{_artifact(each.before)}</td>'
        f'<td data-label="{source} has proven">{_artifact(each.after)}</td>'
        f'<td data-label="a promotion"><span class="verdict {each.verdict.replace(" ", "-")}">{_VERDICTS[each.verdict]}'
        f"</span>{_note(each.note)}</td></tr>"
        for each in promotion.changes
    )
    unknown = any(each.verdict == UNKNOWN for each in promotion.changes)
    what = " and ".join(escape(each.name) for each in promotion.changes if each.verdict == CHANGES)
    head = (
        f"A promotion from {source} to {target} would change "
        f"{what or ('nothing that is known' if unknown else 'nothing')}"
    )
    command = f'<p class="dim">The gate has the last word: <code>{escape(promotion.command)} --check</code></p>'
    return (
        f'<section class="promotion"><h2>{head}</h2><table class="changes"><thead><tr><th></th><th>{target} serves</th>'
        f"<th>{source} has proven</th><th>a promotion</th></tr></thead><tbody>{body}</tbody></table>{command}</section>"
    )


def _note(note: str) -> str:
    return f'<span class="note">{escape(note)}</span>' if note else ""


def _artifact(artifact: Artifact) -> str:
    if not artifact.digest:
        return '<span class="dim">nothing</span>'
    commit = (
        f'<code title="{escape(artifact.git_sha)}">{escape(artifact.git_sha[:7])}</code> ' if artifact.git_sha else ""
    )
    return f'{commit}<code class="dim" title="{escape(artifact.digest)}">{escape(short(artifact.digest))}</code>'


def _matrix(snapshots: Sequence[Snapshot], found: Sequence[Row]) -> str:
    heads = "".join(f'<th scope="col">{escape(str(each["name"]))}</th>' for each in snapshots)
    sections = "".join(
        f'<tbody><tr class="section"><th colspan="{len(snapshots) + 1}">{escape(_SECTIONS.get(name, name))}</th></tr>'
        + "".join(_row(snapshots, row) for row in group)
        + "</tbody>"
        for name, group in groupby(found, key=lambda row: row.section)
    )
    return f'<table class="matrix"><thead><tr><td></td>{heads}</tr></thead>{sections}</table>'


def _row(snapshots: Sequence[Snapshot], row: Row) -> str:
    cells = "".join(
        f'<td data-label="{escape(str(snapshot["name"]))}">{"".join(map(_line, cell)) or _NONE}</td>'
        for snapshot, cell in zip(snapshots, row.cells, strict=True)
    )
    return f'<tr><th scope="row">{escape(row.label)}</th>{cells}</tr>'


_NONE = '<div class="dim">&ndash;</div>'


def _line(line: Line) -> str:
    shares = "".join(
        f'<span class="bg-{escape(color)}" style="flex:{share}" title="{escape(color)} {share} %"></span>'
        for color, share in line.weights
        if share
    )
    title = f' title="{escape(line.title)}"' if line.title else ""
    drawn = f'<div class="bar">{shares}</div>' if shares else ""
    return f'<div class="{line.tone or "line"}"{title}>{escape(line.text)}</div>{drawn}'
