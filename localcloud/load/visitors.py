# SPDX-License-Identifier: GPL-3.0-or-later
"""Visitors of a site: each loads a page as a browser does, and is checked for having got one release and no mixture.

A visitor asks for the document, at the root or at a deep link, then for everything that the document names, then for
/config.json; it stays for a while, and then asks for what the scripts load lazily, as somebody does who clicks in a
page that has been open since before a release. Visitors come on a fixed schedule, whatever became of those before.
"""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import random
import re
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from localcloud.load import tally
from localcloud.load.client import Answer, Connection, Pool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

#: What a second's answers are drawn in, in the order of the releases.
COLORS = ("blue", "green")
DOCUMENT, CONFIG = "index.html", "config.json"
_NAMED = re.compile(r"""(?:src|href)="/([^"]+)\"""")
# As bundlers write what a script loads later: a file's name with a hash, relative to the script or to the root.
_LAZY = re.compile(r"""["'`](?:\./|/?assets/)([\w.-]+-[\w-]{8}\.(?:js|css|svg))["'`]""")


@dataclasses.dataclass(frozen=True)
class Release:
    """A release's name, and the SHA-256 of each of its files by path."""

    name: str
    files: Mapping[str, str]

    @classmethod
    def of(cls, name: str, folder: Path) -> Release:
        """The release built in FOLDER."""
        paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        return cls(name, {path.relative_to(folder).as_posix(): _digest(path.read_bytes()) for path in paths})


@dataclasses.dataclass(frozen=True)
class Wanted:
    """Visitors of http://host:port, RATE a second for at most SECONDS, each at one of PATHS, for up to STAY seconds."""

    host: str
    port: int
    releases: Sequence[Release]
    rate: float
    seconds: float
    paths: Sequence[str] = ("/",)
    stay: float = 5.0
    timeout: float = 10.0


class UnhappyError(Exception):
    """What a visitor got that was not as it should be. mixed: a file of another release."""

    def __init__(self, kind: str, *, mixed: bool = False) -> None:
        super().__init__(kind)
        self.mixed = mixed


def named_in(document: bytes) -> list[str]:
    """Paths that an HTML document names, without the leading slash."""
    return list(dict.fromkeys(_NAMED.findall(document.decode("utf-8", "replace"))))


def lazily_named_in(scripts: Iterable[bytes]) -> set[str]:
    """Paths of what scripts load later."""
    return {f"assets/{name}" for script in scripts for name in _LAZY.findall(script.decode("utf-8", "replace"))}


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Run:
    """One run. `stop()` lets no more visitors in; those who are there finish their visit."""

    def __init__(self, wanted: Wanted, each_second: Callable[[dict[str, Any]], None]) -> None:
        self._wanted, self._each_second = wanted, each_second
        self._documents = {release.files[DOCUMENT]: release for release in wanted.releases}
        self._colors = {release.name: color for release, color in zip(wanted.releases, COLORS, strict=False)}
        self._pool = Pool(wanted.host, wanted.port)
        self._stop = asyncio.Event()
        self._visits = 0
        self._by_release: Counter[str] = Counter()
        self._mixed = 0
        self._samples: list[str] = []
        self._total, self._second = tally.Counts(), tally.Counts()
        self._second_documents: Counter[str] = Counter()
        self._random = random.Random(1)  # noqa: S311 - for how long one stays

    def stop(self) -> None:
        """Let nobody in any more."""
        self._stop.set()

    async def run(self) -> dict[str, Any]:
        """Let visitors in on schedule, wait for the last one, and return what was counted."""
        begun = time.time()
        reporter = asyncio.create_task(self._report())
        async with asyncio.TaskGroup() as group:
            while not self._stop.is_set() and time.time() - begun < self._wanted.seconds:
                path = self._wanted.paths[self._visits % len(self._wanted.paths)]
                group.create_task(self._visit(path))
                self._visits += 1
                due = begun + self._visits / self._wanted.rate
                await self._pause(max(0.0, due - time.time()))
        reporter.cancel()
        await asyncio.gather(reporter, return_exceptions=True)
        self._turn(partial=True)
        self._pool.close()
        total = self._total.as_json()
        return {
            "visits": self._visits,
            "seconds": round(time.time() - begun, 3),
            "by_release": dict(self._by_release),
            "mixed": self._mixed,
            "failed": sum(total["errors"].values()) - self._mixed,
            "samples": self._samples,
            "requests": total["ended"],
            **{name: total[name] for name in ("errors", "p50_ms", "p99_ms", "max_ms")},
        }

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stop.wait(), seconds)
        except TimeoutError:
            return

    async def _visit(self, path: str) -> None:
        try:
            release = await self._read(path)
        except UnhappyError as error:
            kind = str(error)
            self._mixed += error.mixed
            for counts in (self._total, self._second):
                counts.errors[kind] += 1
            if len(self._samples) < tally.SAMPLES:
                self._samples.append(f"{time.time():.3f} {path}: {kind}")
        else:
            self._by_release[release.name] += 1

    async def _read(self, path: str) -> Release:
        """The release that a visitor of PATH got, all of it; raises UnhappyError."""
        document = await self._ask(path)
        release = self._documents.get(_digest(document.body)) if document.status == 200 else None
        if release is None:
            raise UnhappyError(f"document: {_status(document)}")
        self._count(release)
        self._second_documents[release.name] += 1
        bodies = await self._files(release, named_in(document.body))
        config = await self._ask(f"/{CONFIG}")
        if config.status != 200 or not config.headers.get("content-type", "").startswith("application/json"):
            raise UnhappyError(f"{CONFIG}: {_status(config)}")
        await asyncio.sleep(self._random.uniform(0, self._wanted.stay))
        await self._files(release, sorted(lazily_named_in(bodies)))
        return release

    async def _files(self, release: Release, paths: Iterable[str]) -> list[bytes]:
        return list(await asyncio.gather(*(self._file(release, path) for path in paths)))

    async def _file(self, release: Release, path: str) -> bytes:
        answer = await self._ask(f"/{path}")
        if answer.status != 200:
            raise UnhappyError(f"a file of {release.name}: {_status(answer)}")
        if _digest(answer.body) != release.files.get(path):
            raise UnhappyError(f"a file of {release.name}: other content", mixed=True)
        self._count(release)
        return answer.body

    def _count(self, release: Release) -> None:
        for counts in (self._total, self._second):
            counts.colors[self._colors[release.name]] += 1

    async def _ask(self, path: str) -> Answer:
        """The answer to a GET; raises UnhappyError where none comes."""
        wanted, begun = self._wanted, time.monotonic()
        request = f"GET {path} HTTP/1.1\r\nHost: {wanted.host}:{wanted.port}\r\nUser-Agent: slipway-visitor\r\n\r\n"
        try:
            async with asyncio.timeout(wanted.timeout):
                connection = self._pool.take() or await self._pool.open()
                answer = await self._exchange(connection, request.encode("ascii"))
        except (OSError, TimeoutError) as error:
            raise UnhappyError(f"no answer: {type(error).__name__}") from error
        for counts in (self._total, self._second):
            counts.answered += 1
            counts.seconds.append(time.monotonic() - begun)
        return answer

    async def _exchange(self, connection: Connection, request: bytes) -> Answer:
        landed: asyncio.Future[Answer | str] = asyncio.get_running_loop().create_future()

        def done(_connection: Connection, result: Answer | str) -> None:
            if not landed.done():
                landed.set_result(result)

        connection.ask(request, done)
        try:
            result = await landed
        except asyncio.CancelledError:
            connection.close()
            raise
        if isinstance(result, str):
            raise UnhappyError(f"no answer: {result}")
        if connection.usable:
            self._pool.give(connection)
        return result

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(1.0 - time.time() % 1.0)
            self._turn()

    def _turn(self, **more: Any) -> None:
        """Hand out the counts of the second that ends."""
        counts, self._second = self._second, tally.Counts()
        documents, self._second_documents = self._second_documents, Counter()
        self._each_second({"t": round(time.time(), 3), **more, **counts.as_json(), "documents": dict(documents)})


def _status(answer: Answer) -> str:
    return "of no known release" if answer.status == 200 else f"status {answer.status}"
