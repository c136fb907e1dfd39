# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter slipway.ops.tls_dns_document."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.slipway.ops.plugins.module_utils import tls_dns_plan as plan

DOCUMENTATION = r"""
name: tls_dns_document
version_added: "0.1.0"
short_description: Certificates or records of an environment's names, made from the inputs of role tls_dns
description:
  - Keeps them in one tested place instead of in templates.
positional: _input, kind, purged, requested
options:
  _input:
    description: The role's inputs without their prefix, already validated.
    type: dict
    required: true
  kind:
    description:
      - Which ones. C(certificates) are inputs of M(slipway.ops.acm_certificate_request), C(aliases) records of
        M(slipway.ops.dns_records), C(dropped) those of names that are no longer listed, C(names) all names of an
        environment.
    type: str
    required: true
    choices: [certificates, aliases, dropped, names]
  purged:
    description: For C(dropped), results of M(slipway.ops.acm_certificate_request) that purged what nothing uses.
    type: list
    elements: dict
  requested:
    description: For C(dropped), results of M(slipway.ops.acm_certificate_request) for the certificates that are needed.
    type: list
    elements: dict
author:
  - Contributors to the Slipway project
"""

EXAMPLES = r"""
- name: Show which certificates there will be
  ansible.builtin.debug:
    msg: "{{ inputs | slipway.ops.tls_dns_document('certificates') }}"
"""

RETURN = r"""
_value:
  description: The documents.
  type: list
"""

KINDS: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "certificates": plan.certificates,
    "aliases": plan.aliases,
    "names": lambda inputs: [name for part in plan.PARTS for name in plan.names(inputs, part)],
}


def tls_dns_document(
    inputs: Mapping[str, Any],
    kind: str,
    purged: Sequence[dict[str, Any]] = (),
    requested: Sequence[dict[str, Any]] = (),
) -> Any:
    """The documents of this kind."""
    if kind == "dropped":
        return plan.dropped(inputs, purged, requested)
    if kind not in KINDS:
        raise AnsibleFilterError(f"tls_dns_document: no document {kind!r}")
    return KINDS[kind](inputs)


class FilterModule:
    """What Ansible looks for in a filter plugin."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Filter name to function."""
        return {"tls_dns_document": tls_dns_document}
