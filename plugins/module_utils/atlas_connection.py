# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What every module that talks to Atlas takes to log in, and the client made of it."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import AnsibleModule, env_fallback

from .atlas_client import DEFAULT_URL, Client, Credentials, sender

#: Seconds for one answer of Atlas.
HTTP_TIMEOUT = 30.0

REQUIRED_IF = [
    ("auth", "service_account", ["client_id", "client_secret"]),
    ("auth", "api_key", ["public_key", "private_key"]),
]


def connection_arguments() -> dict[str, Any]:
    """The part of the argument spec that documentation fragment slipway.ops.atlas describes."""
    return {
        "project_id": {"type": "str", "required": True, "fallback": (env_fallback, ["MONGODB_ATLAS_PROJECT_ID"])},
        "auth": {"type": "str", "choices": ["service_account", "api_key"], "default": "service_account"},
        "client_id": {"type": "str", "fallback": (env_fallback, ["MONGODB_ATLAS_CLIENT_ID"])},
        "client_secret": {"type": "str", "no_log": True, "fallback": (env_fallback, ["MONGODB_ATLAS_CLIENT_SECRET"])},
        "public_key": {"type": "str", "fallback": (env_fallback, ["MONGODB_ATLAS_PUBLIC_API_KEY"])},
        "private_key": {"type": "str", "no_log": True, "fallback": (env_fallback, ["MONGODB_ATLAS_PRIVATE_API_KEY"])},
        "base_url": {"type": "str", "default": DEFAULT_URL, "fallback": (env_fallback, ["SLIPWAY_ATLAS_URL"])},
    }


def connect(module: AnsibleModule, *, validate_certs: bool) -> Client:
    """The client; with credentials of the chosen kind only, so that a stray variable of the other has no say."""
    params = module.params
    if params["auth"] == "api_key":
        pair = Credentials(public_key=params["public_key"], private_key=params["private_key"])
    else:
        pair = Credentials(client_id=params["client_id"], client_secret=params["client_secret"])
    send = sender(validate_certs=validate_certs, timeout=HTTP_TIMEOUT)
    return Client(params["base_url"], params["project_id"], pair, send, module.warn)
