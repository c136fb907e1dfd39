# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter slipway.ops.cloudfront_site_problems."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.slipway.ops.plugins.module_utils.cloudfront import site_problems_plan

DOCUMENTATION = r"""
name: cloudfront_site_problems
version_added: "0.1.0"
short_description: Say what is wrong with a site's inputs, before anything is created
description:
  - Checks the inputs of role C(slipway.ops.cloudfront_site) beyond their types, from a certificate in a region where
    CloudFront finds none over a Content-Security-Policy that is too long to networks that AWS WAF does not take.
options:
  _input:
    description: The role's inputs without their prefix.
    type: dict
    required: true
author:
  - Contributors to the Slipway project
"""

EXAMPLES = r"""
- name: Check a site
  ansible.builtin.assert:
    that: inputs | slipway.ops.cloudfront_site_problems == []
"""

RETURN = r"""
_value:
  description: One line a finding; empty when the site can be built.
  type: list
  elements: str
"""


def cloudfront_site_problems(site: Mapping[str, Any]) -> list[str]:
    """All findings, as a list."""
    return list(site_problems_plan.site_problems(site))


class FilterModule:
    """What Ansible looks for in a filter plugin."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Filter name to function."""
        return {"cloudfront_site_problems": cloudfront_site_problems}
