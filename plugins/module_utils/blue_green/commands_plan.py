# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The commands that messages tell an operator to run. Pure."""

from __future__ import annotations


def playbook(name: str, service: str, *extra: str) -> str:
    """A whole command line; the module does not know which inventory it was run with."""
    variables = " ".join(f"-e {item}" for item in (f"service={service}", *extra))
    return f"`ansible-playbook -i INVENTORY playbooks/{name}.yml {variables}`"


def repair(service: str) -> str:
    return playbook("repair_backend", service, f"confirm={service}")
