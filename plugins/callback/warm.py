# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Has local Python modules run by a process that has imported everything already."""

from __future__ import annotations

DOCUMENTATION = r"""
name: warm
type: aggregate
short_description: Runs local Python modules by a process that is warm already, instead of a new Python each
version_added: 0.4.0
description:
  - Results, C(changed) flags and errors are those of stock Ansible, and so are the strategy and the order of tasks. It
    differs in how a module is run that is written in Python, belongs to one of O(collections) or to O(builtin_modules),
    and would be run on this machine, by this Python, as this user.
  - Stock Ansible starts a Python for each of them, which imports boto3 and reads the description of an AWS service
    before it does anything. Here one process per run has done that. It forks a child for each module, and the child
    runs the module's own code with the environment, working directory and arguments that stock would give it.
  - Plugins that nearly every task needs, such as Jinja's filters, are loaded before the first task, and not by each of
    the workers that Ansible forks for one task.
  - Everything else is run as ever, and so is a module when the warm process is not there. That holds for other systems
    than Linux, other connections and interpreters, privilege escalation, E(ANSIBLE_KEEP_REMOTE_FILES), debuggers and
    coverage of modules, own C(module_utils) beside the playbook, and tasks whose C(environment) has what Python reads
    as it starts (E(PYTHONPATH), E(LC_ALL), E(HOME) and the like).
  - With E(SLIPWAY_FAST) set to V(0), and with an ansible-core whose inner workings it has not been tested with, it does
    nothing.
  - It is a callback because one is loaded before the first play and says nothing about the order of tasks. Strategy
    plugins outside of ansible-core are deprecated.
author:
  - Contributors to the Slipway project (@slipway)
requirements:
  - enabled in the C(callbacks_enabled) of ansible.cfg
options:
  collections:
    description: Collections whose modules may be run warm. They must pass ansible-test's import sanity test.
    type: list
    elements: str
    default: [amazon.aws, community.aws, slipway.ops]
    ini:
      - section: callback_warm
        key: collections
  builtin_modules:
    description: Modules of ansible.builtin that may be run warm.
    type: list
    elements: str
    default: [async_status, command, copy, file, find, lineinfile, ping, slurp, stat, tempfile, uri, wait_for]
    ini:
      - section: callback_warm
        key: builtin_modules
  services:
    description: AWS services, as boto3 names them, whose descriptions are read while nothing else is to be done.
    type: list
    elements: str
    default: [sts, ec2, iam, logs, s3, elbv2, ecs, ecr, dynamodb, application-autoscaling, cloudwatch]
    ini:
      - section: callback_warm
        key: services
"""

import os
import sys
from contextlib import ExitStack
from typing import Any

from ansible.plugins.callback import CallbackBase
from ansible.release import __version__ as core

# The ansible-core that it is tested with.
CORE = "2.21."


class CallbackModule(CallbackBase):
    """Starts the warm process before the first play, and has modules run by it until the last one has ended."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "slipway.ops.warm"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._warm = ExitStack()
        self._started = False
        self._compiled: Any = None

    def v2_playbook_on_start(self, playbook: Any) -> None:  # noqa: ARG002
        """Once for each playbook of a run; the first one counts."""
        wanted = os.environ.get("SLIPWAY_FAST", "1") != "0" and sys.platform == "linux" and core.startswith(CORE)
        if self._started or not wanted:
            return
        # Not before: another ansible-core need not have what they import.
        from ansible_collections.slipway.ops.plugins.plugin_utils.warm_actions import warm_actions
        from ansible_collections.slipway.ops.plugins.plugin_utils.warm_client import WarmProcess
        from ansible_collections.slipway.ops.plugins.plugin_utils.warm_controller import load_plugins, spare_workers
        from ansible_collections.slipway.ops.plugins.plugin_utils.warm_templates import compiled_once

        self._started = True
        collections, builtin = self.get_option("collections"), self.get_option("builtin_modules")
        process = self._warm.enter_context(WarmProcess(self.get_option("services")))
        self._warm.enter_context(warm_actions(process, frozenset(collections), frozenset(builtin)))
        self._compiled = self._warm.enter_context(compiled_once())
        load_plugins(["slipway.ops"])
        spare_workers()

    def v2_runner_on_start(self, host: Any, task: Any) -> None:  # noqa: ARG002
        """Before a worker is forked."""
        if self._compiled is not None:
            self._compiled.take()

    def v2_playbook_on_stats(self, stats: Any) -> None:  # noqa: ARG002
        """The last event of a run."""
        self._warm.close()
