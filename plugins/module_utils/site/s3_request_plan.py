# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a request to S3 says: its target, its headers and its Signature Version 4. Pure.

It signs as botocore does for S3 (the path is escaped once and never normalized, the payload's hash is part of what is
signed), in a fraction of the processor time, most of which botocore spends on building the request before it signs.
https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Credentials:
    """token: of temporary credentials, else empty."""

    access_key: str
    secret_key: str
    token: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a signature holds: the region and the service's signing name (`s3`)."""

    region: str
    service: str = "s3"


@dataclass(frozen=True, slots=True)
class Unsigned:
    """A request but for its signature. headers: lower-case names, `host` among them. sha256: of the body, in hex."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    sha256: str


def escape(key: str) -> str:
    """A key as it stands in a path: everything but unreserved characters and slashes is escaped, once."""
    return quote(key, safe="/~")


def query_string(parameters: Mapping[str, str]) -> str:
    """The parameters as they are sent and signed: escaped, then sorted."""
    pairs = sorted((quote(name, safe="~"), quote(value, safe="~")) for name, value in parameters.items())
    return "&".join(f"{name}={value}" for name, value in pairs)


def checksum(sha256: str) -> str:
    """A sha256 in hex as the checksum headers have it: base64."""
    return base64.b64encode(bytes.fromhex(sha256)).decode()


def stamp(now: float) -> str:
    """Unix seconds as a signature has them: 20260102T030405Z."""
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))


@lru_cache(maxsize=8)
def _signing_key(secret_key: str, day: str, region: str, service: str) -> bytes:
    """One a day for each pair of credentials and scope."""
    key = f"AWS4{secret_key}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def signed_headers(request: Unsigned, credentials: Credentials, scope: Scope, at: str) -> dict[str, str]:
    """All headers of the request, its Authorization among them. at: stamp() of the time of signing."""
    headers = {**request.headers, "x-amz-content-sha256": request.sha256, "x-amz-date": at}
    if credentials.token:
        headers["x-amz-security-token"] = credentials.token
    names = sorted(headers)
    lines = "".join(f"{name}:{' '.join(headers[name].split())}\n" for name in names)
    signed = ";".join(names)
    canonical = f"{request.method}\n{request.path}\n{request.query}\n{lines}\n{signed}\n{request.sha256}"
    holds = f"{at[:8]}/{scope.region}/{scope.service}/aws4_request"
    text = f"{ALGORITHM}\n{at}\n{holds}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = _signing_key(credentials.secret_key, at[:8], scope.region, scope.service)
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    headers["authorization"] = (
        f"{ALGORITHM} Credential={credentials.access_key}/{holds}, SignedHeaders={signed}, Signature={signature}"
    )
    return headers


def head_of(request: Unsigned, headers: Mapping[str, str]) -> bytes:
    """The request's first bytes, up to its body. Raises ValueError for what would break out of a header."""
    target = f"{request.path}?{request.query}" if request.query else request.path
    lines = [f"{request.method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    text = "\r\n".join(lines)
    if text.count("\n") != len(headers) or text.count("\r") != len(headers):
        raise ValueError("a header of this object has a line break in it")
    return f"{text}\r\n\r\n".encode("ascii")
