# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which wildcards stand for many paths, so that as little as possible is cleared that did not change. Pure.

The paths are put into a tree of directories. The coarsest answer is /*; from there every directory is opened, that is
replaced by its files and its subdirectories, in the order in which that spares most, as long as the answer keeps within
the limits. Directories with immutable objects come first: those are what it hurts to fetch again. Where all of them can
be spared they are.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from .items_plan import WILDCARD

# After every string that begins with a given one, as no code point is above it.
_LAST = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Limits:
    """items: how many in all, at least 1. exact, wildcards: how many of either kind CloudFront would take now."""

    items: int
    exact: int
    wildcards: int


class Beside:
    """What else is on the site, as encoded paths: what a wildcard clears without need. Without anything known, known
    is False and every directory is thought to hold something."""

    def __init__(self, immutable: Collection[str], unchanged: Collection[str]) -> None:
        self.known = bool(immutable or unchanged)
        self._immutable = sorted(immutable)
        self._unchanged = sorted(unchanged)

    def hit(self, prefix: str) -> tuple[int, int]:
        """How many immutable and how many other objects have paths that begin with prefix."""
        return _beginning(self._immutable, prefix), _beginning(self._unchanged, prefix)


def _beginning(ordered: list[str], prefix: str) -> int:
    return bisect_left(ordered, prefix + _LAST) - bisect_left(ordered, prefix)


@dataclass(slots=True)
class Directory:
    """prefix: with the slash at its end. files: items right in it. count, wild: all below it, and those that are
    wildcards themselves, as a path with an asterisk in it can be named no other way."""

    prefix: str
    files: list[str] = field(default_factory=list)
    children: dict[str, Directory] = field(default_factory=dict)
    count: int = 0
    wild: int = 0

    def below(self) -> Iterator[str]:
        yield from self.files
        for child in self.children.values():
            yield from child.below()

    def deepest(self) -> Directory:
        """The longest directory that all paths have in common."""
        found = self
        while not found.files and len(found.children) == 1:
            found = next(iter(found.children.values()))
        return found


def tree_of(items: Iterable[str]) -> Directory:
    root = Directory("/")
    for item in items:
        parts = item.split("/")[1:]
        wild = item.endswith(WILDCARD)
        place = root
        place.count, place.wild = place.count + 1, place.wild + wild
        for name in parts[:-1]:
            if name not in place.children:
                place.children[name] = Directory(f"{place.prefix}{name}/")
            place = place.children[name]
            place.count, place.wild = place.count + 1, place.wild + wild
        place.files.append(item)
    return root


@dataclass(slots=True)
class Cut:
    """An answer: files named one by one, and directories that a wildcard stands for, by prefix.

    sizes: (count, prefix) of the directories that can be spelled out, ascending. stars: wildcards that cannot.
    """

    limits: Limits
    files: list[str] = field(default_factory=list)
    directories: dict[str, Directory] = field(default_factory=dict)
    sizes: list[tuple[int, str]] = field(default_factory=list)
    stars: int = 0

    def add(self, directory: Directory) -> None:
        if directory.count == 1:
            self._name(directory.below())
            return
        self.directories[directory.prefix] = directory
        if directory.wild:
            self.stars += 1
        else:
            insort(self.sizes, (directory.count, directory.prefix))

    def _name(self, items: Iterable[str]) -> None:
        for item in items:
            self.files.append(item)
            self.stars += item.endswith(WILDCARD)

    def opened(self, directory: Directory) -> Cut:
        """This answer with the directory's files and subdirectories in its place."""
        rest = {prefix: other for prefix, other in self.directories.items() if prefix != directory.prefix}
        sizes = [size for size in self.sizes if size[1] != directory.prefix]
        cut = Cut(self.limits, list(self.files), rest, sizes, self.stars - bool(directory.wild))
        cut._name(directory.files)
        for child in directory.children.values():
            cut.add(child.deepest())
        return cut

    def surplus(self) -> list[tuple[int, str]]:
        """The smallest directories, which are spelled out as there are more wildcards than may be."""
        over = self.stars + len(self.sizes) - self.limits.wildcards
        return self.sizes[: max(0, over)]

    def fits(self) -> bool:
        spelled = self.surplus()
        wild = self.stars + len(self.sizes) - len(spelled)
        exact = len(self.files) - self._stars_among_files() + sum(count for count, _prefix in spelled)
        limits = self.limits
        return wild <= limits.wildcards and exact <= limits.exact and wild + exact <= limits.items

    def _stars_among_files(self) -> int:
        return self.stars - sum(1 for directory in self.directories.values() if directory.wild)

    def items(self) -> list[str]:
        spelled = {prefix for _count, prefix in self.surplus()}
        found = list(self.files)
        for prefix, directory in self.directories.items():
            found += directory.below() if prefix in spelled else [prefix + WILDCARD]
        return found


def coalesced(items: Collection[str], limits: Limits, beside: Beside) -> list[str]:
    """At most limits.items items that clear whatever the given ones clear."""
    root = tree_of(items).deepest()
    cut = Cut(limits)
    cut.add(root)
    waiting: list[tuple[int, int, int, str]] = []
    _wait(waiting, root, beside)
    while waiting:
        directory = cut.directories[heapq.heappop(waiting)[-1]]
        opened = cut.opened(directory)
        if not opened.fits():
            continue
        for prefix in opened.directories.keys() - cut.directories.keys():
            _wait(waiting, opened.directories[prefix], beside)
        cut = opened
    return cut.items()


def _wait(waiting: list[tuple[int, int, int, str]], directory: Directory, beside: Beside) -> None:
    """Only what clears something without need is worth the more items of an open directory."""
    immutable, unchanged = beside.hit(directory.prefix)
    if directory.count > 1 and (immutable or unchanged or not beside.known):
        heapq.heappush(waiting, (-immutable, -unchanged, directory.prefix.count("/"), directory.prefix))
