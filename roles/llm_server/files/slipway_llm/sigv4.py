# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS Signature Version 4 (AWS General Reference, "Create a signed AWS API request"). Pure: keys and time come in.

boto3 is in no distribution's base system, and to install it at boot would take the network that the host may not have.
"""

from __future__ import annotations

import hashlib
import hmac
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

UNSIGNED = "UNSIGNED-PAYLOAD"
"""The payload's hash where S3 need not know it, as TLS or the checksum of what comes back vouches for it."""


@dataclass(frozen=True)
class Keys:
    """Credentials. token: of temporary ones, else empty."""

    access: str
    secret: str
    token: str = ""


@dataclass(frozen=True)
class Scope:
    """What a signature is valid for: a region and a service by its signing name (s3, monitoring, autoscaling, ecr)."""

    region: str
    service: str


def payload_hash(body: bytes) -> str:
    """The SHA-256 of a body, in hexadecimal."""
    return hashlib.sha256(body).hexdigest()


def sign(
    method: str, url: str, headers: Mapping[str, str], payload: str, scope: Scope, keys: Keys, now: datetime
) -> dict[str, str]:
    """The headers of the request, signed: those given, and host, x-amz-date, x-amz-security-token, authorization.

    url: with its path percent-encoded already. payload: the hash of the body, or UNSIGNED. now: in UTC.
    """
    parts = urllib.parse.urlsplit(url)
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    signed = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    signed.update({"host": parts.netloc, "x-amz-date": stamp})
    if scope.service == "s3":
        signed["x-amz-content-sha256"] = payload
    if keys.token:
        signed["x-amz-security-token"] = keys.token
    names = ";".join(sorted(signed))
    listed = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
    canonical = "\n".join([method, parts.path or "/", _query(parts.query), listed, names, payload])
    credential = f"{stamp[:8]}/{scope.region}/{scope.service}/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, credential, payload_hash(canonical.encode())])
    signature = hmac.new(_key(keys.secret, stamp[:8], scope), text.encode(), hashlib.sha256).hexdigest()
    signed["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={keys.access}/{credential}, SignedHeaders={names}, Signature={signature}"
    )
    return signed


def _query(query: str) -> str:
    """The query string in canonical form: encoded, sorted by name and value."""
    pairs = urllib.parse.parse_qsl(query, keep_blank_values=True)
    quoted = sorted(
        (urllib.parse.quote(name, safe="-_.~"), urllib.parse.quote(value, safe="-_.~")) for name, value in pairs
    )
    return "&".join(f"{name}={value}" for name, value in quoted)


def _key(secret: str, day: str, scope: Scope) -> bytes:
    """The signing key of one day, region and service."""
    key = f"AWS4{secret}".encode()
    for part in (day, scope.region, scope.service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
