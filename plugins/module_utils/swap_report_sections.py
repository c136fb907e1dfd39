# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The parts of the report page that tell in words what the gates saw and what is to be done now, and what all reports
have in common.

Each function returns HTML, empty when there is nothing to tell. One that takes a result takes that of
slipway.ops.ecs_blue_green; `about`, `run_facts`, `notes` and `steps_of` take that of slipway.ops.site_release too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.slipway.ops.plugins.module_utils import swap_report_chart as chart
from ansible_collections.slipway.ops.plugins.module_utils.swap_report_style import STYLE

Result = Mapping[str, Any]
#: Name, value, what stands small beside it, and the class of the value (good, bad or none).
Figure = tuple[str, str, str, str]

# Outcomes after which the last weights that the run wrote, or else found, are those that the rule has. After another
# one somebody else may have written too, and only the message knows.
_OURS = ("promoted", "rolled_back", "awaiting_approval", "blocked", "converged", "repaired")


def document(title: str, parts: Iterable[str]) -> str:
    """The whole page, which loads nothing from outside."""
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n<main>\n"
        + "\n".join(part for part in parts if part)
        + "\n</main>\n</html>\n"
    )


def words(name: Any) -> str:
    """A name of the result as it is read."""
    return str(name).replace("_", " ")


def about(result: Result, *names: str) -> str:
    """The line below the heading: what it was about, and when it began."""
    began = float(result.get("started") or 0.0)
    when = [datetime.fromtimestamp(began, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")] if began else []
    return f'<p class="dim">{escape(", ".join([*names, *when]))}</p>'


def steps_of(result: Result) -> list[dict[str, Any]]:
    """The steps, each with its beginning in Unix seconds."""
    begun = float(result.get("started") or 0.0)
    return [
        {**step, "started": begun + float(step["started"]), "seconds": float(step["seconds"])}
        for step in result.get("steps") or ()
    ]


def figures(found: Iterable[Figure]) -> str:
    """The row of large numbers."""
    shown = "".join(
        f"<div><dt>{escape(name)}</dt><dd{_class(mood)}>{escape(value)} <small>{escape(more)}</small></dd></div>"
        for name, value, more, mood in found
    )
    return f"<dl>{shown}</dl>" if shown else ""


def _class(mood: str) -> str:
    return f' class="{mood}"' if mood else ""


def step_table(steps: Sequence[Mapping[str, Any]]) -> str:
    """All steps, the short ones too. STEPS: as steps_of gives them."""
    if not steps:
        return ""
    zero = steps[0]["started"]
    rows = [
        f"<tr><td>{escape(words(step['name']))}<td{_class(_step_mood(step))}>{escape(words(step.get('status', '')))}"
        f'<td class="n">+{chart.number(max(0.0, step["started"] - zero))} s'
        f'<td class="n">{chart.duration(step["seconds"])}<td>{escape(str(step.get("detail", "")))}'
        for step in steps
    ]
    head = '<th>Step<th>Status<th class="n">Began<th class="n">Took<th>What happened'
    return table("Steps", head, rows)


def _step_mood(step: Mapping[str, Any]) -> str:
    return "bad" if step.get("status") in ("failed", "blocked") else ""


def footer(steps: Sequence[Mapping[str, Any]], note: str) -> str:
    """How to read the times, and under which conditions they were measured."""
    hint = "Times are seconds since the deployment began; the table also has the steps too short to be drawn. "
    text = (hint if steps else "") + note
    return f"<footer>{escape(text.strip())}</footer>" if text else ""


def message(text: Any, mood: str) -> str:
    """A sentence of the result, its commands set apart. mood: class of the paragraph."""
    parts = str(text).split("`")
    shown = [f"<code>{escape(part)}</code>" if index % 2 else escape(part) for index, part in enumerate(parts)]
    return f'<p class="{mood}">{"".join(shown)}</p>'


def facts(result: Result) -> str:
    """What happened and why, where the traffic is, the next command, and who ran it."""
    plan = result.get("plan") or {}
    why = _problems(result)
    rows = [
        ("Why", why),
        ("Traffic now", _traffic(result)),
        ("Next", f"<code>{escape(str(result['next']))}</code>" if result.get("next") else ""),
        ("Found", escape(str(result.get("found") or ""))),
        ("Lock", _lock(result.get("lock"), plan.get("lock"))),
        *run_facts(result),
    ]
    return pairs(rows)


def run_facts(result: Result) -> list[tuple[str, str]]:
    """Who ran it, where, and for which commit; names and HTML."""
    run = result.get("run") or {}
    return [
        ("By", escape(str(run.get("by") or ""))),
        ("Run", link(run.get("url"))),
        ("Commit", f"<code>{escape(str(run['git_sha']))}</code>" if run.get("git_sha") else ""),
    ]


def pairs(rows: Iterable[tuple[str, str]]) -> str:
    """Names with what is to be said of them, as HTML; what is empty is left out."""
    shown = "".join(f'<span class="dim">{name}</span><div>{text}</div>' for name, text in rows if text)
    return f'<div class="facts">{shown}</div>' if shown else ""


def told_apart(result: Result) -> bool:
    """Whether facts says all that the message says."""
    return result.get("outcome") in ("rolled_back", "blocked") and bool(result.get("reason"))


def _problems(result: Result) -> str:
    if not told_apart(result):
        return ""
    found = [str(problem) for problem in result.get("problems") or [result["reason"]]]
    if len(found) == 1:
        return escape(found[0])
    return f"<ul>{''.join(f'<li>{escape(problem)}' for problem in found)}</ul>"


def weights_found(result: Result) -> dict[str, int]:
    """The weights before the run, by color; empty when the result does not say."""
    for place in ((result.get("plan") or {}).get("rule"), (result.get("diff") or {}).get("before")):
        weights = (place or {}).get("weights") if isinstance(place, Mapping) else None
        if weights:
            return {str(color): int(weight) for color, weight in weights.items()}
    return {}


def _traffic(result: Result) -> str:
    """Where the requests go, with a bar in the colors' proportion."""
    moved = [step["weights"] for step in result.get("steps") or () if step.get("weights")]
    weights = moved[-1] if moved else weights_found(result)
    total = sum(weights.values())
    if result.get("outcome") not in _OURS or not total:
        return ""
    parts = sorted(weights.items(), key=lambda item: -item[1])
    shares = "".join(
        f'<i class="bg-{escape(color)}" style="width:{100 * weight / total:.0f}%"></i>'
        for color, weight in sorted(parts)
        if weight
    )
    text = ", ".join(
        f'<b class="text-{escape(color)}">{escape(color)}</b> {chart.number(100 * weight / total)} %'
        for color, weight in parts
    )
    return f'{text}<div class="bar">{shares}</div>'


def _lock(lock: Any, holder: Any) -> str:
    if isinstance(lock, Mapping):
        return escape(", ".join(f"{str(key).replace('_', ' ')} {value}" for key, value in lock.items() if value))
    return escape(str(holder or ""))


def link(url: Any) -> str:
    """A link for what is one; any other text as text."""
    text = escape(str(url or ""))
    if urlsplit(str(url or "")).scheme not in ("http", "https"):
        return text
    return f'<a href="{text}" rel="noreferrer">{text}</a>'


def smoke(result: Result) -> str:
    """The smoke checks, each with its status, latency and what was found."""
    rows = [
        f"<tr><td>{verdict(check.get('passed'))}<td>{escape(str(check.get('url', '')))}"
        f'<td class="n">{escape(str(check.get("status") or "none"))}'
        f'<td class="n">{chart.duration(float(check.get("seconds") or 0))}<td>{escape(str(check.get("detail", "")))}'
        for check in result.get("smoke") or ()
    ]
    head = '<th>Verdict<th>Address<th class="n">Status<th class="n">Took<th>What came back'
    return table("Smoke checks on the preview route", head, rows)


def verdict(passed: Any) -> str:
    return '<b class="good">passed</b>' if passed else '<b class="bad">failed</b>'


def watched(result: Result) -> str:
    """The alarms as they were before the first change, and what each pause and the bake saw in the end."""
    alarms = [
        f"<tr><td>alarm {escape(str(alarm.get('name', '')))}"
        f"<td{_alarm_mood(alarm)}>{escape(str(alarm.get('state', '')))}"
        f'<td class="n">before<td>{escape(str(alarm.get("reason") or ""))}'
        for alarm in (result.get("plan") or {}).get("alarms") or ()
    ]
    watches = [
        f"<tr><td>{escape(str(step['name']))}<td{' class=bad' if step.get('status') == 'failed' else ''}>"
        f'{escape(str(step.get("status", "")))}<td class="n">{chart.duration(float(step["seconds"]))}'
        f"<td>{escape(str(step.get('detail', '')))}"
        for step in result.get("steps") or ()
        if step.get("stage") == "watch"
    ]
    return table("Watched", '<th>What<th>State<th class="n">Took<th>What was seen', [*alarms, *watches])


def _alarm_mood(alarm: Mapping[str, Any]) -> str:
    return " class=bad" if alarm.get("state") == "ALARM" else ""


def task(result: Result) -> str:
    """The one-off task: how it ended and the end of its log."""
    ran = result.get("one_off_task")
    if not ran:
        return ""
    code = ran.get("exit_code")
    ended = "did not end" if code is None else f"exit code {code}"
    mood = "good" if code == 0 else "bad"
    name = escape(str(ran.get("task_arn") or "").rsplit("/", 1)[-1])
    took = chart.duration(float(ran.get("seconds") or 0))
    log = "\n".join(escape(str(line)) for line in ran.get("log_tail") or ())
    return f'<h2>One-off task</h2>\n<p><b class="{mood}">{ended}</b> after {took} <code>{name}</code></p>' + (
        f"<pre>{log}</pre>" if log else ""
    )


def notes(result: Result) -> str:
    """What should be known of the settings, and the plan as it was told before the first change."""
    found = [str(note) for note in result.get("notes") or ()]
    shown = f"<h2>Notes</h2>\n<ul>{''.join(f'<li>{escape(note)}' for note in found)}</ul>" if found else ""
    told = [str(line) for line in (result.get("plan") or {}).get("text") or ()]
    if told:
        lines = "".join(f"<li>{escape(line)}" for line in told)
        shown += f"\n<details><summary>The plan, as told before the first change</summary><ul>{lines}</ul></details>"
    return shown.strip()


def table(title: str, head: str, rows: Sequence[str]) -> str:
    """A headed table; empty without rows."""
    if not rows:
        return ""
    body = "\n".join(rows)
    return f'<h2>{title}</h2>\n<div class="wide"><table>\n<tr>{head}\n{body}\n</table></div>'
