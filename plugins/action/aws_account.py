# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fail unless the credentials belong to an account. See the module of the same name."""

from __future__ import annotations

import os
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.slipway.ops.plugins.module_utils.endpoint_plan import access, access_problem

try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError as error:
    boto3 = None
    MISSING = str(error)
else:
    MISSING = ""

# A hanging endpoint is told within a minute, a throttled one is asked again.
PATIENCE = {"connect_timeout": 5, "read_timeout": 10, "retries": {"mode": "standard", "total_max_attempts": 4}}


def caller(region: str) -> str:
    """Number of the account that this process's credentials belong to; raises AnsibleActionFail with one line."""
    if boto3 is None:
        raise AnsibleActionFail(f"boto3 is missing on the controller (make venv installs it): {MISSING}")
    try:
        session = boto3.Session()
        client = session.client("sts", region_name=region, config=Config(**PATIENCE))
        _refuse_crossed(session, client.meta.endpoint_url)
        answer = client.get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        raise AnsibleActionFail(f"no usable AWS credentials: {' '.join(str(error).split())}") from None
    return str(answer["Account"])


def _refuse_crossed(session: Any, endpoint: str) -> None:
    """Real credentials are not sent to an endpoint on this machine, nor the local cloud's to any other."""
    found = session.get_credentials()
    problem = access_problem(access(found.access_key if found else "", endpoint, os.environ))
    if problem:
        raise AnsibleActionFail(problem)


class ActionModule(ActionBase):
    """Asks in the controller's own process, whose environment the modules of a local connection have too: a module of
    its own would take a second to say the same."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Fail with one line, or do nothing."""
        result = super().run(tmp, task_vars)
        _result, arguments = self.validate_argument_spec(
            argument_spec={
                "account_id": {"type": "str", "required": True},
                "environment": {"type": "str", "required": True},
                "region": {"type": "str", "required": True},
            }
        )
        found = caller(arguments["region"])
        if found != arguments["account_id"]:
            raise AnsibleActionFail(
                f"wrong account: the credentials belong to {found}, inventory {arguments['environment']} to "
                f"{arguments['account_id']}"
            )
        return result | {"changed": False, "account": found}
