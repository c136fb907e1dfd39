# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reads a bundle, a folder or a tarball, without trusting it.

A tarball's members are copied into files that this module names, so that no name in it is ever a path on this machine.
Both are measured while they are read: the files' size and number are bounded, whatever an archive's headers promise.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import posixpath
import stat
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from .names_plan import collisions, name_problem, normal, told
from .shares import Share, processes, split

_BLOCK = 1024 * 1024
# What it takes to open a file, in bytes that could be hashed meanwhile; and what is hashed sooner than shared out.
_OPENING = 50_000
_WORTH = 10_000_000
_GZIP = b"\x1f\x8b"
# What an archive may hold beside the files' content for each file: headers, and long names in headers of their own.
_OVERHEAD = 8 * 1024


class BundleError(Exception):
    """The bundle cannot be published. problems: one text each, for people."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Source:
    """One file, measured. place: where its bytes are now. sha256, md5: in hex. size: bytes."""

    place: Path
    sha256: str
    md5: str
    size: int


@dataclass
class Limits:
    """What a bundle may have, and what was found so far."""

    most_bytes: int
    most_files: int
    bytes: int = 0
    files: int = 0

    def add_file(self) -> None:
        self.files += 1
        if self.files > self.most_files:
            raise BundleError([f"the bundle has more than {self.most_files} files (max_files)"])

    def add_bytes(self, count: int) -> None:
        self.bytes += count
        if self.bytes > self.most_bytes:
            raise BundleError([f"the bundle has more than {self.most_bytes} bytes (max_bytes)"])


@dataclass
class _Names:
    """Paths as they come, each checked; all problems are told together."""

    problems: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    def take(self, name: str) -> str | None:
        """The path under which the file is published, None when it cannot be."""
        path = normal(name)
        problem = name_problem(path)
        if problem is None and path in self.seen:
            problem = f"{path!a} is there twice"
        if problem:
            self.problems.append(problem)
            return None
        self.seen.add(path)
        return path

    def judge(self) -> None:
        problems = self.problems + collisions(sorted(self.seen))
        if problems:
            raise BundleError(told(problems))


def read_bundle(place: str, scratch: Path, most_bytes: int, most_files: int) -> dict[str, Source]:
    """Path -> file. scratch: an empty folder for what a tarball holds. Raises BundleError."""
    with Reading(place, scratch, most_bytes, most_files) as reading:
        return reading.result()


class Reading:
    """A bundle that is read while its reader does something else: the files of a folder are hashed from the start.

    A context manager, as processes may take part.
    """

    def __init__(self, place: str, scratch: Path, most_bytes: int, most_files: int) -> None:
        """Arguments as of read_bundle(). Raises nothing."""
        self._place, self._scratch = place, scratch
        self._limits = Limits(most_bytes, most_files)
        self._error: Exception | None = None
        self._folder: _Folder | None = None
        try:
            if Path(place).is_dir():
                self._folder = _Folder(Path(place).resolve(), self._limits)
        except (OSError, BundleError) as error:
            self._error = error

    def __enter__(self) -> Reading:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._folder:
            self._folder.close()

    def result(self) -> dict[str, Source]:
        """Path -> file. Raises BundleError."""
        try:
            if self._error:
                raise self._error
            if self._folder:
                return self._folder.result()
            if Path(self._place).is_file():
                return _tarball(Path(self._place), self._scratch, self._limits)
        except OSError as error:
            raise BundleError([f"the bundle {self._place} cannot be read: {error}"]) from error
        raise BundleError([f"the bundle {self._place} does not exist"])


class _Folder:
    """A folder's files, whose names and sizes were judged, and which are being hashed."""

    def __init__(self, root: Path, limits: Limits) -> None:
        names, files, sizes = _Names(), [], []
        # For thousands of files pathlib's own arithmetic takes longer than their hashes.
        start = len(str(root).rstrip("/")) + 1
        for entry in _walk(root):
            limits.add_file()
            path = names.take(entry.path[start:])
            problem = None if entry.is_file(follow_symlinks=False) else _refused(root, Path(entry.path))
            if problem:
                names.problems.append(problem)
            elif path is not None:
                files.append((path, entry.path))
                sizes.append(entry.stat().st_size)
        names.judge()
        self._files, self._limits = files, limits
        costs = [size + _OPENING for size in sizes]
        parts = processes() if sum(costs) > _WORTH else 0
        self._shares = [self._share(part, apart=parts > 0) for part in split(costs, max(parts, 1))]

    def _share(self, part: slice, *, apart: bool) -> Share:
        places = [place for _path, place in self._files[part]]
        most = self._limits.most_bytes

        def work() -> list[tuple[str, str, int]]:
            limits = Limits(most, len(places))
            return [_digests(place, limits) for place in places]

        return Share(work, apart=apart)

    def close(self) -> None:
        for share in self._shares:
            share.close()

    def result(self) -> dict[str, Source]:
        found = {}
        measured = [one for share in self._shares for one in share.result()]
        for (path, place), (sha256, md5, size) in zip(self._files, measured, strict=True):
            self._limits.add_bytes(size)
            found[path] = Source(Path(place), sha256, md5, size)
        return found


def _walk(folder: Path | str) -> Iterator[os.DirEntry[str]]:
    """Everything that is no folder, links among it."""
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(entry.path)
            else:
                yield entry


def _refused(root: Path, file: Path) -> str | None:
    """What is no regular file: a link may lead to a file of the bundle, and nowhere else."""
    shown = ascii(file.relative_to(root).as_posix())
    try:
        real = file.resolve(strict=True)
    except (OSError, RuntimeError):
        return f"{shown} is a link to nothing"
    if not real.is_relative_to(root):
        return f"{shown} is a link that leads out of the bundle"
    if not stat.S_ISREG(real.stat().st_mode):
        return f"{shown} is a link to a folder" if real.is_dir() else f"{shown} is a device, a socket or a pipe"
    return None


def _digests(place: str, limits: Limits) -> tuple[str, str, int]:
    """sha256 and md5 in hex, and the size."""
    with io.FileIO(place) as stream:
        return _hashed(stream, limits)


def _hashed(stream: Any, limits: Limits, copy: IO[bytes] | None = None) -> tuple[str, str, int]:
    sha256, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
    while block := stream.read(_BLOCK):
        limits.add_bytes(len(block))
        size += len(block)
        sha256.update(block)
        md5.update(block)
        if copy:
            copy.write(block)
    return sha256.hexdigest(), md5.hexdigest(), size


class _Bounded:
    """A stream that ends in an error once more was read than any allowed archive holds."""

    def __init__(self, stream: Any, most: int) -> None:
        self._stream = stream
        self._left = most

    def read(self, size: int) -> bytes:
        block: bytes = self._stream.read(size)
        self._left -= len(block)
        if self._left < 0:
            raise BundleError(["the bundle's archive is larger than max_bytes and max_files allow"])
        return block


def _tarball(bundle: Path, scratch: Path, limits: Limits) -> dict[str, Source]:
    with bundle.open("rb") as raw:
        packed = raw.read(2) == _GZIP
        raw.seek(0)
        stream = gzip.GzipFile(fileobj=raw) if packed else raw
        bounded = _Bounded(stream, limits.most_bytes + limits.most_files * _OVERHEAD)
        try:
            with tarfile.open(fileobj=bounded, mode="r|", encoding="utf-8", errors="surrogateescape") as archive:
                return _members(archive, scratch, limits)
        except (tarfile.TarError, EOFError, gzip.BadGzipFile, ValueError) as error:
            raise BundleError([f"the bundle {bundle} is no folder and no tarball: {error}"]) from error


def _members(archive: tarfile.TarFile, scratch: Path, limits: Limits) -> dict[str, Source]:
    names, found, links = _Names(), {}, {}
    for member in archive:
        if member.isdir():
            continue
        limits.add_file()
        path = names.take(member.name.removeprefix("./"))
        if path is None:
            continue
        if member.isreg():
            stream, place = archive.extractfile(member), scratch / str(limits.files)
            if stream is None:
                raise AssertionError("a regular member has content")
            with place.open("wb") as copy:
                found[path] = Source(place, *_hashed(stream, limits, copy))
        elif member.issym() or member.islnk():
            links[path] = _target(path, member)
        else:
            names.problems.append(f"{path!a} is a device or a pipe")
    for path, target in links.items():
        source = _followed(target, found, links)
        if source:
            found[path] = source
        else:
            names.problems.append(f"{path!a} is a link that leads out of the bundle, or to nothing")
    names.judge()
    return found


def _target(path: str, member: tarfile.TarInfo) -> str:
    """A hard link names another member, a symbolic one a place as seen from where it is."""
    start = posixpath.dirname(path) if member.issym() else ""
    return normal(posixpath.normpath(posixpath.join(start, member.linkname)))


def _followed(target: str, found: dict[str, Source], links: dict[str, str]) -> Source | None:
    for _hop in range(len(links) + 1):
        if target in found:
            return found[target]
        target = links.get(target, "")
    return None
