# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the doctor reads of GitHub."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlsplit

from ansible.module_utils.urls import open_url

from .github_plan import environment_row, without_token
from .row_plan import Row, Unread

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_TIMEOUT = 20


def rows(params: Mapping[str, Any]) -> list[Row]:
    """params: of module github_environment_checks."""
    wanted = [
        {"repository": str(each["repository"]), "environment": str(each.get("environment") or params["environment"])}
        for each in params["repositories"]
    ]
    if not wanted or not params["token"]:
        return without_token(wanted)
    return [
        environment_row(
            each["repository"],
            each["environment"],
            read(params["api_url"], params["token"], each["repository"], each["environment"]),
            reviewers=params["reviewers"],
        )
        for each in wanted
    ]


def read(api: str, token: str, repository: str, name: str) -> dict[str, Any] | Unread | None:
    """The environment as GitHub tells it; None for 404, as also for a repository that the token may not see."""
    place = urlsplit(api)
    if place.scheme != "https" and place.hostname not in _LOOPBACK:
        return Unread(f"the API {api} is not https, and a token would be sent to it")
    url = f"{api.rstrip('/')}/repos/{quote(repository)}/environments/{quote(name, safe='')}"
    headers = {
        "Accept": "application/vnd.github+json",
        "Authorization": f"Bearer {token}",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    try:
        # A redirect would take the token elsewhere.
        with open_url(url, headers=headers, timeout=_TIMEOUT, http_agent="slipway", follow_redirects="none") as answer:
            found = json.load(answer)
    except HTTPError as error:
        with error:
            return None if error.code == 404 else Unread(f"status {error.code}", denied=error.code in (401, 403))
    except (OSError, ValueError) as error:
        return Unread(" ".join(str(getattr(error, "reason", None) or error).split()))
    return found if isinstance(found, dict) else Unread("GitHub answered with something else than an environment")
