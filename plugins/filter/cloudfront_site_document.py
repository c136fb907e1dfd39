# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter slipway.ops.cloudfront_site_document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.slipway.ops.plugins.module_utils.cloudfront import site_documents_plan as plan
from ansible_collections.slipway.ops.plugins.module_utils.cloudfront import site_firewall_plan as firewall

DOCUMENTATION = r"""
name: cloudfront_site_document
version_added: "0.1.0"
short_description: One of a site's documents, made from the inputs of role cloudfront_site
description:
  - Keeps the documents in one tested place instead of in templates.
positional: _input, kind, about
options:
  _input:
    description: The role's inputs without their prefix, already validated.
    type: dict
    required: true
  kind:
    description: Which document.
    type: str
    required: true
    choices: [buckets, bucket_policy, parts, distribution, web_acls]
  about:
    description:
      - What the document is made from besides the inputs. For C(bucket_policy) the distribution's ARN, for C(parts) the
        source of the function, for C(distribution) a dictionary of C(ids) and C(web_acl_arn).
    type: raw
author:
  - Contributors to the Slipway project
"""

EXAMPLES = r"""
- name: Show who may read the bucket
  ansible.builtin.debug:
    msg: "{{ inputs | slipway.ops.cloudfront_site_document('bucket_policy', distribution.arn) }}"
"""

RETURN = r"""
_value:
  description: The document.
  type: raw
"""

ALONE: dict[str, Callable[..., Any]] = {"buckets": plan.buckets, "web_acls": firewall.web_acls}
ABOUT: dict[str, Callable[..., Any]] = {
    "bucket_policy": plan.bucket_policy,
    "parts": plan.parts,
    "distribution": plan.distribution,
}


def cloudfront_site_document(site: Mapping[str, Any], kind: str, about: Any = None) -> Any:
    """The document of that kind."""
    if kind in ALONE:
        return ALONE[kind](site)
    if kind in ABOUT:
        return ABOUT[kind](site, about)
    raise AnsibleFilterError(f"cloudfront_site_document: no document {kind}")


class FilterModule:
    """What Ansible looks for in a filter plugin."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Filter name to function."""
        return {"cloudfront_site_document": cloudfront_site_document}
