# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions of resources by date, as asked for in the Accept header.

https://www.mongodb.com/docs/atlas/api/versioned-api-overview/: a version is the resource's, deprecated ones answer with
headers, removed ones with 410.
"""

from __future__ import annotations

import dataclasses
import re

from localcloud.atlas.problems import ApiError

_ACCEPT = re.compile(r"application/vnd\.atlas\.([^+;\s]+)\+json")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")

_FIRST = ("2023-01-01",)
#: Operations with versions of their own; all others have the first one only.
_VERSIONS = {
    "listClusters": ("2023-01-01", "2023-02-01", "2024-08-05"),
    "getCluster": ("2023-01-01", "2023-02-01", "2024-08-05"),
    "createCluster": ("2023-01-01", "2023-02-01", "2024-08-05", "2024-10-23"),
    "updateCluster": ("2023-01-01", "2023-02-01", "2024-08-05", "2024-10-23"),
    "deleteCluster": ("2023-01-01", "2023-02-01"),
    "getServiceAccount": ("2024-08-05",),
}


@dataclasses.dataclass(slots=True)
class Deprecation:
    """When an operation was deprecated and when it ends, as HTTP dates for the headers; gone: it has ended."""

    deprecated: str
    sunset: str
    gone: bool = False

    def headers(self) -> dict[str, str]:
        """The headers of RFC 8594 and RFC 9745 as Atlas sends them."""
        return {"Deprecation": self.deprecated, "Sunset": self.sunset}


def negotiate(operation: str, accept: str, deprecation: Deprecation | None) -> tuple[str, dict[str, str]]:
    """The version that serves this request, and the headers that warn about it."""
    match = _ACCEPT.search(accept)
    if match is None:
        raise ApiError("NOT_ACCEPTABLE", "The Accept header must be application/vnd.atlas.YYYY-MM-DD+json.")
    if not _DATE.fullmatch(match[1]):
        raise ApiError("INVALID_VERSION_DATE", f"{match[1]} is not a date.")
    if match[1] not in _VERSIONS.get(operation, _FIRST):
        raise ApiError("NOT_ACCEPTABLE", f"{operation} has no version {match[1]}.")
    if deprecation and deprecation.gone:
        raise ApiError("VERSION_REMOVED", f"Version {match[1]} of {operation} was removed.")
    return match[1], deprecation.headers() if deprecation else {}
