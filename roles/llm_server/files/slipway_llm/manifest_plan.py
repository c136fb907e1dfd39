# SPDX-License-Identifier: GPL-3.0-or-later
"""A model's manifest: which files, how large, with which SHA-256. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

SHA256 = re.compile(r"[0-9a-f]{64}")
URI = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/([^?#\s]+)")
SEGMENT = 16 * 1024 * 1024
"""Bytes of one request: what a retry repeats at most, and few enough that one file keeps many connections busy."""


class ManifestError(Exception):
    """What is wrong with a manifest, in one line for people."""


@dataclass(frozen=True)
class File:
    """path: relative, with / between its parts. size: bytes. sha256: hexadecimal."""

    path: str
    size: int
    sha256: str

    @property
    def segments(self) -> int:
        """How many requests it takes."""
        return -(-self.size // SEGMENT)

    def segment(self, number: int) -> tuple[int, int]:
        """Offsets of its first byte and of the one after its last."""
        return number * SEGMENT, min(self.size, (number + 1) * SEGMENT)


@dataclass(frozen=True)
class Location:
    """Where a manifest is; the model's files are beside it."""

    bucket: str
    key: str

    def beside(self, path: str) -> str:
        """The key of a file of the model."""
        return f"{self.key.rpartition('/')[0]}/{path}".lstrip("/")


def locate(uri: str) -> Location:
    """The bucket and key of an s3:// URI. Raises ManifestError."""
    found = URI.fullmatch(uri)
    if not found:
        raise ManifestError(f"{uri}: not s3://BUCKET/PREFIX/manifest.json")
    return Location(found[1], found[2])


def parse(text: bytes) -> tuple[File, ...]:
    """The files of a manifest, largest first, so that what takes longest begins first. Raises ManifestError."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ManifestError(f"not JSON: {error}") from error
    if not isinstance(document, dict) or document.get("version") != 1 or not isinstance(document.get("files"), list):
        raise ManifestError('not {"version": 1, "files": [...]}')
    files = [_file(each) for each in document["files"]]
    if not files:
        raise ManifestError("it names no file")
    _apart(files)
    return tuple(sorted(files, key=lambda file: (-file.size, file.path)))


def _file(entry: Any) -> File:
    """One entry. Raises ManifestError."""
    if not isinstance(entry, dict) or set(entry) != {"path", "size", "sha256"}:
        raise ManifestError(f"{str(entry)[:100]}: a file has path, size and sha256")
    path, size, sha256 = entry["path"], entry["size"], entry["sha256"]
    if not isinstance(path, str) or not _inside(path):
        raise ManifestError(f"{path!r}: not a relative path of plain parts")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise ManifestError(f"{path}: size {size!r} is no number of bytes")
    if not isinstance(sha256, str) or not SHA256.fullmatch(sha256):
        raise ManifestError(f"{path}: sha256 {sha256!r} is not 64 hexadecimal digits in lower case")
    return File(path, size, sha256)


def _inside(path: str) -> bool:
    """Whether a path stays in its folder, and cannot be one of the refill's own files, which begin with a dot."""
    parts = path.split("/")
    return path.isprintable() and "\\" not in path and all(part and not part.startswith(".") for part in parts)


def _apart(files: list[File]) -> None:
    """Raises ManifestError if a file is named twice or is another one's folder."""
    paths = {file.path for file in files}
    if len(paths) != len(files):
        twice = sorted({file.path for file in files if sum(other.path == file.path for other in files) > 1})
        raise ManifestError(f"named twice: {', '.join(twice)}")
    folders = {str(parent) for path in paths for parent in PurePosixPath(path).parents}
    if folders & paths:
        raise ManifestError(f"both a file and a folder: {', '.join(sorted(folders & paths))}")
