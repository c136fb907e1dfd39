# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs the module of the same name and shows its progress while it runs."""

from __future__ import annotations

from ansible_collections.slipway.ops.plugins.plugin_utils.streaming import StreamingAction


class ActionModule(StreamingAction):
    """Each line bears the distribution's name."""

    label_argument = "name"
