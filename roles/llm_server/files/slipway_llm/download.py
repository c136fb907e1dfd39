# SPDX-License-Identifier: GPL-3.0-or-later
"""One file on its way: segments in any order from any thread, hashed in order while they come, resumed after a kill.

Beside the file NAME are, until it is complete, .NAME.part with its bytes and .NAME.log, which names the segments that
are all there. Neither is trusted: the file gets its name only once the SHA-256 of all its bytes is the manifest's.
"""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from pathlib import Path

from slipway_llm.errors import HostError
from slipway_llm.manifest_plan import SEGMENT, File
from slipway_llm.objects import Objects

CHUNK = 1024 * 1024
"""Bytes that are read, written and hashed at a time: they stay in the processor's cache."""


def hash_file(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    digest, buffer = hashlib.sha256(), memoryview(bytearray(CHUNK))
    with path.open("rb", buffering=0) as file:
        while size := file.readinto(buffer):
            digest.update(buffer[:size])
    return digest.hexdigest()


class Download:
    """file: of the manifest. resumed: bytes that an earlier run left and this one need not fetch."""

    def __init__(self, file: File, folder: Path) -> None:
        self.file = file
        self.path = folder / file.path
        self._part = self.path.with_name(f".{self.path.name}.part")
        self._log = self.path.with_name(f".{self.path.name}.log")
        self._lock = threading.Lock()
        self._digest = hashlib.sha256()
        self._hashed = 0
        self._hashing = False
        self._done: set[int] = set()
        self._descriptor = self._journal = -1

    @property
    def allocated(self) -> int:
        """Bytes that the disk holds for it already."""
        return self._part.stat().st_blocks * 512 if self._part.exists() else 0

    def open(self) -> list[int]:
        """Reserve the disk; the segments to fetch. Raises HostError if the disk is full."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        head = f"{self.file.size} {self.file.sha256} {SEGMENT}"
        self._done = self._journaled(head)
        if not self._done:
            self.discard()
        self._descriptor = os.open(self._part, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if self.file.size:
                os.posix_fallocate(self._descriptor, 0, self.file.size)
        except OSError as error:
            self.close()
            raise self._failed(error) from error
        self._journal = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        if not self._done:
            os.write(self._journal, f"{head}\n".encode())
        return [number for number in range(self.file.segments) if number not in self._done]

    @property
    def resumed(self) -> int:
        """Bytes of the segments that are there."""
        extents = map(self.file.segment, self._done)
        return sum(end - start for start, end in extents)

    def _journaled(self, head: str) -> set[int]:
        """The segments that the log of an earlier run names; none unless it is about these very bytes."""
        try:
            lines = self._log.read_text(encoding="ascii").split("\n")
            size = self._part.stat().st_size
        except (OSError, ValueError):
            return set()
        # What is after the last line's end was cut off by a kill.
        numbers = lines[1:-1]
        if lines[0] != head or size != self.file.size or not all(number.isdecimal() for number in numbers):
            return set()
        return {int(number) for number in numbers if int(number) < self.file.segments}

    def fetch(self, objects: Objects, key: str, number: int, buffer: memoryview) -> None:
        """Fetch one segment, and hash it on its way if it is the next to be hashed. Raises HostError."""
        start, end = self.file.segment(number)
        hashing = self._claim(start)

        def sink(offset: int, piece: memoryview) -> None:
            if hashing:
                self._digest.update(piece)
                self._hashed += len(piece)
            self._write(offset, piece)

        objects.stream(key, start, end, buffer, sink)
        with self._lock:
            self._done.add(number)
            os.write(self._journal, f"{number}\n".encode())
            if hashing:
                self._hashing = False
        self.catch_up(buffer)

    def _claim(self, start: int) -> bool:
        """Whether the caller is now the one that hashes, from start on."""
        with self._lock:
            if self._hashing or self._hashed != start:
                return False
            self._hashing = True
            return True

    def _write(self, offset: int, piece: memoryview) -> None:
        try:
            while piece:
                size = os.pwrite(self._descriptor, piece, offset)
                piece, offset = piece[size:], offset + size
        except OSError as error:
            raise self._failed(error) from error

    def catch_up(self, buffer: memoryview) -> None:
        """Hash the segments that came before their turn, from the page cache, unless another thread is at it."""
        while True:
            with self._lock:
                number = self._hashed // SEGMENT
                if self._hashing or number not in self._done or self._hashed == self.file.size:
                    return
                self._hashing = True
            _start, end = self.file.segment(number)
            while self._hashed < end:
                size = os.preadv(self._descriptor, [buffer[: end - self._hashed]], self._hashed)
                if not size:
                    raise HostError(f"{self._part} is shorter than it was: another program is at work in its folder")
                self._digest.update(buffer[:size])
                self._hashed += size
            with self._lock:
                self._hashing = False

    def complete(self) -> bool:
        """With all segments there: give the file its name if it is the manifest's; else throw it away."""
        right = self._hashed == self.file.size and self._digest.hexdigest() == self.file.sha256
        self.close()
        if right:
            self._part.chmod(0o444)
            self._part.rename(self.path)
            self._log.unlink()
        else:
            self.discard()
        return right

    def close(self) -> None:
        """Close its files; what is there stays for the next run."""
        for descriptor in (self._descriptor, self._journal):
            if descriptor >= 0:
                os.close(descriptor)
        self._descriptor = self._journal = -1

    def discard(self) -> None:
        """Remove what is there of it."""
        self._part.unlink(missing_ok=True)
        self._log.unlink(missing_ok=True)

    def _failed(self, error: OSError) -> HostError:
        if error.errno == errno.ENOSPC:
            return HostError(f"{self.path}: the disk is full; it takes {self.file.size} bytes")
        return HostError(f"{self.path}: {error.strerror}")
