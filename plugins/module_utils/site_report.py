# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The report of a site's release: one self-contained HTML page made from what slipway.ops.site_release returned.

`render` makes the page, `parts` the same without the frame, to follow another report on one page.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from ansible_collections.slipway.ops.plugins.module_utils import swap_report_chart as chart
from ansible_collections.slipway.ops.plugins.module_utils import swap_report_sections as sections

Result = Mapping[str, Any]

# What each outcome is to a reader: how the head line goes on, and whether it is good news.
_OUTCOMES = {
    "promoted": ("release {release} is live", "good"),
    "rolled_back": ("release {release} is live again", "good"),
    "pruned": ("nothing is left that no kept release needs", "good"),
    "superseded": ("another run took over", "bad"),
    "blocked": ("nothing was changed", "bad"),
    "failed": ("see the steps for what is left to do", "bad"),
}
# Stages in which time passes while others work.
_WAITS = ("lock", "invalidate", "prove")
_CHANGES = ("added", "changed", "unchanged", "removed")
_CLASSES = ("immutable", "file", "document", "config", "worker")


def render(result: Result, service: str, environment: str, **more: Any) -> str:
    """The page. MORE: as parts takes it."""
    title = f"{service} in {environment}: {sections.words(result['outcome'])}"
    return sections.document(title, parts(result, service, environment, **more))


def parts(
    result: Result,
    service: str,
    environment: str,
    seconds: Sequence[Mapping[str, Any]] = (),
    names: Mapping[str, str] | None = None,
    visitors: Mapping[str, Any] | None = None,
    pictures: Iterable[tuple[str, bytes]] = (),
    note: str = "",
) -> list[str]:
    """The page's parts, as HTML.

    RESULT is what slipway.ops.site_release returned; SERVICE and ENVIRONMENT are names for the head. What was observed
    from outside: SECONDS and NAMES as swap_report_chart.timeline takes them, VISITORS counted by name (visits, by
    release, mixed, missing), PICTURES as caption and PNG. NOTE says under which conditions it was measured.
    """
    steps = sections.steps_of(result)
    drawn = ""
    if steps or seconds:
        svg = chart.timeline(_stages(steps), (), seconds, (), "Requests answered per second, by release", names)
        drawn = f'<div class="wide">{svg}</div>'
    return [
        _head(result, service, environment),
        _figures(result, steps, visitors),
        drawn,
        _shots(pictures),
        _files(result),
        _invalidation(result),
        _proof(result),
        _kept(result, environment),
        sections.notes(result),
        sections.step_table(steps),
        sections.footer(steps, note),
    ]


def _short(release: Any) -> str:
    """A release's name short enough to be read, long enough for -e release=."""
    return str(release)[:12]


def _code(text: Any) -> str:
    return f"<code>{escape(str(text))}</code>" if text else ""


def _here(text: Any, environment: str) -> str:
    """A text whose commands are those of this environment."""
    return str(text or "").replace("-i INVENTORY", f"-i inventories/{environment}")


def _moment(text: Any) -> str:
    """A time in ISO 8601 without its seconds, in a form that is not broken over lines."""
    return escape(str(text)[:16].replace("T", "\u00a0").replace("-", "\u2011"))


def _head(result: Result, service: str, environment: str) -> str:
    outcome = str(result["outcome"])
    sentence, mood = _OUTCOMES.get(outcome, ("", "neutral"))
    if outcome == "promoted" and result.get("previous") == result.get("release"):
        sentence = "release {release} is live, as before"
    said = escape(sentence.format(release=_short(result.get("release") or "nothing")))
    word = sections.words(outcome).capitalize()
    lines = [
        f'<h1><span class="{mood}">{escape(word)}</span>{": " if said else ""}{said}</h1>',
        sections.about(result, f"Site {service}", f"environment {environment}"),
    ]
    if mood == "bad" and result.get("msg"):
        lines.append(sections.message(_here(result["msg"], environment), mood))
    return "\n".join([*lines, _facts(result, environment, mood)])


def _facts(result: Result, environment: str, mood: str) -> str:
    live, previous = result.get("live"), result.get("previous")
    problems = [str(problem) for problem in result.get("problems") or ()]
    back = f"ansible-playbook -i inventories/{environment} playbooks/rollback_frontend.yml"
    return sections.pairs(
        [
            ("Why", f"<ul>{''.join(f'<li>{escape(each)}' for each in problems)}</ul>" if problems else ""),
            ("Visitors get", _code(live) or ("not known" if mood == "bad" else "")),
            ("Release", _code(result.get("release")) if result.get("release") != live else ""),
            ("Before", _code(previous) if previous != live else ""),
            ("Activation", escape(str(result.get("seq") or ""))),
            ("Next", _code(_here(result.get("next"), environment)) if mood == "bad" else ""),
            ("To roll back", _code(back) if mood == "good" and previous and previous != live else ""),
            ("Found", escape(str(result.get("found") or ""))),
            ("Address", sections.link(result.get("site_url"))),
            ("Bucket", _code(result.get("bucket"))),
            ("Distribution", _code(result.get("distribution_id"))),
            *sections.run_facts(result),
        ]
    )


def _figures(result: Result, steps: Sequence[Mapping[str, Any]], visitors: Mapping[str, Any] | None) -> str:
    found: list[sections.Figure] = []
    if visitors is not None:
        found += _visitors(visitors)
    counts = result.get("counts") or {}
    moved = sum(sum((counts.get(change) or {}).values()) for change in ("added", "changed"))
    there = sum((counts.get("unchanged") or {}).values())
    if counts:
        found.append(("Files published", f"{moved:,}", f"of {moved + there:,}", ""))
    found += [
        ("Uploaded", size(int(result.get("bytes") or 0)), "", ""),
        ("Requests to AWS", f"{int(result.get('requests') or 0):,}", "", ""),
    ]
    if told := result.get("invalidation"):
        found.append(("Paths invalidated", str(len(told["paths"])), _price(told["price"]), ""))
    if steps:
        took = max(step["started"] + step["seconds"] for step in steps) - float(result["started"])
        found.append(("Took", chart.duration(took), "", ""))
    return sections.figures(found)


def _visitors(counted: Mapping[str, Any]) -> list[sections.Figure]:
    by_release = ", ".join(f"{count:,} got {name}" for name, count in sorted(counted["by_release"].items()))
    bad = [("Mixed pages", int(counted["mixed"])), ("Failed requests", int(counted["failed"]))]
    return [
        ("Visitors", f"{counted['visits']:,}", by_release, ""),
        *((name, f"{count:,}", "", "bad" if count else "good") for name, count in bad),
    ]


def size(count: int) -> str:
    """A number of bytes for a reader."""
    if count < 1000:
        return f"{count} B"
    if count < 1_000_000:
        return f"{chart.number(count / 1000)} kB"
    return f"{chart.number(count / 1_000_000)} MB"


def _price(dollars: float) -> str:
    """What the paths cost when the free ones of the month are used up (Amazon CloudFront pricing)."""
    return f"at most ${dollars:.3f}"


def _stages(steps: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The steps drawn as one where they follow each other in the same stage."""
    stages: list[dict[str, Any]] = []
    for step in steps:
        name = str(step.get("stage") or step["name"])
        if stages and stages[-1]["name"] == name:
            last = stages[-1]
            last["seconds"] = step["started"] + step["seconds"] - last["started"]
            last["status"] = step.get("status") if last.get("status") == "done" else last.get("status")
        else:
            stages.append({**step, "name": name, "watch": name in _WAITS})
    return stages


def _shots(pictures: Iterable[tuple[str, bytes]]) -> str:
    shown = "".join(
        f'<figure><img src="data:image/png;base64,{base64.b64encode(png).decode()}" alt="{escape(caption)}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
        for caption, png in pictures
    )
    return f'<h2>As a browser shows it</h2>\n<div class="shots">{shown}</div>' if shown else ""


def _files(result: Result) -> str:
    """Files by class and by what happened to them, and the names of those that changed."""
    counts = {change: (result.get("counts") or {}).get(change) or {} for change in _CHANGES}
    classes = [name for name in _CLASSES if any(counts[change].get(name) for change in _CHANGES)]
    rows = [
        f"<tr><td>{name}{''.join(_count(change, counts[change].get(name) or 0) for change in _CHANGES)}<td>"
        for name in classes
    ]
    head = "<th>Class" + "".join(f'<th class="n">{change.capitalize()}' for change in _CHANGES) + "<th>"
    lists = [_names(change, (result.get("files") or {}).get(change) or (), counts[change]) for change in _CHANGES]
    return "\n".join(part for part in [sections.table("Files", head, rows), *lists] if part)


def _count(change: str, count: int) -> str:
    return f'<td class="n" data-label="{change}">{count:,}'


def _names(change: str, names: Sequence[Any], counts: Mapping[str, int]) -> str:
    if not names:
        return ""
    total = sum(counts.values())
    more = f"<li>and {total - len(names):,} more" if total > len(names) else ""
    shown = "".join(f"<li>{_code(name)}" for name in names)
    return f"<details><summary>{change.capitalize()}: {total:,}</summary><ul>{shown}{more}</ul></details>"


def _invalidation(result: Result) -> str:
    told = result.get("invalidation")
    if not told:
        return ""
    paths = "".join(f"<li>{_code(path)}" for path in told["paths"])
    return "<h2>Invalidation</h2>\n" + sections.pairs(
        [
            ("Paths", f"<ul>{paths}</ul>"),
            ("Status", escape(f"{told['status']} after {chart.duration(float(told['seconds']))}")),
            ("Price", f"{_price(told['price'])}, nothing while free paths of the month are left"),
            ("Id", _code(told["id"])),
            ("Caller reference", _code(told["reference"])),
        ]
    )


def _proof(result: Result) -> str:
    """What the edge answered with, request by request."""
    proof = result.get("proof") or {}
    rows = [
        f"<tr><td>{sections.verdict(not check.get('fault'))}<td>{escape(str(check.get('what', '')))}"
        f'<td>{_code(check.get("path"))}<td class="n">{escape(str(check.get("status") or "none"))}'
        f"<td>{escape(str(check.get('fault') or check.get('cache') or ''))}"
        for check in proof.get("checks") or ()
    ]
    return sections.table(
        "Proof at the edge", '<th>Verdict<th>What<th>Path<th class="n">Status<th>What came back', rows
    )


def _kept(result: Result, environment: str) -> str:
    """The releases one can return to, each with the command."""
    command = f"ansible-playbook -i inventories/{environment} playbooks/rollback_frontend.yml -e release="
    rows = [
        f'<tr><td>{_code(_short(each["release"]))}<td class="n">{escape(str(each["seq"]))}'
        f"<td>{_moment(each['activated'])}<td>{_moment(each['deactivated'])}"
        f"<td>{_code(command + _short(each['release']))}"
        for each in result.get("kept") or ()
        if each["release"] != result.get("live")
    ]
    head = '<th>Release<th class="n">Activation<th>Live from<th>Until (UTC)<th>Back to it'
    return sections.table("Releases that are kept", head, rows)
