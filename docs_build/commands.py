# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what a block of commands names is in the checkout: playbooks, variables, targets, modules."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_ENDS = frozenset({"&&", "||", ";", "|", "&", "do", "done", "then", "fi"})
_MODULE = re.compile(r"slipway\.ops\.(\w+)")


@dataclass(frozen=True)
class Play:
    """A call of ansible-playbook: the playbook's name, the names of its extra variables, whether it only checks."""

    playbook: str
    variables: frozenset[str]
    check: bool


@dataclass(frozen=True)
class Checkout:
    """The files by which commands are judged."""

    root: Path
    _known: dict[str, bool] = field(default_factory=dict)

    @cached_property
    def targets(self) -> frozenset[str]:
        """Targets of the Makefile."""
        text = (self.root / "Makefile").read_text(encoding="utf-8")
        return frozenset(name for line in re.findall(r"^([a-z0-9 -]+):", text, re.MULTILINE) for name in line.split())

    @cached_property
    def variables(self) -> str:
        """All text in which a variable that an operator may give can be named."""
        places = (
            "playbooks/**/*.yml",
            "roles/*/defaults/*.yml",
            "roles/*/meta/argument_specs.yml",
            "inventories/**/*.yml",
        )
        paths = [path for place in places for path in sorted(self.root.glob(place))]
        return "\n".join(path.read_text(encoding="utf-8") for path in paths)

    def knows(self, variable: str) -> bool:
        """Whether a playbook or role reads this variable."""
        if variable not in self._known:
            self._known[variable] = bool(re.search(rf"\b{re.escape(variable)}\b", self.variables))
        return self._known[variable]


def calls(text: str) -> Iterator[list[str]]:
    """The simple commands of a block as their words, without here documents; nothing is expanded."""
    for line in _lines(text):
        try:
            words = shlex.split(line.replace("(", " ").replace(")", " "), comments=True)
        except ValueError:  # a string over several lines: no command that is looked at here has one
            continue
        call: list[str] = []
        for word in words:
            if word in _ENDS:
                yield call
                call = []
            else:
                call.append(word)
        yield call


def _lines(text: str) -> Iterator[str]:
    until = ""
    for line in text.replace("\\\n", " ").splitlines():
        if until:
            until = "" if line.strip() == until else until
            continue
        begun = re.search(r"<<-?'?(\w+)'?", line)
        until = begun[1] if begun else ""
        yield line


def plays(text: str) -> list[Play]:
    """The playbooks that a block of commands runs."""
    return [_play(words) for words in calls(text) if _program(words) == "ansible-playbook"]


def _program(words: list[str]) -> str:
    named = (word for word in words if not re.match(r"^\w+=", word))
    return Path(next(named, "")).name


def _play(words: list[str]) -> Play:
    playbook = next((Path(word).stem for word in words if word.startswith("playbooks/")), "")
    given = [after for word, after in pairwise(words) if word in ("-e", "--extra-vars")]
    names = {name for each in given for name in re.findall(r"(?:^|\s)(\w+)(?==)", each)}
    names |= {name for each in given for name in re.findall(r'"(\w+)"\s*:', each)}
    return Play(playbook, frozenset(names), "--check" in words)


def problems(text: str, checkout: Checkout) -> list[str]:
    """What a block of commands names that is not there."""
    found = []
    for words in calls(text):
        program = _program(words)
        if program == "ansible-playbook":
            found += _of_play(words, checkout)
        elif program == "make":
            found += [f"make has no target {name}" for name in _targets(words) if name not in checkout.targets]
        elif program.startswith("python") and "-m" in words:
            found += _of_python(words[words.index("-m") + 1], checkout)
    modules = [name for name in _MODULE.findall(text) if not _is_plugin(name, checkout)]
    return found + [f"there is no slipway.ops.{name}" for name in modules]


def _of_play(words: list[str], checkout: Checkout) -> list[str]:
    play = _play(words)
    inventories = [after for word, after in pairwise(words) if word in ("-i", "--inventory")]
    absent = [each for each in inventories if each.startswith("inventories/") and not _inventory(each, checkout)]
    found = [f"there is no inventory {name}" for name in absent]
    if not (checkout.root / "playbooks" / f"{play.playbook}.yml").is_file():
        return [*found, f"there is no playbook {play.playbook or 'in ' + shlex.join(words)}"]
    return found + [f"no playbook reads {name}" for name in sorted(play.variables) if not checkout.knows(name)]


def _inventory(name: str, checkout: Checkout) -> bool:
    """ENV stands for any; a page may make one of its own, whose name is qa."""
    return name.strip("/") in ("inventories/ENV", "inventories/qa") or (checkout.root / name).is_dir()


def _targets(words: list[str]) -> list[str]:
    rest = words[words.index("make") + 1 :]
    if "-C" in rest:
        at = rest.index("-C")
        del rest[at : at + 2]
    return [word for word in rest if "=" not in word and not word.startswith("-")]


def _of_python(module: str, checkout: Checkout) -> list[str]:
    path = checkout.root / Path(*module.split("."))
    own = (checkout.root / module.split(".", maxsplit=1)[0]).is_dir()
    there = path.with_suffix(".py").is_file() or (path / "__main__.py").is_file()
    return [f"there is no python -m {module}"] if own and not there else []


def _is_plugin(name: str, checkout: Checkout) -> bool:
    kinds = ("plugins/modules", "plugins/filter", "plugins/callback")
    return any((checkout.root / kind / f"{name}.py").is_file() for kind in kinds) or (
        (checkout.root / "roles" / name).is_dir()
    )
