# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What an operator is told at the end of a run: what visitors are served, and the command to run next. Pure."""

from __future__ import annotations

import re
import shlex

from .model_plan import short
from .state_plan import ACTIVATING, Current

_COMMAND = re.compile(r"`(ansible-playbook [^`]+)`")


def again(action: str, bundle: str = "", release: str = "") -> str:
    """The command that does the same once more."""
    if action == "rollback":
        return _playbook("rollback_frontend", *([f"release={release}"] if release else []))
    # With verify a publish removes whatever a prune does.
    verify = ["verify=true"] if action == "prune" else []
    return _playbook("deploy_frontend", f"bundle={bundle or 'BUNDLE'}", *verify)


def _playbook(name: str, *variables: str) -> str:
    """A whole command line; the module does not know which inventory it was run with."""
    extra = "".join(f" -e {shlex.quote(variable)}" for variable in variables)
    return f"`ansible-playbook -i INVENTORY playbooks/{name}.yml{extra}`"


def served(current: Current | None) -> str:
    """What visitors get, as far as the site's state tells."""
    if current is None:
        return "visitors are served nothing: no release was ever live"
    named = f"release {short(current.release)} (activation {current.seq})"
    if current.active:
        return f"visitors are served {named}"
    before = f"release {short(current.previous)}" if current.previous else "nothing"
    if current.state == ACTIVATING:
        return f"the switch from {before} to {named} is under way: visitors are served the one or the other, each whole"
    return f"the bucket has {named}; edges that are not told yet serve {before}, which is whole"


def found_text(current: Current | None) -> str:
    """What there was, for the beginning of a run."""
    if current is None:
        return "nothing is published yet"
    if current.active:
        left = f"; the removal of {len(current.pruning)} releases was interrupted" if current.pruning else ""
        return f"release {short(current.release)} is live (activation {current.seq}){left}"
    return f"the switch to release {short(current.release)} (activation {current.seq}) was interrupted: {current.state}"


def advice(outcome: str, action: str, bundle: str, release: str) -> str:
    """What to do after an outcome, as the end of a message."""
    same = again(action, bundle, release)
    advised = {
        "promoted": f"{again('rollback')} returns to the release before",
        "rolled_back": f"{again('publish')} publishes the next release",
        "superseded": f"find out who else publishes, then {same}",
        "blocked": f"then {same}",
        "failed": f"{same} goes on from there, {again('rollback')} returns to the release before",
    }
    if outcome == "failed" and action != "publish":
        return f"{same} goes on from there"
    return advised.get(outcome, "")


def with_advice(message: str, outcome: str, action: str, bundle: str, release: str) -> str:
    """The message, ending with a command unless it names one already."""
    if not message or _COMMAND.search(message):
        return message
    told = advice(outcome, action, bundle, release)
    return f"{message.rstrip('.')}. {told[:1].upper()}{told[1:]}" if told else message


def next_command(message: str, outcome: str, action: str, bundle: str, release: str) -> str:
    """The first command that the message names, or what to run after a good end."""
    found = _COMMAND.search(message) or _COMMAND.search(advice(outcome, action, bundle, release))
    return found[1] if found else ""
