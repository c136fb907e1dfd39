# SPDX-License-Identifier: GPL-3.0-or-later
"""The token of a web identity, as AssumeRoleWithWebIdentity takes it: what it claims, and whether its issuer is known.

Its signature is not checked: the local cloud has no keys of GitHub's. What is checked is what AWS checks besides: an
identity provider of the account for the issuer, with this audience, and a time that is not over
(https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html).
"""

from __future__ import annotations

import base64
import binascii
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moto.iam.models import iam_backends


@dataclass(frozen=True, slots=True)
class Claims:
    """host: the issuer's, without https://."""

    host: str
    all: Mapping[str, Any]

    @property
    def texts(self) -> dict[str, str]:
        """The claims that can be compared with."""
        return {name: str(value) for name, value in self.all.items() if isinstance(value, str | int)}

    def provider(self, account: str) -> str:
        """ARN of the issuer's identity provider in an account."""
        return f"arn:aws:iam::{account}:oidc-provider/{self.host}"


def claims_of(token: str) -> Claims | None:
    """The claims of a JWT (RFC 7519); None for what is none."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error):
        return None
    if not isinstance(claims, dict) or not str(claims.get("iss", "")).startswith("https://"):
        return None
    return Claims(str(claims["iss"]).removeprefix("https://"), claims)


def provider_problem(account: str, claims: Claims) -> str:
    """What AWS says of a token that it does not take, empty if it does."""
    provider = iam_backends[account]["aws"].open_id_providers.get(claims.provider(account))
    if provider is None:
        return f"No OpenIDConnect provider found in your account for https://{claims.host}"
    if claims.all.get("aud") not in provider.client_id_list:
        return "Incorrect token audience"
    expires = claims.all.get("exp")
    if not isinstance(expires, int | float) or expires < time.time():
        return "Token expired"
    return ""
