# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the doctor reads of MongoDB Atlas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from .. import atlas_api
from ..atlas_client import Client
from ..atlas_errors import AtlasError
from .atlas_plan import credentials_row, role_row
from .row_plan import Row

# Service accounts are of a later version of the API than the rest.
_ACCOUNTS_VERSION = "2024-08-05"
_VARIABLES = {
    "project_id": "MONGODB_ATLAS_PROJECT_ID",
    "client_id": "MONGODB_ATLAS_CLIENT_ID",
    "client_secret": "MONGODB_ATLAS_CLIENT_SECRET",
    "public_key": "MONGODB_ATLAS_PUBLIC_API_KEY",
    "private_key": "MONGODB_ATLAS_PRIVATE_API_KEY",
}


def missing(params: Mapping[str, Any]) -> str:
    """Names of the variables that are not given, empty if all are."""
    pair = ("public_key", "private_key") if params["auth"] == "api_key" else ("client_id", "client_secret")
    return " and ".join(_VARIABLES[name] for name in ("project_id", *pair) if not params[name])


def rows(client: Client, params: Mapping[str, Any]) -> list[Row]:
    """params: of module atlas_checks."""
    try:
        containers = atlas_api.list_containers(client)
    except AtlasError as error:
        return [credentials_row(params["project_id"], str(error))]
    here = any(each.region == params["region"] for each in containers)
    try:
        roles = own_roles(client, params)
    except AtlasError as error:
        return [credentials_row(params["project_id"], str(error))]
    return [credentials_row(params["project_id"], ""), role_row(roles, container=here)]


def own_roles(client: Client, params: Mapping[str, Any]) -> list[str] | None:
    """Roles of the credentials in the project; None where Atlas does not tell, because they are no owner's."""
    try:
        if params["auth"] == "api_key":
            keys = list(client.pages("list the API keys", "/apiKeys"))
            roles = next((each["roles"] for each in keys if each["publicKey"] == params["public_key"]), [])
            return sorted(role["roleName"] for role in roles if role.get("groupId") == params["project_id"])
        path = f"/serviceAccounts/{quote(params['client_id'], safe='')}"
        return sorted(client.call("read the service account", "GET", path, version=_ACCOUNTS_VERSION)["roles"])
    except AtlasError as error:
        if error.status == 403:
            return None
        raise
