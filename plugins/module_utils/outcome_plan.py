# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a run's results mean for whoever started it: the exit status, a summary in Markdown, and outputs. Pure.

A result is that of slipway.ops.ecs_blue_green or of slipway.ops.site_release. Its texts come from AWS, from the service
and from whoever named a branch, an image or a file: in the summary they are data, whatever they look like.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

Result = Mapping[str, Any]

# Exit status of the process by outcome; what is not listed has none of its own. Ansible's own are 0 to 8, 99 and 250.
STATUSES = {"blocked": 20, "rolled_back": 21, "superseded": 22, "awaiting_approval": 23, "failed": 24}
# Of several services the worst one tells, the first of these being the best.
_SEVERITY = ("awaiting_approval", "blocked", "rolled_back", "superseded", "failed")

_LONGEST = 500
_MOST_ROWS = 200
# Everything that means something in Markdown or HTML, and what would make a bare URL a link.
_SPECIAL = re.compile(r"[^A-Za-z0-9 ,;/=%.\-:]|:(?=//)|(?<=www)\.")
_CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}


def counts(result: Result) -> bool:
    """converge moves no traffic: how it ended is said by Ansible's own status."""
    return result.get("action") != "converge"


def as_asked(result: Result) -> bool:
    """Whether it ended as it was meant to, also a rollback that somebody asked for."""
    outcome = result["outcome"]
    return outcome in ("promoted", "repaired", "pruned") or (
        outcome == "rolled_back" and result.get("action") == "rollback"
    )


def _rank(result: Result) -> int:
    outcome = result["outcome"]
    return -1 if as_asked(result) or outcome not in _SEVERITY else _SEVERITY.index(outcome)


def by_severity(results: Iterable[Result]) -> list[Result]:
    """The worst one last."""
    return sorted(results, key=_rank)


def exit_status(results: Iterable[Result], *, check_mode: bool) -> int:
    """Of the worst result; 0 when all is well, and then Ansible's own status stands. A plan is well unless blocked."""
    worst = by_severity(results)[-1:]
    if not worst or _rank(worst[0]) < 0:
        return 0
    outcome = worst[0]["outcome"]
    return 0 if check_mode and outcome not in ("blocked", "failed") else STATUSES[outcome]


def last_line(result: Result, *, check_mode: bool) -> str:
    """The last thing that the operator reads."""
    status = exit_status([result], check_mode=check_mode)
    ended = "planned" if check_mode and not status else result["outcome"]
    then = result.get("next", "")
    return plain(f"{result['service']}: {ended}, exit status {status}{f'; next: {then}' if then else ''}")


def planned_lines(result: Result, *, check_mode: bool) -> list[str]:
    """What the operator reads about a site's plan: files by class, bytes, and what the edge would be told."""
    if not check_mode or not _is_site(result) or result["outcome"] in ("blocked", "failed"):
        return []
    counts, told = result.get("counts") or {}, result.get("invalidation") or {}
    lines = [
        f"{change}: {', '.join(f'{count} {kind}' for kind, count in sorted(counts[change].items()))}"
        for change in ("added", "changed", "removed", "unchanged")
        if counts.get(change)
    ]
    lines.append(f"to upload: {result.get('bytes') or 0:,} bytes")
    if told:
        lines.append(f"to invalidate: {' '.join(told['paths'])}, at most {told['price']:.3f} USD")
    return [plain(f"{result['service']}: {line}") for line in lines]


def proof_line(proof: Result) -> str:
    """What the operator reads of the gate that let a deployment through."""
    told = f"proven in {proof['source']} by the {_proved(proof)}"
    if proof.get("break_glass"):
        told = f"GLASS BROKEN ({proof['break_glass']}), as {proof['reason']}"
    return plain(f"{proof['service']}: {told}")


def _proved(proof: Result) -> str:
    """The run that proved it."""
    record = proof.get("proof") or {}
    by = f" by {record['by']}" if record.get("by") else ""
    return f"{record.get('kind', 'run')} of {str(record.get('id', '')).partition('#')[0]}{by}"


def plain(text: Any) -> str:
    """One line without control characters, also without those that turn the direction of the text."""
    return " ".join("".join(char if char.isprintable() else " " for char in str(text)).split())


def shown(text: Any, longest: int = _LONGEST) -> str:
    """A text as Markdown that renders as just this text."""
    line = plain(text)
    cut = line if len(line) <= longest else f"{line[:longest]}..."
    return _SPECIAL.sub(lambda match: f"&#{ord(match[0])};", cut)


def code(text: Any) -> str:
    return f"<code>{shown(text)}</code>" if plain(text) else ""


def outputs(result: Result, *, check_mode: bool) -> dict[str, str]:
    """Name -> value of what the job's next steps may want. color: the one that has the traffic, if that is known."""
    outcome = result["outcome"]
    planned = check_mode and outcome not in ("blocked", "failed")
    if _is_site(result):
        return {"outcome": "planned" if planned else outcome, **_site_outputs(result)}
    colors = result.get("colors") or {}
    known = {"from": outcome not in ("failed", "superseded"), "to": as_asked(result) and not planned}
    color = (colors.get("to") if known["to"] else colors.get("from")) if known["from"] else ""
    return {
        "outcome": "planned" if planned else outcome,
        "service": plain(result.get("service", "")),
        "digest": plain(result.get("digest", "")),
        "image": plain(result.get("image", "")),
        "color": plain(color or ""),
        "previous_image": _released(result),
    }


def _is_site(result: Result) -> bool:
    return "distribution_id" in result


def _site_outputs(result: Result) -> dict[str, str]:
    """release: the one that was to be live; live_release: the one that visitors get, empty when that is not sure."""
    return {
        "service": plain(result.get("service", "")),
        "digest": plain(result.get("digest", "")),
        "release": plain(result.get("release", "")),
        "live_release": plain(result.get("live", "")),
        "previous_release": plain(result.get("previous", "")),
        "site_url": plain(result.get("site_url", "")),
    }


def _released(result: Result) -> str:
    """The image before; a service that was never released has none, only the name of one that never ran."""
    image = plain(result.get("previous_image", ""))
    return image if "@" in image else ""


def output_lines(values: Mapping[str, str], delimiter: str) -> str:
    """In GitHub's form for values of any lines (GitHub Docs, workflow commands, multiline strings).

    delimiter must be one that nobody can guess, or a value could end itself and set other outputs.
    """
    return "".join(f"{name}<<{delimiter}\n{value}\n{delimiter}\n" for name, value in values.items())


def summary(result: Result, *, check_mode: bool, proof: Result | None = None) -> str:
    """The run as Markdown: how it ended, what to do next, and how it went. proof: what the gate said, if one did."""
    planned = check_mode and result["outcome"] not in ("blocked", "failed")
    title = "plan" if planned else result["outcome"].replace("_", " ")
    parts = [
        f"## {shown(result['service'])}: {shown(title)}",
        "" if as_asked(result) else shown(result.get("msg", ""), 2000),
        _facts(result, proof or {}),
        _next(result),
        _steps(result.get("steps") or []),
        _checks("Smoke checks", result.get("smoke") or []),
        _checks("Proof at the edge", (result.get("proof") or {}).get("checks") or []),
        _notes(result.get("notes") or []),
        _links(result),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _facts(result: Result, proof: Result) -> str:
    colors, ran = result.get("colors") or {}, result.get("run") or {}
    moved = f"{shown(colors['from'])} to {shown(colors['to'])}" if colors.get("from") and colors.get("to") else ""
    began = (
        datetime.fromtimestamp(result["started"], UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if "started" in result else ""
    )
    total = (result.get("timings") or {}).get("total")
    facts = {
        "Outcome": code(result["outcome"]),
        "Cluster": code(result.get("cluster", "")),
        "Digest": code(result.get("digest", "")),
        **_site_facts(result),
        **_proof_facts(proof),
        "Image before": code(_released(result)),
        "Found": shown(result.get("found", "")),
        "Colors": moved,
        "Started": began,
        "Took": f"{total:.1f} s" if total else "",
        "By": shown(ran.get("by", "")),
        "Commit": code(ran.get("git_sha", "")),
    }
    rows = [[name, value] for name, value in facts.items() if value]
    return _table(["", ""], rows)


def _site_facts(result: Result) -> dict[str, str]:
    """What only a site's release has."""
    if not _is_site(result):
        return {}
    counts, told = result.get("counts") or {}, result.get("invalidation") or {}
    files = [f"{sum(kinds.values())} {change}" for change, kinds in counts.items() if kinds]
    paths = f"{len(told['paths'])} paths, {told['status']}, at most {told['price']:.3f} USD" if told else ""
    return {
        "Visitors get": code(result.get("live", "")),
        "Release before": code(result.get("previous", "")),
        "Activation": code(result.get("seq") or ""),
        "Files": shown(", ".join(files)),
        "Invalidation": shown(paths),
        "Site": code(result.get("site_url", "")),
    }


def _proof_facts(proof: Result) -> dict[str, str]:
    """Where the artifact was proven, or why it went out without that."""
    if proof.get("break_glass"):
        return {"**Glass broken**": shown(proof["break_glass"]), "Not proven, as": shown(proof["reason"])}
    if not proof:
        return {}
    return {
        f"Proven in {shown(proof['source'])}": shown(_proved(proof)),
        "Proven by run": code((proof.get("proof") or {}).get("run_url", "")),
    }


def _next(result: Result) -> str:
    then = plain(result.get("next", ""))
    return f"Next: {code(then)}" if then else ""


def _steps(steps: list[Mapping[str, Any]]) -> str:
    rows = [
        [
            f"{step.get('started', 0):.1f} s",
            shown(step.get("name", "")),
            shown(step.get("status", "")),
            f"{step.get('seconds', 0):.1f} s",
            shown(step.get("detail", "")),
        ]
        for step in steps[:_MOST_ROWS]
    ]
    return "### Steps\n\n" + _table(["At", "Step", "Status", "Took", "Last seen"], rows) if rows else ""


def _checks(title: str, checks: list[Mapping[str, Any]]) -> str:
    """A row a check; the columns are whatever the checks tell."""
    names = list(dict.fromkeys(name for check in checks for name in check))
    rows = [[shown(check.get(name, "")) for name in names] for check in checks[:_MOST_ROWS]]
    return f"### {title}\n\n" + _table([shown(name) for name in names], rows) if names else ""


def _notes(notes: list[Any]) -> str:
    return "### Notes\n\n" + "\n".join(f"- {shown(note)}" for note in notes[:_MOST_ROWS]) if notes else ""


def _links(result: Result) -> str:
    """To the console, from names alone: nothing that somebody else wrote becomes an address."""
    if _is_site(result):
        place = "https://us-east-1.console.aws.amazon.com/cloudfront/v4/home#/distributions"
        return f"Console: [distribution]({place}/{quote(plain(result['distribution_id']), safe='')})"
    arns = [arn.split(":") for arn in (result.get("task_definitions") or {}).values() if arn.startswith("arn:")]
    cluster, service = result.get("cluster", ""), result["service"]
    if not arns or not cluster:
        return ""
    _arn, partition, _ecs, region = arns[0][:4]
    host = f"https://{quote(region)}.{_CONSOLES.get(partition, _CONSOLES['aws'])}"
    place = f"{host}/ecs/v2/clusters/{quote(cluster, safe='')}/services"
    links = [
        f"[{color}]({place}/{quote(f'{service}-{color}', safe='')}/health?region={quote(region)})"
        for color in ("blue", "green")
    ]
    return f"Console: {' · '.join(links)}"


def _table(names: list[str], rows: list[list[str]]) -> str:
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
