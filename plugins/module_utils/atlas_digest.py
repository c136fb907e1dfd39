# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""HTTP Digest (RFC 7616, qop=auth, MD5) that reuses its nonce: one request a call, not two, for rate limits count."""

from __future__ import annotations

import hashlib
import re
import secrets

_PARAMETER = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')


class Digest:
    """The credentials of an API key and the server's last challenge."""

    def __init__(self, public_key: str, private_key: str) -> None:
        self._public_key = public_key
        self._private_key = private_key
        self._challenge: dict[str, str] = {}
        self._count = 0

    def accept(self, header: str) -> bool:
        """Take a WWW-Authenticate header; False if it is no challenge that we can answer."""
        scheme, _space, rest = header.partition(" ")
        given = {name: quoted or plain for name, quoted, plain in _PARAMETER.findall(rest)}
        usable = scheme.lower() == "digest" and given.get("algorithm", "MD5").upper() == "MD5" and "nonce" in given
        self._challenge, self._count = (given if usable else {}), 0
        return usable

    def header(self, method: str, uri: str) -> str:
        """The Authorization header of a request; empty before the first challenge. uri: path and query as sent."""
        if not self._challenge:
            return ""
        self._count += 1
        nonce, realm = self._challenge["nonce"], self._challenge.get("realm", "")
        count, client = f"{self._count:08x}", secrets.token_hex(8)
        first = _md5(f"{self._public_key}:{realm}:{self._private_key}")
        response = _md5(f"{first}:{nonce}:{count}:{client}:auth:{_md5(f'{method}:{uri}')}")
        parts = [
            f'username="{self._public_key}"',
            f'realm="{realm}"',
            f'nonce="{nonce}"',
            f'uri="{uri}"',
            f'response="{response}"',
            "algorithm=MD5",
            "qop=auth",
            f"nc={count}",
            f'cnonce="{client}"',
        ]
        if "opaque" in self._challenge:
            parts.append(f'opaque="{self._challenge["opaque"]}"')
        return "Digest " + ", ".join(parts)


def _md5(text: str) -> str:
    # The protocol's choice, not ours.
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
