# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reads what a gate decides from: the records of the environment that must have proven, a bundle, a registry."""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError

from .. import ecr, releases
from ..blue_green.image_plan import reference
from ..site.preflight import read_release
from .proof_plan import Record, needed, ordered

# As slipway.ops.site_release takes them by default.
MOST_BYTES = 1024**3
MOST_FILES = 20000


def region_of(table: str) -> str:
    """The region of a table that is named by its ARN, empty for a name."""
    parts = table.split(":")
    return parts[3] if len(parts) > 3 else ""


def read_records(client: Any, table: str, service: str, digest: str) -> list[Record]:
    """Newest first. Raises AnsibleAWSError: what cannot be read is never taken for empty."""
    return ordered(needed(releases.newest_first(client, table, service), digest))


def all_records(client: Any, table: str, service: str) -> list[Record]:
    """The same of every record."""
    return ordered(releases.newest_first(client, table, service))


def bundle_release(bundle: str) -> str:
    """The name of the release that a bundle is. Raises BundleError for what cannot be published."""
    with tempfile.TemporaryDirectory(prefix="slipway-gate-") as scratch:
        return read_release(bundle, Path(scratch), MOST_BYTES, MOST_FILES)[0].release


def image_problem(
    client: Any, repository: str, digest: str, wait: float, poll: float, sleep: Callable[[float], None]
) -> str:
    """Why the image is not in the repository under this digest, empty when it is. wait: seconds for its replication.

    Equal means that the manifest that the registry gives has this SHA-256: it names every layer by its own.
    """
    place, deadline = reference(repository), time.monotonic() + wait
    while True:
        try:
            text = ecr.get_manifest(client, place.account, place.repository, digest)
        except AnsibleAWSError as error:
            return f"repository {repository} cannot be read: {' '.join(str(error).split())}"
        if text is not None:
            found = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
            return "" if found == digest else f"repository {repository} has {found} under the digest {digest}"
        if time.monotonic() >= deadline:
            waited = f" (waited {wait:.0f} s for it)" if wait else ""
            return f"{digest} is not in repository {repository}{waited}"
        sleep(poll)
