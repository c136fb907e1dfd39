# SPDX-License-Identifier: GPL-3.0-or-later
"""What an edge keeps of one distribution: objects by cache key, the least recently used ones go first.

An invalidation names paths as viewers use them and drops every variant of them by header, cookie and encoding. Query
strings that are in the cache key are a part of the path ("Specify the objects to invalidate" in Invalidation.html of
the CloudFront Developer Guide). Paths are compared character by character, which is why a wrongly encoded one leaves
the old object where it is; but for the characters that RFC 1738 calls unsafe, which an invalidation has to encode while
browsers send some of them (~, [, ], |, ^) as they are.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from localcloud.edge.cache_key import Key
from localcloud.edge.lifetime import Lifetime

MAX_BYTES = 512 << 20  # of one distribution's bodies
MAX_OBJECT = 64 << 20  # larger ones are passed on and not kept
_UNSAFE = re.compile(r"[\"<>\\^`{|}~\[\]]")


@dataclass(slots=True, eq=False)
class Entry:
    """An object as viewers get it. headers: lower-case names. stored: monotonic seconds; age: seconds at that time."""

    status: int
    headers: dict[str, str]
    body: bytes
    life: Lifetime
    stored: float
    age: float = 0.0
    tags: frozenset[str] = frozenset()
    cookies: tuple[str, ...] = ()
    #: The response headers policy, and the head under it without what each answer has of its own.
    rendered: tuple[object, bytes] | None = None

    def fresh(self, now: float) -> bool:
        """Whether it may be served without a question."""
        return now - self.stored + self.age < self.life.fresh

    def over(self, now: float) -> float:
        """Seconds since it was fresh."""
        return now - self.stored + self.age - self.life.fresh


class Store:
    """The objects of one distribution."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._entries: OrderedDict[Key, Entry] = OrderedDict()
        self._paths: dict[str, set[Key]] = {}
        self._bytes = 0
        self._max_bytes = max_bytes
        #: Counts invalidations: what was fetched before one and arrives after it is not kept.
        self.epoch = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Key) -> Entry | None:
        """The object, fresh or not."""
        entry = self._entries.get(key)
        if entry is not None:
            self._entries.move_to_end(key)
        return entry

    def put(self, key: Key, entry: Entry, epoch: int) -> None:
        """Keep an object that was asked for in this epoch."""
        if epoch != self.epoch or len(entry.body) > MAX_OBJECT:
            return
        self.drop(key)
        self._entries[key] = entry
        self._paths.setdefault(_spelled(key), set()).add(key)
        self._bytes += len(entry.body)
        while self._bytes > self._max_bytes:
            self.drop(next(iter(self._entries)))

    def forget_rendered(self) -> None:
        """Response headers policies have changed; the objects stay."""
        for entry in self._entries.values():
            entry.rendered = None

    def drop(self, key: Key) -> None:
        """Forget an object, if it is there."""
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        self._bytes -= len(entry.body)
        keys = self._paths[_spelled(key)]
        keys.discard(key)
        if not keys:
            del self._paths[_spelled(key)]

    def invalidate(self, paths: Iterable[str]) -> int:
        """Drop what the paths of an invalidation name; the number of objects dropped."""
        self.epoch += 1
        dropped = {key for path in paths for key in self._named(path)}
        for key in dropped:
            self.drop(key)
        return len(dropped)

    def _named(self, path: str) -> list[Key]:
        if path.startswith("#"):
            tag = path[1:].lower()
            return [key for key, entry in self._entries.items() if tag in entry.tags]
        if path.endswith("*"):
            prefix = path[:-1]
            return [
                key
                for held, keys in self._paths.items()
                for key in keys
                if held.startswith(prefix) or (prefix.startswith(held) and _full(key).startswith(prefix))
            ]
        held, _, _ = path.partition("?")
        return [key for key in self._paths.get(held, ()) if _full(key) == path]


def _spelled(key: Key) -> str:
    """The key's path as an invalidation has to name it."""
    return _UNSAFE.sub(lambda found: f"%{ord(found[0]):02X}", key.path)


def _full(key: Key) -> str:
    return f"{_spelled(key)}?{'&'.join(key.queries)}" if key.queries else _spelled(key)
