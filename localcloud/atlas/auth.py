# SPDX-License-Identifier: GPL-3.0-or-later
"""Who calls: OAuth2 service accounts with bearer tokens, and API keys with HTTP Digest.

Token endpoint: RFC 6749 section 4.4 with the client's id and secret as HTTP Basic. Digest: RFC 7616 with qop=auth and
MD5, as Atlas asks for it ("MMS Public API").
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
import hmac
import re
import secrets
from typing import TYPE_CHECKING

from localcloud.atlas.problems import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

REALM = "MMS Public API"
OWNER, READ_ONLY = "GROUP_OWNER", "GROUP_READ_ONLY"

_PARAMETER = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')


@dataclasses.dataclass(frozen=True, slots=True)
class Principal:
    """One set of credentials: a service account (kind "oauth") or an API key (kind "digest") of one project."""

    kind: str
    id: str
    secret: str
    project: str
    role: str = OWNER


class Authenticator:
    """Knows the principals, mints tokens and nonces; `clock` is in seconds."""

    def __init__(
        self, principals: Iterable[Principal], clock: Callable[[], float], token_seconds: float = 3600.0
    ) -> None:
        self._principals = {(principal.kind, principal.id): principal for principal in principals}
        self._clock = clock
        self.token_seconds = token_seconds
        self.nonce_seconds = 300.0
        self._tokens: dict[str, tuple[Principal, float]] = {}
        self._nonces: dict[str, float] = {}

    def mint(self, authorization: str) -> tuple[str, float]:
        """A bearer token and its lifetime in seconds, for the Basic header of a service account."""
        scheme, _, encoded = authorization.partition(" ")
        try:
            client, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            client = secret = ""
        principal = self._principals.get(("oauth", client)) if scheme.lower() == "basic" else None
        if principal is None or not hmac.compare_digest(principal.secret, secret):
            raise ApiError("UNAUTHORIZED", "Client id or client secret is wrong.")
        token = f"local-atlas-token-{secrets.token_urlsafe(24)}"
        self._tokens[token] = (principal, self._clock() + self.token_seconds)
        return token, self.token_seconds

    def of_project(self, kind: str, project: str) -> list[Principal]:
        """The credentials of one kind that have a role in a project."""
        return [each for each in self._principals.values() if (each.kind, each.project) == (kind, project)]

    def forget(self) -> None:
        """Make every token and nonce invalid, as if their time were over."""
        self._tokens.clear()
        self._nonces.clear()

    def identify(self, method: str, uri: str, authorization: str) -> Principal:
        """The caller of a request; an ApiError with the challenge if there is none."""
        scheme, _, rest = authorization.partition(" ")
        if scheme.lower() == "bearer":
            principal, end = self._tokens.get(rest.strip(), (None, 0.0))
            if principal is None or self._clock() > end:
                raise ApiError("UNAUTHORIZED", "The token is unknown or has expired.")
            return principal
        if scheme.lower() == "digest":
            return self._digest(method, uri, {name: a or b for name, a, b in _PARAMETER.findall(rest)})
        raise self._challenge("You are not authorized for this resource.")

    def _digest(self, method: str, uri: str, given: dict[str, str]) -> Principal:
        principal = self._principals.get(("digest", given.get("username", "")))
        if principal is None or given.get("uri") != uri:
            raise self._challenge("You are not authorized for this resource.")
        born = self._nonces.get(given.get("nonce", ""))
        if born is None or self._clock() - born > self.nonce_seconds:
            raise self._challenge("The nonce is stale.", stale=True)
        secret = _md5(f"{principal.id}:{REALM}:{principal.secret}")
        call = _md5(f"{method}:{uri}")
        middle = ":".join(given.get(name, "") for name in ("nonce", "nc", "cnonce", "qop"))
        if not hmac.compare_digest(_md5(f"{secret}:{middle}:{call}"), given.get("response", "")):
            raise self._challenge("You are not authorized for this resource.")
        return principal

    def _challenge(self, detail: str, *, stale: bool = False) -> ApiError:
        nonce = secrets.token_urlsafe(18)
        self._nonces[nonce] = self._clock()
        value = (
            f'Digest realm="{REALM}", domain="", nonce="{nonce}", algorithm=MD5, qop="auth", stale={str(stale).lower()}'
        )
        return ApiError("UNAUTHORIZED", detail, headers={"WWW-Authenticate": value})


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
