# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines of a site's release bear the site's name, which most people leave at its default."""

from __future__ import annotations

from ansible_collections.slipway.ops.plugins.action.site_release import ActionModule
from ansible_collections.slipway.ops.plugins.modules.site_release import ARGUMENTS


def test_the_label_without_a_name_is_the_name_that_the_module_takes_then():
    assert ActionModule.label_argument == "service"
    assert ActionModule.label_default == ARGUMENTS["service"]["default"]
