# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a host that serves a model boots from: one tar of the role, its playbook and its variables. Pure.

The same inputs give the same bytes wherever it is made, since its name is their hash, and another name would be another
launch template: so there are no times and no owners in it, and it is not compressed, as zlib's versions differ.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

ROLE = "roles/llm_server/"
LEFT_OUT = ("README.md", "files/make_manifest.py")
AT_THE_TOP = ("files/boot.sh", "files/boot.yml")
PREFIX = "llm_server_"


class BundleError(Exception):
    """What is wrong with the inputs, in one line for people."""


@dataclass(frozen=True)
class Bundle:
    """content: the tar. sha256: of it, in hexadecimal."""

    content: bytes
    sha256: str

    @property
    def key(self) -> str:
        """Where it belongs in the environment's model bucket."""
        return f"gpu/{self.sha256}.tar"


def bundle(role: Mapping[str, bytes], variables: Mapping[str, Any]) -> Bundle:
    """The bundle of a role's files, by their path within the role, and the role's variables. Raises BundleError."""
    missing = [name for name in (*AT_THE_TOP, "tasks/main.yml") if name not in role]
    if missing:
        raise BundleError(f"the role has no {', '.join(missing)}: it is not llm_server")
    _check(variables)
    files = {f"{ROLE}{name}": content for name, content in role.items() if wanted(name)}
    files |= {name.rpartition("/")[2]: role[name] for name in AT_THE_TOP}
    files["variables.json"] = f"{json.dumps(variables, indent=2, sort_keys=True)}\n".encode()
    content = _tar(files)
    return Bundle(content, hashlib.sha256(content).hexdigest())


def wanted(name: str) -> bool:
    """Whether a file of the role goes along: not what is for people, what Python compiled, nor what is hidden."""
    parts = name.split("/")
    return name not in (*LEFT_OUT, *AT_THE_TOP) and not any(part == "__pycache__" or part[0] == "." for part in parts)


def _check(variables: Mapping[str, Any]) -> None:
    """Raises BundleError for a variable that is not the role's, or that the host's Ansible would render."""
    foreign = sorted(name for name in variables if not name.startswith(PREFIX))
    if foreign:
        raise BundleError(f"{', '.join(foreign)}: only inputs of role llm_server")
    for name, value in sorted(variables.items()):
        if any(mark in text for text in _strings(value) for mark in ("{{", "{%", "{#")):
            raise BundleError(f"{name} holds a template, which the host would render: give it as plain text")


def _strings(value: Any) -> Iterator[str]:
    """All text in a value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from (str(key), *_strings(inner))
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _strings(inner)


def _tar(files: Mapping[str, bytes]) -> bytes:
    """A tar of files by name, in the order of the names."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in sorted(files):
            info = tarfile.TarInfo(name)
            info.size = len(files[name])
            info.mode = 0o755 if name.endswith(".sh") else 0o644
            tar.addfile(info, io.BytesIO(files[name]))
    return made.getvalue()
