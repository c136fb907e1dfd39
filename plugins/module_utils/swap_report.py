# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The report of a deployment: one self-contained HTML page made from what the deployment returned.

`render` takes the result of slipway.ops.ecs_blue_green, alone or together with what was observed from outside while it
ran (weights and healthy targets sampled through the AWS API, requests counted by a load generator).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any

from ansible_collections.slipway.ops.plugins.module_utils import swap_report_chart as chart

# What each outcome is to a reader: how the head line goes on, and whether it is good news.
_OUTCOMES = {
    "promoted": ("{to} serves {image}", "good"),
    "rolled_back": ("{from} still serves, {image} does not", "bad"),
    "superseded": ("another deployment took over", "bad"),
    "awaiting_approval": ("{to} is ready and waits for a person", "neutral"),
    "blocked": ("nothing was changed", "bad"),
    "failed": ("see the steps for what is left to do", "bad"),
    "converged": ("both colors are as described", "good"),
}

_STYLE = """
:root{color-scheme:light dark;--page:#fff;--ink:#1c2430;--dim:#5d6775;--faint:#98a1ae;--rule:#c9cfd8;--grid:#e6e9ee;
--band:#f4f6f9;--blue:#2c63b4;--green:#3c9f6c;--text-green:#217a4c;--bad:#c03a2b;--band-bad:#fbebe9;--good:#217a4c}
@media (prefers-color-scheme:dark){:root{--page:#14181f;--ink:#e6eaf0;--dim:#a0a9b7;--faint:#717b8a;--rule:#465061;
--grid:#2a313c;--band:#1b212a;--blue:#5b93e6;--green:#57bd8a;--text-green:#6bcf9c;--bad:#ff8577;--band-bad:#3a2220;
--good:#6bcf9c}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,
"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums}
main{max-width:1040px;margin:0 auto;padding:32px 24px 48px}
h1{font-size:26px;line-height:1.25;margin:0 0 4px;font-weight:650;letter-spacing:-.01em;text-wrap:balance}
h2{font-size:16px;margin:36px 0 8px;font-weight:650}
p{margin:0}.dim{color:var(--dim);fill:var(--dim)}.good{color:var(--good)}.bad{color:var(--bad)}
.neutral{color:var(--dim)}.text-blue{color:var(--blue);fill:var(--blue)}
.text-green{color:var(--text-green);fill:var(--text-green)}.text-ink{fill:var(--ink)}.text-faint{fill:var(--dim)}
.text-bad{fill:var(--bad)}
.sides{margin:14px 0 0;display:grid;grid-template-columns:max-content max-content 1fr;gap:2px 16px}
.sides code{overflow-wrap:anywhere;display:block}
code{font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;color:var(--dim)}
dl{display:flex;flex-wrap:wrap;gap:12px 36px;margin:22px 0 26px;padding:14px 0;border:solid var(--rule);
border-width:1px 0}
dt{font-size:13px;color:var(--dim)}dd{margin:0;font-size:22px;line-height:1.3;font-weight:600}
dd small{font-size:13px;font-weight:400;color:var(--dim)}
.wide{overflow-x:auto}
svg{display:block;width:100%;min-width:860px;height:auto}
svg text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;fill:var(--ink)}
svg .title{font-weight:600;paint-order:stroke;stroke:var(--page);stroke-width:5px;
stroke-linejoin:round}svg .tick{fill:var(--dim);font-size:11px}
svg .dim{fill:var(--dim)}svg .label{font-weight:600}svg .inside{fill:#fff}
@media (prefers-color-scheme:dark){svg .inside{fill:#10151c}}
svg .text-blue{fill:var(--blue)}svg .text-green{fill:var(--text-green)}svg .text-bad{fill:var(--bad)}
svg .text-faint{fill:var(--dim);font-weight:400}
.rule{stroke:var(--rule)}.grid{stroke:var(--grid)}.leader{stroke:var(--rule);stroke-width:1}
.band0{fill:var(--band)}.band1{fill:none}.band-bad{fill:var(--band-bad)}
.line{fill:none;stroke-width:2;stroke-linejoin:round}.line.blue{stroke:var(--blue)}.line.green{stroke:var(--green)}
.line.ink{stroke:var(--ink);stroke-width:1.5}.line.faint{stroke:var(--faint);stroke-width:1.5}
.area.blue{fill:var(--blue)}.area.green{fill:var(--green)}.area.bad{fill:var(--bad)}
.tip{fill:transparent}.tip:hover{fill:var(--ink);fill-opacity:.09}
table{border-collapse:collapse;width:100%}
th{font-size:13px;font-weight:400;color:var(--dim);text-align:left}
th,td{padding:5px 20px 5px 0;border-bottom:1px solid var(--grid);vertical-align:top}
td.n,th.n{text-align:right;white-space:nowrap}td:last-child{padding-right:0;color:var(--dim);overflow-wrap:anywhere}
footer{margin-top:28px;font-size:13px;color:var(--dim)}
@media print{main{max-width:none;padding:0}svg{min-width:0}}
"""


def render(
    result: Mapping[str, Any],
    service: str,
    environment: str,
    samples: Sequence[Mapping[str, Any]] = (),
    seconds: Sequence[Mapping[str, Any]] = (),
    load: Mapping[str, Any] | None = None,
    note: str = "",
) -> str:
    """The page, as one HTML document that loads nothing from outside.

    RESULT is what slipway.ops.ecs_blue_green returned: outcome, started (Unix seconds), colors, image, digest, steps
    (`started` of a step counts from the result's), task_definitions, and msg when it went wrong. SERVICE and
    ENVIRONMENT are names for the head; SAMPLES, SECONDS: see swap_report_chart.timeline; LOAD is the load's summary
    (requests, failed, errors, p50_ms, p99_ms, max_ms, rate); NOTE says under which conditions it was measured.
    """
    begun = float(result.get("started") or 0.0)
    steps = [_step(step, begun) for step in result.get("steps") or ()]
    seconds = [row for row in seconds if not row.get("partial")]
    title = f"{service} in {environment}: {_words(result['outcome'])}"
    drawn = ""
    if steps or samples or seconds:
        drawn = f'<div class="wide">{chart.timeline(_stages(steps), samples, seconds)}</div>'
    parts = [_head(result, service, environment), _figures(steps, load), drawn, _table(steps)]
    parts.append(_footer(steps, note))
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n<main>\n"
        + "\n".join(part for part in parts if part)
        + "\n</main>\n</html>\n"
    )


def picture(page: str) -> str:
    """The timeline of a rendered PAGE as one SVG file, which like the page loads nothing and knows light and dark."""
    drawn = page[page.index("<svg") : page.index("</svg>")]
    head = '<svg xmlns="http://www.w3.org/2000/svg" width="960" style="background:var(--page);min-width:0"'
    return f"{head}{drawn.removeprefix('<svg').replace('>', f'><style>{_STYLE}</style>', 1)}</svg>\n"


def _step(step: Mapping[str, Any], begun: float) -> dict[str, Any]:
    """A step with its beginning in Unix seconds."""
    return {**step, "started": begun + float(step["started"]), "seconds": float(step["seconds"])}


def _stages(steps: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The steps drawn as one where they follow each other in the same stage; the change of weights is its own stage."""
    stages: list[dict[str, Any]] = []
    for step in steps:
        shift = str(step["name"]).startswith("production weights")
        name = chart.SHIFT if shift else step.get("stage") or step["name"]
        if not stages or stages[-1]["name"] != name:
            stages.append({**step, "name": name})
            continue
        last = stages[-1]
        last["seconds"] = step["started"] + step["seconds"] - last["started"]
        last["status"] = step.get("status") if last.get("status") == "done" else last.get("status")
    return stages


def _words(name: Any) -> str:
    return str(name).replace("_", " ")


def _short(digest: Any) -> str:
    """A digest short enough to be read, long enough to be told apart."""
    return str(digest)[: len("sha256:") + 12]


def _image_name(image: Any) -> str:
    """REGISTRY/REPOSITORY[:TAG|@DIGEST] without the registry and with a short digest."""
    name = str(image).rsplit("/", 1)[-1]
    repository, at, digest = name.partition("@")
    return f"{repository}@{_short(digest)}" if at else name


def _head(result: Mapping[str, Any], service: str, environment: str) -> str:
    colors = result.get("colors") or {}
    names = {side: str(colors.get(side) or "nothing") for side in ("from", "to")}
    image = _image_name(result.get("image") or "nothing")
    sentence, mood = _OUTCOMES.get(str(result["outcome"]), ("", "neutral"))
    if result["outcome"] == "rolled_back" and not result.get("failed"):
        # It was asked for.
        sentence, mood = "{to} serves {image} again", "good"
    said = escape(sentence.format(image=image, **names))
    word = _words(result["outcome"]).capitalize()
    lines = [f'<h1><span class="{mood}">{escape(word)}</span>{": " if said else ""}{said}</h1>']
    when = ""
    if result.get("started"):
        when = datetime.fromtimestamp(float(result["started"]), UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    about = [f"Service {service}", f"environment {environment}", *([when] if when else [])]
    lines.append(f'<p class="dim">{escape(", ".join(about))}</p>')
    if result["outcome"] not in ("promoted", "converged") and result.get("msg"):
        lines.append(f'<p class="{mood}">{escape(str(result["msg"]))}</p>')
    return "\n".join([*lines, _sides(result, names)])


def _sides(result: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """From which color to which, each with its task definition, and the image of the one that was to serve."""
    definitions = result.get("task_definitions") or {}
    rows = []
    for side, color in names.items():
        parts = [str(definitions.get(color, "")).rsplit("/", 1)[-1]]
        if side == "to":
            parts.append(str(result.get("image") or ""))
        shown = " ".join(f"<code>{escape(part)}</code>" for part in parts if part)
        rows.append(
            f'<span class="dim">{side}</span><b class="text-{escape(color)}">{escape(color)}</b><div>{shown}</div>'
        )
    return f'<div class="sides">{"".join(rows)}</div>'


def _figures(steps: Sequence[Mapping[str, Any]], load: Mapping[str, Any] | None) -> str:
    figures: list[tuple[str, str, str]] = []
    if load is not None:
        failed = int(load["failed"])
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(load["errors"].items()))
        figures += [
            ("Requests", f"{load['requests']:,}", f"{load['rate']:.0f}/s"),
            ("Failed", f"{failed:,}", kinds),
            ("Median latency", _milliseconds(load["p50_ms"]), ""),
            ("99th percentile", _milliseconds(load["p99_ms"]), f"worst {_milliseconds(load['max_ms'])}"),
        ]
    if steps:
        took = max(step["started"] + step["seconds"] for step in steps) - steps[0]["started"]
        figures.append(("Deployment took", chart.duration(took), ""))
    shown = "".join(
        f"<div><dt>{escape(name)}</dt><dd{_mood(name, value)}>{escape(value)} <small>{escape(more)}</small></dd></div>"
        for name, value, more in figures
    )
    return f"<dl>{shown}</dl>" if shown else ""


def _mood(name: str, value: str) -> str:
    if name != "Failed":
        return ""
    return ' class="good"' if value == "0" else ' class="bad"'


def _milliseconds(value: Any) -> str:
    return "unknown" if value is None else f"{chart.number(float(value))} ms"


def _table(steps: Sequence[Mapping[str, Any]]) -> str:
    if not steps:
        return ""
    zero = steps[0]["started"]
    rows = [
        f"<tr><td>{escape(_words(step['name']))}<td{_status_mood(step)}>{escape(_words(step.get('status', '')))}"
        f'<td class="n">+{chart.number(max(0.0, step["started"] - zero))} s'
        f'<td class="n">{chart.duration(step["seconds"])}<td>{escape(str(step.get("detail", "")))}'
        for step in steps
    ]
    head = '<tr><th>Step<th>Status<th class="n">Began<th class="n">Took<th>What happened'
    return f'<h2>Steps</h2>\n<div class="wide"><table>\n{head}\n' + "\n".join(rows) + "\n</table></div>"


def _status_mood(step: Mapping[str, Any]) -> str:
    return ' class="bad"' if step.get("status") in ("failed", "blocked") else ""


def _footer(steps: Sequence[Mapping[str, Any]], note: str) -> str:
    hint = "Times are seconds since the deployment began; the table also has the steps too short to be drawn. "
    text = (hint if steps else "") + note
    return f"<footer>{escape(text.strip())}</footer>" if text else ""
