# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""boto3 clients of a module that needs many of them."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

with suppress(ImportError):  # AnsibleAWSModule says what is missing
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

from ansible.module_utils.ansible_release import __version__
from ansible_collections.amazon.aws.plugins.module_utils.botocore import get_aws_connection_info
from ansible_collections.amazon.aws.plugins.module_utils.common import get_collection_info
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

# The lease is renewed by calls that must not take longer than it lasts: botocore waits a minute for each answer and
# tries DynamoDB ten times. What has no token must not be sent twice:
# hence a client of ECS with one attempt.
OPTIONS = {
    "ecs:once": {"retries": {"mode": "standard", "total_max_attempts": 1}},
    "dynamodb": {
        "connect_timeout": 3,
        "read_timeout": 5,
        "retries": {"mode": "standard", "total_max_attempts": 4},
    },
}


class OneSession:
    """Makes clients like AnsibleAWSModule.client, from one session instead of one each.

    A session reads botocore's tables of regions and services anew, which takes longer than to make a client: ten
    clients cost a second of CPU time in sessions of their own, a quarter of that in one.
    """

    def __init__(self, module: AnsibleAWSModule) -> None:
        self._module = module
        self._session: Any = None
        self._arguments: dict[str, Any] = {}

    def __call__(self, service: str) -> Any:
        """A new client, service:variant for one with options of its own. Not for several threads at once."""
        options = {"config": OPTIONS[service]} if service in OPTIONS else {}
        try:
            if self._session is None:
                self._open()
            config = self._arguments["config"].merge(Config(**OPTIONS.get(service, {})))
            return self._session.client(service.partition(":")[0], **{**self._arguments, "config": config})
        except (ValueError, BotoCoreError):
            # The module has words for whatever is wrong with region, profile and credentials.
            return self._module.client(service.partition(":")[0], **options)

    def _open(self) -> None:
        region, endpoint, arguments = get_aws_connection_info(self._module)
        session = boto3.session.Session(profile_name=arguments.pop("profile_name", None))
        config = Config(user_agent=_user_agent())
        given = arguments.pop("aws_config", None)
        self._arguments = {
            **arguments,
            "region_name": region,
            "endpoint_url": endpoint,
            "config": config.merge(given) if given else config,
        }
        self._session = session


def _user_agent() -> str:
    """As AnsibleAWSModule's own clients have it."""
    info = get_collection_info()
    collection = "/".join(text for text in (info["name"], info["version"]) if text)
    return f"APN/1.0 Ansible/{__version__} {collection}".rstrip()
