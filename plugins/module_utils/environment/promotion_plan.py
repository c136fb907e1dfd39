# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a promotion would change, from the snapshots of where it comes from and where it goes. Pure.

promote.yml takes what the records of the environment before say that it left serving; the gate there has the last word.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Snapshot = Mapping[str, Any]
Entry = Mapping[str, Any]

SAME, CHANGES, NOTHING, UNKNOWN = "same", "changes", "nothing proven", "unknown"


@dataclass(frozen=True, slots=True)
class Artifact:
    """digest: sha256:HEX, empty for none. git_sha: or empty."""

    digest: str = ""
    git_sha: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one service, or of the site. note: what somebody should know before, or empty."""

    name: str
    verdict: str
    before: Artifact
    after: Artifact
    note: str = ""


@dataclass(frozen=True, slots=True)
class Promotion:
    """From one environment to the next."""

    source: str
    target: str
    changes: tuple[Change, ...]

    @property
    def command(self) -> str:
        return f"ansible-playbook -i inventories/{self.target} playbooks/promote.yml"


def promotions(snapshots: Sequence[Snapshot]) -> list[Promotion]:
    """Those of which both ends are there."""
    by_name = {str(snapshot["name"]): snapshot for snapshot in snapshots}
    found = []
    for target in snapshots:
        source = by_name.get(str((target["ci"]["gate"] or {}).get("from")))
        if source is not None:
            found.append(Promotion(str(source["name"]), str(target["name"]), tuple(_changes(source, target))))
    return found


def _changes(source: Snapshot, target: Snapshot) -> Iterator[Change]:
    closed = [str(end["name"]) for end in (source, target) if _unread(end, "")]
    if closed:
        yield Change("everything", UNKNOWN, Artifact(), Artifact(), f"{' and '.join(closed)} could not be read")
        return
    before = {str(service["name"]): service for service in target["services"]}
    for service in source["services"]:
        name = str(service["name"])
        if name in before:
            yield _change(source, target, name, (service, live(service)), (before[name], live(before[name])))
    if source["site"] and target["site"]:
        ends = [(snapshot["site"], released(snapshot["site"])) for snapshot in (source, target)]
        yield _change(source, target, "site", ends[0], ends[1])


def live(service: Entry) -> Artifact:
    """What a service serves now."""
    color: Entry = next((each for each in service["colors"] if each["color"] == service["live_color"]), {})
    return Artifact(str(color.get("digest") or ""), str(color.get("git_sha") or ""))


def released(site: Entry) -> Artifact:
    """What a site serves now."""
    release = site["release"] or {}
    return Artifact(f"sha256:{release['id']}" if release else "", str(release.get("git_sha") or ""))


def _change(
    source: Snapshot, target: Snapshot, name: str, there: tuple[Entry, Artifact], here: tuple[Entry, Artifact]
) -> Change:
    (entry, serves), before = there, here[1]
    proven = entry["proven"] or {}
    after = Artifact(str(proven.get("digest") or ""), str(proven.get("git_sha") or ""))
    unread = [end["name"] for end in (source, target) if _unread(end, name)]
    if unread:
        return Change(name, UNKNOWN, before, Artifact(), f"{' and '.join(unread)} could not be read")
    if not after.digest:
        return Change(name, NOTHING, before, after, f"{source['name']} has no release that was left serving")
    return Change(name, SAME if after.digest == before.digest else CHANGES, before, after, _note(source, entry, serves))


def _unread(snapshot: Snapshot, name: str) -> bool:
    """Of name, or of everything when that is empty."""
    of_all = ("environment",)
    own = ("distribution", "current") if name == "site" else ("load_balancer", "ecs", "groups")
    parts = (*of_all, *own, f"records {name}") if name else of_all
    return any(problem["part"] in parts for problem in snapshot["problems"])


def _note(source: Snapshot, entry: Entry, serves: Artifact) -> str:
    last, proven = entry["last_release"], entry["proven"]
    if serves.digest != proven["digest"]:
        return f"{source['name']} does not serve it now, but {short(serves.digest) or 'nothing'}"
    if entry["lock"]:
        return f"{entry['lock']['holder']} is at work there"
    if last["id"] != proven["id"]:
        return f"the last run there ended as {words(last['outcome'])}"
    return ""


def short(digest: str | None) -> str:
    """Twelve digits of a digest."""
    return str(digest or "").removeprefix("sha256:")[:12]


def words(outcome: object) -> str:
    """An outcome for people."""
    return str(outcome).replace("_", " ")


def sentence(promotion: Promotion) -> str:
    """One line that says what it would change."""
    changed = [_said(each) for each in promotion.changes if each.verdict == CHANGES]
    rest = [each for each in promotion.changes if each.verdict in (UNKNOWN, NOTHING)]
    notes = f" ({'; '.join(f'{each.name}: {each.note}' for each in rest)})" if rest else ""
    way = f"a promotion from {promotion.source} to {promotion.target} would change"
    if not changed and any(each.verdict == UNKNOWN for each in rest):
        return f"What {way} is not known{notes}"
    return f"A{way[1:]} {', '.join(changed) or 'nothing'}{notes}"


def _said(change: Change) -> str:
    return f"{change.name} ({_named(change.before)} -> {_named(change.after)})"


def _named(artifact: Artifact) -> str:
    """By its commit if that is known: it is what people look up."""
    return artifact.git_sha[:7] or short(artifact.digest) or "nothing"
