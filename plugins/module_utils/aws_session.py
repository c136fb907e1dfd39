# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""boto3 clients of a module that needs many of them."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

with suppress(ImportError):  # AnsibleAWSModule says what is missing
    import boto3
    from botocore.config import Config

from ansible_collections.amazon.aws.plugins.module_utils.botocore import get_aws_connection_info
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

# The lease is renewed by calls that must not take longer than it lasts: botocore waits a minute for each answer and
# tries DynamoDB ten times.
OPTIONS = {
    "dynamodb": {
        "connect_timeout": 3,
        "read_timeout": 5,
        "retries": {"mode": "standard", "total_max_attempts": 4},
    }
}


class OneSession:
    """Makes clients like AnsibleAWSModule.client, from one session instead of one each.

    A session reads botocore's tables of regions and partitions anew, which takes longer than to make a client: ten
    clients cost a second of CPU time in sessions of their own, a third of that in one.
    """

    def __init__(self, module: AnsibleAWSModule) -> None:
        self._module = module
        self._session: Any = None
        self._arguments: dict[str, Any] = {}

    def __call__(self, service: str) -> Any:
        """A new client. Not for several threads at once."""
        if self._session is None:
            # The first is the module's own, which has words for whatever is wrong with region and credentials.
            options = {"config": OPTIONS[service]} if service in OPTIONS else {}
            first = self._module.client(service, **options)
            self._open(first.meta.config.user_agent)
            return first
        config = self._arguments["config"].merge(Config(**OPTIONS.get(service, {})))
        return self._session.client(service, **{**self._arguments, "config": config})

    def _open(self, user_agent: str) -> None:
        region, endpoint, arguments = get_aws_connection_info(self._module)
        self._session = boto3.session.Session(profile_name=arguments.pop("profile_name", None))
        config = Config(user_agent=user_agent)
        given = arguments.pop("aws_config", None)
        self._arguments = {
            **arguments,
            "region_name": region,
            "endpoint_url": endpoint,
            "config": config.merge(given) if given else config,
        }
