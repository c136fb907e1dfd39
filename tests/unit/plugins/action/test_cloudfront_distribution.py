# SPDX-License-Identifier: GPL-3.0-or-later
"""The action plugin of cloudfront_distribution streams as the others do, under the distribution's name."""

from __future__ import annotations

from ansible_collections.slipway.ops.plugins.action.cloudfront_distribution import ActionModule
from ansible_collections.slipway.ops.plugins.modules import cloudfront_distribution
from ansible_collections.slipway.ops.plugins.plugin_utils.streaming import StreamingAction


def test_each_line_bears_the_distribution():
    assert issubclass(ActionModule, StreamingAction)
    assert f"\n  {ActionModule.label_argument}:\n" in cloudfront_distribution.DOCUMENTATION
