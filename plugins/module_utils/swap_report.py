# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The report of a deployment: one self-contained HTML page made from what the deployment returned.

`render` takes the result of slipway.ops.ecs_blue_green, alone or together with what was observed from outside while it
ran (weights and healthy targets sampled through the AWS API, requests counted by a load generator).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from ansible_collections.slipway.ops.plugins.module_utils import swap_report_chart as chart
from ansible_collections.slipway.ops.plugins.module_utils import swap_report_sections as sections
from ansible_collections.slipway.ops.plugins.module_utils.swap_report_style import STYLE

# What each outcome is to a reader: how the head line goes on, and whether it is good news.
_OUTCOMES = {
    "promoted": ("{to} serves {image}", "good"),
    "rolled_back": ("{from} still serves, {image} does not", "bad"),
    "superseded": ("another deployment took over", "bad"),
    "awaiting_approval": ("{to} is ready and waits for a person", "neutral"),
    "blocked": ("nothing was changed", "bad"),
    "failed": ("see the steps for what is left to do", "bad"),
    "converged": ("both colors are as described", "good"),
    "repaired": ("the traffic is where it shall be", "good"),
}
# Stages in which time passes on purpose while somebody looks.
_WATCH = "watch"


def render(
    result: Mapping[str, Any],
    service: str,
    environment: str,
    samples: Sequence[Mapping[str, Any]] = (),
    seconds: Sequence[Mapping[str, Any]] = (),
    load: Mapping[str, Any] | None = None,
    note: str = "",
    more: Sequence[str] = (),
) -> str:
    """The page, as one HTML document that loads nothing from outside.

    RESULT is what slipway.ops.ecs_blue_green returned: outcome, started (Unix seconds), colors, image, digest, steps
    (`started` of a step counts from the result's; `weights` is what a shift wrote), task_definitions, msg when it went
    wrong, and as far as there is any: reason, problems, next, found, run, lock, plan, smoke, one_off_task, notes,
    previous_image. SERVICE and
    ENVIRONMENT are names for the head; SAMPLES, SECONDS: see swap_report_chart.timeline; LOAD is the load's summary
    (requests, failed, errors, p50_ms, p99_ms, max_ms, rate); NOTE says under which conditions it was measured; MORE is
    HTML that follows, such as the parts of a site's report.
    """
    steps = sections.steps_of(result)
    seconds = [row for row in seconds if not row.get("partial")]
    title = f"{service} in {environment}: {sections.words(result['outcome'])}"
    drawn = ""
    if steps or samples or seconds:
        weights = samples or _weights(steps, sections.weights_found(result))
        drawn = f'<div class="wide">{chart.timeline(_stages(steps, result), samples, seconds, weights)}</div>'
    parts = [
        _head(result, service, environment),
        _figures(steps, load),
        drawn,
        sections.smoke(result),
        sections.watched(result),
        sections.task(result),
        sections.notes(result),
        sections.step_table(steps),
        sections.footer(steps, note),
    ]
    return sections.document(title, [*parts, *more])


def picture(page: str) -> str:
    """The timeline of a rendered PAGE as one SVG file, which like the page loads nothing and knows light and dark."""
    drawn = page[page.index("<svg") : page.index("</svg>")]
    head = '<svg xmlns="http://www.w3.org/2000/svg" width="960" style="background:var(--page);min-width:0"'
    return f"{head}{drawn.removeprefix('<svg').replace('>', f'><style>{STYLE}</style>', 1)}</svg>\n"


def _weights(steps: Sequence[Mapping[str, Any]], before: Mapping[str, int]) -> list[dict[str, Any]]:
    """What the rule's weights were: before the run, from each shift on, and at the end. Empty if none is known."""
    shifts = [{"t": step["started"] + step["seconds"], "weights": step["weights"]} for step in steps if _moves(step)]
    if not before or not steps:
        return []
    end = max(step["started"] + step["seconds"] for step in steps)
    known = [{"t": steps[0]["started"], "weights": before}, *shifts]
    return [*known, {"t": end, "weights": known[-1]["weights"]}]


def _moves(step: Mapping[str, Any]) -> bool:
    return bool(step.get("weights"))


def _stage_name(step: Mapping[str, Any], colors: Mapping[str, Any]) -> str:
    """For the timeline: the change of weights with where it leads, a watch by what it is for."""
    name = str(step["name"])
    if name.startswith("production weights"):
        share = (step.get("weights") or {}).get(str(colors.get("to")))
        if share == 0:
            return f"{chart.SHIFT} back"
        return chart.SHIFT if share in (None, 100) else f"{chart.SHIFT} to {share} %"
    return name.partition(":")[0] if step.get("stage") == _WATCH else str(step.get("stage") or name)


def _stages(steps: Sequence[Mapping[str, Any]], result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The steps drawn as one where they follow each other in the same stage; the change of weights is its own stage."""
    stages: list[dict[str, Any]] = []
    for step in steps:
        name = _stage_name(step, result.get("colors") or {})
        if not stages or stages[-1]["name"] != name:
            stages.append({**step, "name": name, "watch": step.get("stage") == _WATCH})
            continue
        last = stages[-1]
        last["seconds"] = step["started"] + step["seconds"] - last["started"]
        last["status"] = step.get("status") if last.get("status") == "done" else last.get("status")
    return stages


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
    word = sections.words(result["outcome"]).capitalize()
    lines = [f'<h1><span class="{mood}">{escape(word)}</span>{": " if said else ""}{said}</h1>']
    lines.append(sections.about(result, f"Service {service}", f"environment {environment}"))
    if result["outcome"] not in ("promoted", "converged") and result.get("msg") and not sections.told_apart(result):
        lines.append(sections.message(result["msg"], mood))
    return "\n".join(part for part in [*lines, sections.facts(result), _sides(result, names)] if part)


def _sides(result: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """From which color to which, each with its task definition and its image."""
    definitions = result.get("task_definitions") or {}
    images = {"from": result.get("previous_image"), "to": result.get("image")}
    rows = []
    if not any((result.get("colors") or {}).values()):
        return ""
    for side, color in names.items():
        parts = [str(definitions.get(color, "")).rsplit("/", 1)[-1], str(images[side] or "")]
        shown = " ".join(f"<code>{escape(part)}</code>" for part in parts if part)
        rows.append(
            f'<span class="dim">{side}</span><b class="text-{escape(color)}">{escape(color)}</b><div>{shown}</div>'
        )
    return f'<div class="sides">{"".join(rows)}</div>'


def _figures(steps: Sequence[Mapping[str, Any]], load: Mapping[str, Any] | None) -> str:
    figures: list[sections.Figure] = []
    if load is not None:
        failed = int(load["failed"])
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(load["errors"].items()))
        figures += [
            ("Requests", f"{load['requests']:,}", f"{load['rate']:.0f}/s", ""),
            ("Failed", f"{failed:,}", kinds, "bad" if failed else "good"),
            ("Median latency", _milliseconds(load["p50_ms"]), "", ""),
            ("99th percentile", _milliseconds(load["p99_ms"]), f"worst {_milliseconds(load['max_ms'])}", ""),
        ]
    if steps:
        took = max(step["started"] + step["seconds"] for step in steps) - steps[0]["started"]
        figures.append(("Deployment took", chart.duration(took), "", ""))
    return sections.figures(figures)


def _milliseconds(value: Any) -> str:
    return "unknown" if value is None else f"{chart.number(float(value))} ms"
