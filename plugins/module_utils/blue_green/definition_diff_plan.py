# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a deployment changes in the task definition, one entry a member. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .task_definition_plan import COLOR_VARIABLE, DIGEST_VARIABLE

# Differ between the colors by design, or say again what the image says.
_EXPECTED = ("family", f".environment.{COLOR_VARIABLE}", f".environment.{DIGEST_VARIABLE}")
# Lists whose entries have a name, and the member that it is.
_KEYS = ("name", "containerPort", "containerPath")
_SHOWN = 4


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """[{"path", "before", "after"}], None for what is not there. Containers and variables go by their names."""
    old, new = _flat(before, ""), _flat(after, "")
    return [
        {"path": path, "before": old.get(path), "after": new.get(path)}
        for path in sorted(old.keys() | new.keys())
        if old.get(path) != new.get(path) and not path.endswith(_EXPECTED)
    ]


def _flat(value: Any, path: str) -> dict[str, Any]:
    if isinstance(value, Mapping):
        if set(value) <= {"name", "value", "valueFrom"} and len(value) == 2:
            return {path: value.get("value", value.get("valueFrom"))}
        return _merged({_under(path, name): item for name, item in value.items()})
    named = _named(value)
    if named is None:
        return {path: value}
    return _merged({_under(path, name): item for name, item in named.items()})


def _merged(parts: Mapping[str, Any]) -> dict[str, Any]:
    return {inner: item for path, part in parts.items() for inner, item in _flat(part, path).items()}


def _under(path: str, name: str) -> str:
    if path == "containerDefinitions":
        return name
    return f"{path}.{name}" if path else name


def _named(value: Any) -> dict[str, Any] | None:
    """A list of named entries by name; None for anything else."""
    if not isinstance(value, list) or not value or not all(isinstance(item, Mapping) for item in value):
        return None
    for key in _KEYS:
        names = [str(item[key]) for item in value if key in item]
        if len(set(names)) == len(value):
            return dict(zip(names, value, strict=True))
    return None


def shown_changes(found: list[dict[str, Any]]) -> str:
    """For people: names only, as a variable's value may be long and is in the diff."""
    if not found:
        return "no change of the task definition"
    names = [str(item["path"]) for item in found]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"
