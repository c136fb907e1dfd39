# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether credentials and endpoints belong together: AWS's own with AWS, the local cloud's with this machine. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

#: Access key ids that the local cloud gives out begin so.
LOCAL_KEY = re.compile(r"A[KS]IASLIPWAYLOCAL")
#: AWS encodes access key ids in base 32, whose digits are 2 to 7.
AWS_KEY = re.compile(r"A[KS]IA[A-Z2-7]{16}")
#: What every long-lived secret of the local cloud says of itself.
LOCAL_SECRET = "not-a-secret-of-the-local"  # noqa: S105 - a part of what is no secret
#: Secrets of Atlas's service accounts, and private parts of its API keys.
ATLAS_SECRET = re.compile(r"mdb_sa_sk_[\w-]{20,}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ATLAS_SECRETS = ("MONGODB_ATLAS_CLIENT_SECRET", "MONGODB_ATLAS_PRIVATE_API_KEY")
ATLAS_URL = "https://cloud.mongodb.com"


@dataclass(frozen=True)
class Access:
    """What a run would use: an access key id, the hosts of AWS's endpoints, Atlas's secrets and its host."""

    access_key: str
    aws_hosts: tuple[str, ...]
    atlas_secrets: tuple[str, ...] = ()
    atlas_host: str = ""


def access(access_key: str, endpoint: str, environ: Mapping[str, str]) -> Access:
    """What a process with this environment uses. `endpoint` is the one that boto3 found for AWS STS.

    Endpoints of single services count as well: https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html.
    """
    urls = [endpoint]
    if environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() != "true":
        urls += [environ[name] for name in sorted(environ) if name.startswith("AWS_ENDPOINT_URL") and environ[name]]
    return Access(
        access_key,
        tuple(dict.fromkeys(host_of(url) for url in urls)),
        tuple(environ[name] for name in ATLAS_SECRETS if environ.get(name)),
        host_of(environ.get("SLIPWAY_ATLAS_URL") or ATLAS_URL),
    )


def access_problem(found: Access) -> str:
    """One line that says what does not belong together, or nothing. No credential is repeated in it."""
    aws = _crossed(LOCAL_KEY.match(found.access_key), AWS_KEY.fullmatch(found.access_key), found.aws_hosts)
    if aws:
        return f"AWS: {aws}; nothing was sent; {_WAY_OUT}"
    for secret in found.atlas_secrets:
        atlas = _crossed(LOCAL_SECRET in secret, ATLAS_SECRET.fullmatch(secret), [found.atlas_host])
        if atlas:
            return f"Atlas: {atlas}; nothing was sent; {_WAY_OUT}"
    if found.atlas_secrets and is_here(found.atlas_host) != is_here(found.aws_hosts[0]):
        return (
            f"AWS is asked at {found.aws_hosts[0]} and Atlas at {found.atlas_host}: one of them is the local cloud and "
            f"the other is not; nothing was changed; {_WAY_OUT}"
        )
    return ""


_WAY_OUT = (
    "for the local cloud run `make local-up` and `. .local/env`, for AWS unset AWS_ENDPOINT_URL and SLIPWAY_ATLAS_URL "
    "and give credentials of its own"
)


def _crossed(local: object, real: object, hosts: Iterable[str]) -> str:
    """What is wrong with credentials of a kind at these hosts."""
    for host in hosts:
        if local and not is_here(host):
            return f"the credentials are the local cloud's, and {host} is not on this machine"
        if real and not local and is_here(host):
            return f"the credentials look like real ones, and {host} is on this machine"
    return ""


def host_of(url: str) -> str:
    """The host that a URL names, or the URL as far as it can be shown when it names none."""
    try:
        host = urlsplit(url).hostname
    except ValueError:
        host = None
    return host or "a URL without a host"


def is_here(host: str) -> bool:
    """Whether a host is this machine's loopback."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
