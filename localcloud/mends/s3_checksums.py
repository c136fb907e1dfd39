# SPDX-License-Identifier: GPL-3.0-or-later
"""S3: checksums that a client sends are compared with what arrived, kept, and given back.

moto believes whatever it is told, and forgets a checksum that comes without x-amz-sdk-checksum-algorithm, so that an
upload that was damaged on its way passes here and fails on AWS. Sources:
https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html (x-amz-checksum-*, Content-MD5),
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html (BadDigest, InvalidDigest, InvalidRequest,
XAmzContentSHA256Mismatch).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from moto.s3.exceptions import S3ClientError
from moto.s3.responses import S3Response

from localcloud.mends.patch import wrap

_HEX_256 = re.compile(r"[0-9a-f]{64}")
_ALGORITHMS: dict[str, Callable[[bytes], bytes]] = {
    "sha256": lambda data: hashlib.sha256(data).digest(),
    "sha1": lambda data: hashlib.sha1(data).digest(),  # noqa: S324 - S3 knows it
    "crc32": lambda data: zlib.crc32(data).to_bytes(4, "big"),
}


class DigestError(S3ClientError):  # type: ignore[misc]
    """400 with a code and a message."""

    code = 400

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)


def install() -> None:
    """Put the mend in place."""
    wrap(S3Response, "put_object", put_object)


def put_object(original: Any, self: S3Response) -> Any:
    """Verify what the request says about its body, before anything is stored."""
    body = _body(self)
    _verify(self.headers, body)
    given = next((name for name in _ALGORITHMS if self.headers.get(f"x-amz-checksum-{name}")), None)
    answer = original(self)
    if given is not None and not self.headers.get("x-amz-sdk-checksum-algorithm"):
        value = self.headers[f"x-amz-checksum-{given}"]
        key = self.backend.get_object(self.bucket_name, self.parse_key_name())
        key.checksum_algorithm, key.checksum_value = given.upper(), value
        answer[1][f"x-amz-checksum-{given}"] = value
    return answer


def _body(response: S3Response) -> bytes:
    """The object's bytes; moto has undone aws-chunked by now."""
    body = response.body or b""
    return body if isinstance(body, bytes) else str(body).encode()


def _verify(headers: Mapping[str, str], body: bytes) -> None:
    signed = headers.get("x-amz-content-sha256", "")
    if _HEX_256.fullmatch(signed) and signed != hashlib.sha256(body).hexdigest():
        raise DigestError(
            "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed."
        )
    if headers.get("Content-MD5"):
        _compare("Content-MD5", headers["Content-MD5"], hashlib.md5(body).digest(), "InvalidDigest")  # noqa: S324
    for name, digest in _ALGORITHMS.items():
        value = headers.get(f"x-amz-checksum-{name}")
        if value:
            _compare(name.upper(), value, digest(body), "InvalidRequest")


def _compare(name: str, given: str, wanted: bytes, malformed: str) -> None:
    try:
        value = base64.b64decode(given, validate=True)
    except binascii.Error:
        value = b""
    if len(value) != len(wanted):
        raise DigestError(malformed, f"Value for {name} is invalid.")
    if value != wanted:
        raise DigestError("BadDigest", f"The {name} you specified did not match what we received.")
