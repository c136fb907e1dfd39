# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the doctor says: one row a check, and the table of them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

OK = "ok"
WARNING = "warning"
FAILURE = "failure"

# Wider columns would wrap in a terminal; whole sentences stand below the table.
_FOUND = 72


@dataclass(frozen=True)
class Row:
    """One check. remedy: what to do, with the command to run; empty where there is nothing to do."""

    check: str
    status: str
    found: str
    remedy: str = ""

    def as_dict(self) -> dict[str, str]:
        """As modules return it."""
        return asdict(self)


@dataclass(frozen=True)
class Unread:
    """What could not be read: why, in one line. denied: the caller lacks the permission to look."""

    why: str
    denied: bool = False


def unread(check: str, what: Unread, permission: str) -> Row:
    """A look that failed is never taken for absence; one that was refused leaves the answer open."""
    if what.denied:
        remedy = f"allow {permission} to these credentials, or look for yourself"
        return Row(check, WARNING, f"not known: looking was refused ({what.why})", remedy)
    return Row(check, FAILURE, f"could not be looked at: {what.why}", "mend that, then run doctor.yml again")


def not_looked(check: str, why: str) -> Row:
    """A check that another one's failure left without meaning."""
    return Row(check, WARNING, f"not looked at: {why}", "mend that first, then run doctor.yml again")


def table(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """Lines for a terminal: a table of all rows, then whatever does not fit into it, with each remedy."""
    cells = [("check", "status", "found"), *((row["check"], row["status"], _short(row["found"])) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(2)]
    lines = [f"{check:<{widths[0]}}  {status:<{widths[1]}}  {found}" for check, status, found in cells]
    lines.insert(1, "  ".join(("-" * widths[0], "-" * widths[1], "-" * max(len(line[2]) for line in cells))))
    notes = [note for row in rows for note in _notes(row)]
    return [line.rstrip() for line in lines] + ([""] if notes else []) + notes + ["", summary(rows)]


def summary(rows: Sequence[Mapping[str, str]]) -> str:
    """The last line: how many of each."""
    counts = {status: sum(row["status"] == status for row in rows) for status in (FAILURE, WARNING, OK)}
    return ", ".join(f"{count} {status}{_plural(status, count)}" for status, count in counts.items())


def _plural(status: str, count: int) -> str:
    return "" if status == OK or count == 1 else "s"


def _short(text: str) -> str:
    return text if len(text) <= _FOUND else f"{text[: _FOUND - 3]}..."


def _notes(row: Mapping[str, str]) -> list[str]:
    if row["status"] == OK:
        return []
    return [f"{row['status']}: {row['check']}: {row['found']}", f"    {row['remedy']}"]
