# SPDX-License-Identifier: GPL-3.0-or-later
"""The image tables: which local program stands for a container image.

A table is a JSON object from "NAME:VERSION" to {"folder", "entrypoint", "command", "env"}; the last three mean what
they mean in a Dockerfile. localcloud/images.json is the one that is always read, `up --images FILE` adds others. A
folder is relative to the table's own root: the checkout for images.json, the table's folder for all others. "{address}"
(the task's own loopback address) and "{python}" (the interpreter of this checkout) are filled in when a task starts.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "localcloud" / "images.json"
#: The manifest annotation that names the table's key; written by `push`, read when a task starts.
ANNOTATION = "io.slipway.localcloud.image"

_KEY = re.compile(r"[a-z0-9]+(?:[._/-][a-z0-9]+)*:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_PLACEHOLDER = re.compile(r"\{([a-z_]*)\}")
_PLACEHOLDERS = frozenset({"address", "python"})


class ImageTableError(Exception):
    """An image table is unusable; the message is one line and names the table."""


@dataclasses.dataclass(frozen=True, slots=True)
class Image:
    """One program: where it runs, its command line and its own environment, with placeholders still in them."""

    key: str
    folder: Path
    command: tuple[str, ...]
    env: Mapping[str, str]
    entrypoint: tuple[str, ...] = ()

    def command_for(self, address: str, python: str, command: Sequence[str] = ()) -> list[str]:
        """The command line of a task at this loopback address: entry point, then command, the image's or another."""
        own = [_fill(word, address, python) for word in self.command]
        return [*(_fill(word, address, python) for word in self.entrypoint), *(command or own)]

    def env_for(self, address: str, python: str) -> dict[str, str]:
        """The image's own environment (what ENV is in a Dockerfile) of a task at this loopback address."""
        return {name: _fill(value, address, python) for name, value in self.env.items()}

    def content_digest(self) -> str:
        """Hex SHA-256 of the folder's files and the table entry: changes when what would run changes."""
        digest = hashlib.sha256(
            json.dumps([self.key, self.entrypoint, self.command, dict(self.env)], sort_keys=True).encode()
        )
        for path in sorted(self.folder.rglob("*")):
            if path.is_file() and not _derived(path.relative_to(self.folder)):
                digest.update(f"\0{path.relative_to(self.folder).as_posix()}\0".encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()


def _derived(path: Path) -> bool:
    return path.suffix == ".pyc" or any(part.startswith(".") or part == "__pycache__" for part in path.parts)


def _fill(text: str, address: str, python: str) -> str:
    return text.replace("{address}", address).replace("{python}", python)


def load(tables: Iterable[Path]) -> dict[str, Image]:
    """All images of the tables by key, a later table's entry in place of an earlier one's."""
    images: dict[str, Image] = {}
    for table in tables:
        images |= _load_table(table)
    return images


def _load_table(table: Path) -> dict[str, Image]:
    root = ROOT if table.resolve() == TABLE else table.resolve().parent
    try:
        entries = json.loads(table.read_text())
    except OSError as error:
        raise ImageTableError(f"{table}: cannot read the image table: {error.strerror}") from error
    except ValueError as error:
        raise ImageTableError(f"{table}: not JSON: {error}") from error
    if not isinstance(entries, dict):
        raise ImageTableError(f"{table}: must be an object from NAME:VERSION to an image")
    return {key: _image(f"{table}: {key!r}", root, key, entry) for key, entry in entries.items()}


def _image(where: str, root: Path, key: str, entry: Any) -> Image:
    if not _KEY.fullmatch(key):
        raise ImageTableError(f"{where}: the key must be NAME:VERSION, as in api:1.0.0")
    if not isinstance(entry, dict) or set(entry) - {"folder", "entrypoint", "command", "env"}:
        raise ImageTableError(f"{where}: must be an object with folder, entrypoint, command and env")
    folder, env = entry.get("folder"), entry.get("env", {})
    entrypoint, command = entry.get("entrypoint", []), entry.get("command", [])
    if not isinstance(folder, str) or not (root / folder).is_dir():
        raise ImageTableError(f"{where}: folder {folder!r} is no folder under {root}")
    for name, words in (("entrypoint", entrypoint), ("command", command)):
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise ImageTableError(f"{where}: {name} must be a list of strings")
    if not entrypoint and not command:
        raise ImageTableError(f"{where}: command must be a list of one string or more")
    if not isinstance(env, dict) or not all(isinstance(value, str) for value in env.values()):
        raise ImageTableError(f"{where}: env must be an object of strings")
    for text in (*entrypoint, *command, *env.values()):
        if unknown := set(_PLACEHOLDER.findall(text)) - _PLACEHOLDERS:
            raise ImageTableError(
                f"{where}: unknown placeholder {{{min(unknown)}}}; there are {{address}} and {{python}}"
            )
    return Image(
        key=key,
        folder=(root / folder).resolve(),
        command=tuple(command),
        env=dict(env),
        entrypoint=tuple(entrypoint),
    )
