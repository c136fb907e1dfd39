# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The client of the Atlas Administration API v2: authentication, versions, retries and warnings in one place."""

from __future__ import annotations

import base64
import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, Protocol
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit

from ansible.module_utils.urls import open_url

from .atlas_digest import Digest
from .atlas_errors import AtlasError, UnknownOutcomeError

DEFAULT_URL = "https://cloud.mongodb.com"
#: The only version of everything but clusters.
VERSION = "2023-01-01"
PAGE = 100

#: How often a request is sent at most, and the longest wait between two of them in seconds.
TRIES = 6
LONGEST_WAIT = 60.0
_TROUBLE = (500, 502, 503, 504)


@dataclass(frozen=True)
class Credentials:
    """Either a service account (client_id, client_secret) or an API key (public_key, private_key)."""

    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    public_key: str = ""
    private_key: str = field(default="", repr=False)


@dataclass(frozen=True)
class Answer:
    """One HTTP answer. headers: lower-case names. status 0: there was none, body then says why."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON; {} if there is none or it is no JSON, as behind a proxy in trouble."""
        try:
            return json.loads(self.body or b"{}")
        except ValueError:
            return {}


class Send(Protocol):
    """Sends one request; an Answer in any case, also when there is none."""

    def __call__(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer: ...


def sender(*, validate_certs: bool, timeout: float) -> Send:
    """Send requests with Ansible's own HTTP code, which knows proxies and CA bundles."""

    def send(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        try:
            with open_url(
                url,
                method=method,
                headers=dict(headers),
                data=body,
                validate_certs=validate_certs,
                timeout=timeout,
                follow_redirects="none",
                http_agent="slipway",
            ) as response:
                return Answer(response.status, _lower(response.headers), response.read())
        except HTTPError as error:
            with error:
                return Answer(error.code, _lower(error.headers), error.read())
        except (OSError, ValueError) as error:  # no name, no route, refused, reset, timed out, no TLS
            return Answer(0, {}, str(getattr(error, "reason", None) or error).encode())

    return send


@dataclass
class Client:
    """One project of Atlas. warn: called once for each deprecated operation."""

    base_url: str
    project: str
    credentials: Credentials
    send: Send
    warn: Callable[[str], None]
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random
    _token: str = field(default="", init=False, repr=False)
    _digest: Digest | None = field(default=None, init=False, repr=False)
    _warned: set[str] = field(default_factory=set, init=False)

    def __post_init__(self) -> None:
        if self.credentials.public_key:
            self._digest = Digest(self.credentials.public_key, self.credentials.private_key)

    def call(
        self,
        doing: str,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: Any = None,
        version: str = VERSION,
        repeatable: bool = True,
    ) -> Any:
        """Do one call of the project and return its JSON.

        Args:
            doing: what it does, for the error, as in "list the peerings".
            repeatable: False for a POST that makes something: without a clear answer it raises UnknownOutcomeError
                instead of being sent again.

        Raises:
            AtlasError: for every answer that is not a success, whatever its kind; never "absent".
        """
        url = f"{self.base_url.rstrip('/')}/api/atlas/v2/groups/{self.project}{path}"
        if query:
            url += f"?{urlencode(query)}"
        answer = self._send_patiently(doing, method, url, body, version, repeatable=repeatable)
        self._warn_of_end(doing, answer)
        if 200 <= answer.status < 300:
            return answer.json()
        raise _error(doing, answer)

    def pages(self, doing: str, path: str, version: str = VERSION, **query: str) -> Iterator[dict[str, Any]]:
        """All rows of a list, page by page."""
        number, seen = 1, 0
        while True:
            page = self.call(
                doing, "GET", path, query={**query, "itemsPerPage": PAGE, "pageNum": number}, version=version
            )
            rows = page["results"]
            yield from rows
            seen += len(rows)
            if not rows or seen >= page["totalCount"]:
                return
            number += 1

    def _send_patiently(
        self, doing: str, method: str, url: str, body: Any, version: str, *, repeatable: bool
    ) -> Answer:
        renewed = False
        for tried in range(1, TRIES + 1):
            answer = self._send_once(doing, method, url, body, version)
            if answer.status == 401 and not renewed and self._renew(answer):
                renewed = True
                answer = self._send_once(doing, method, url, body, version)
            limited, trouble = answer.status == 429, answer.status in (0, *_TROUBLE)
            if trouble and not repeatable:
                raise UnknownOutcomeError(doing, answer.status, *_told(answer))
            if not (limited or trouble) or tried == TRIES:
                return answer
            self.sleep(self._pause(tried, answer))
        raise AssertionError("unreachable")

    def _send_once(self, doing: str, method: str, url: str, body: Any, version: str) -> Answer:
        kind = f"application/vnd.atlas.{version}+json"
        headers = {"Accept": kind} | ({} if body is None else {"Content-Type": kind})
        authorization = self._authorization(doing, method, url)
        if authorization:
            headers["Authorization"] = authorization
        return self.send(method, url, headers, None if body is None else json.dumps(body).encode())

    def _authorization(self, doing: str, method: str, url: str) -> str:
        if self._digest:
            parts = urlsplit(url)
            return self._digest.header(method, parts.path + (f"?{parts.query}" if parts.query else ""))
        if not self._token:
            self._token = self._mint(doing)
        return f"Bearer {self._token}"

    def _renew(self, answer: Answer) -> bool:
        """After a 401: a new token, or the answer to a new challenge; False if there is nothing to try."""
        if self._digest:
            return self._digest.accept(answer.headers.get("www-authenticate", ""))
        self._token = ""
        return True

    def _mint(self, doing: str) -> str:
        """A token by the client credentials grant, RFC 6749 section 4.4."""
        pair = f"{self.credentials.client_id}:{self.credentials.client_secret}"
        headers = {
            "Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}",
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        url = f"{self.base_url.rstrip('/')}/api/oauth/token"
        for tried in range(1, TRIES + 1):
            answer = self.send("POST", url, headers, b"grant_type=client_credentials")
            if answer.status not in (0, 429, *_TROUBLE) or tried == TRIES:
                break
            self.sleep(self._pause(tried, answer))
        if answer.status != 200:
            raise _error(f"give a token to {doing}", answer)
        return str(answer.json()["access_token"])

    def _pause(self, tried: int, answer: Answer) -> float:
        """Seconds to wait: what Retry-After says and a little more, or exponential with jitter where it is missing."""
        asked = _retry_after(answer.headers.get("retry-after", ""))
        if asked is not None:
            return min(asked, LONGEST_WAIT) + self.jitter()
        return min(LONGEST_WAIT, 2.0 ** (tried - 1)) * (0.5 + self.jitter() / 2)

    def _warn_of_end(self, doing: str, answer: Answer) -> None:
        sunset, deprecated = answer.headers.get("sunset"), answer.headers.get("deprecation")
        if (sunset or deprecated) and doing not in self._warned:
            self._warned.add(doing)
            when = f"ends on {sunset}" if sunset else f"is deprecated since {deprecated}"
            self.warn(f"The version of Atlas's API with which Slipway can {doing} {when}: update Slipway before.")


def _error(doing: str, answer: Answer) -> AtlasError:
    return AtlasError(doing, answer.status, *_told(answer))


def _told(answer: Answer) -> tuple[str, str]:
    """Code and detail of an answer that is no success."""
    if not answer.status:
        return "", answer.body.decode(errors="replace")
    told = answer.json()
    if not isinstance(told, dict):
        return "", ""
    # The token endpoint answers in the words of RFC 6749: error and error_description.
    return str(told.get("errorCode", "")), str(told.get("detail") or told.get("error_description") or "")


def _retry_after(value: str) -> float | None:
    """Seconds, from either form of RFC 9110 section 10.2.3."""
    if value.isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (TypeError, ValueError):
        return None


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
