# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What an operator is told at the end of a run: where the traffic is and the command to run next. Pure."""

from __future__ import annotations

import re

from .commands_plan import playbook, repair

_COMMAND = re.compile(r"`(ansible-playbook [^`]+)`")


def again(action: str, service: str, image: str | None) -> str:
    """The command that does the same once more."""
    if action == "deploy":
        return playbook("deploy_backend", service, f"image={image}")
    if action == "repair":
        return repair(service)
    names = {"converge": "site", "continue": "continue_backend", "rollback": "rollback_backend"}
    return playbook(names[action], service)


def look(service: str) -> str:
    """Reads everything and changes nothing."""
    return playbook("rollback_backend", service).replace("rollback_backend.yml", "rollback_backend.yml --check --diff")


def advice(outcome: str, action: str, service: str, image: str | None) -> str:
    """What to do after an outcome, as the end of a message."""
    deploy = playbook("deploy_backend", service, "image=IMAGE")
    back = playbook("rollback_backend", service)
    advised = {
        "promoted": f"{back} returns to the release before",
        "awaiting_approval": f"{again('continue', service, None)} moves the traffic, {back} takes the candidate away",
        "rolled_back": f"repair the release, then {deploy}",
        "superseded": f"find out who else changes it, look with {look(service)}, then {again(action, service, image)}",
        "failed": f"look with {look(service)}, then {repair(service)} or {again(action, service, image)}",
        "blocked": f"then {again(action, service, image)}",
    }
    if outcome == "rolled_back" and action == "rollback":
        return f"{deploy} deploys the next release"
    return advised.get(outcome, "")


def with_advice(message: str, outcome: str, action: str, service: str, image: str | None) -> str:
    """The message, ending with a command unless it names one already."""
    if not message or _COMMAND.search(message):
        return message
    told = advice(outcome, action, service, image)
    return f"{message.rstrip('.')}. {told[:1].upper()}{told[1:]}" if told else message


def next_command(message: str, outcome: str, action: str, service: str, image: str | None) -> str:
    """The first command that the message names, or what to run after a good end."""
    found = _COMMAND.search(message) or _COMMAND.search(advice(outcome, action, service, image))
    return found[1] if found else ""
