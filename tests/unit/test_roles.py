# SPDX-License-Identifier: GPL-3.0-or-later
"""A role's inputs are the same in its defaults, its argument specs, its README and wherever they are set.

Ansible itself ignores a variable that no spec knows, so that a misspelled input would be a setting without effect.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if (path / "meta").is_dir())
USERS = ("inventories", "playbooks", "molecule")
MODULE_PARAMETERS = {"vpc_id", "vpc_peering_connection_id"}
"""Parameters of AWS modules that look like an input of a role; no role may have an input of that name."""


class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Reads Ansible's YAML: a vault or unsafe tag is the value it stands on."""


Loader.add_multi_constructor("!", lambda loader, suffix, node: loader.construct_scalar(node))


@cache
def load(path: Path) -> Any:
    """The document in a YAML file."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader)


def entry_points(role: str) -> dict[str, dict[str, Any]]:
    """Entry point to its options, for all argument specs of the role."""
    specs = load(ROOT / "roles" / role / "meta" / "argument_specs.yml")["argument_specs"]
    return {name: spec.get("options") or {} for name, spec in specs.items()}


def inputs(role: str) -> dict[str, dict[str, Any]]:
    """Input to its spec, over all entry points of the role; the first one to have it describes it."""
    return {name: spec for options in reversed(entry_points(role).values()) for name, spec in options.items()}


def defaults(role: str) -> dict[str, Any]:
    """The role's defaults, as written."""
    return load(ROOT / "roles" / role / "defaults" / "main.yml") or {}


def computed(default: Any) -> bool:
    """Whether a default is a template, which a spec cannot state."""
    return isinstance(default, str) and "{{" in default


def outputs(role: str) -> set[str]:
    """What the role hands out: facts it sets and results it registers under a name that is not internal."""
    tasks = [task for path in (ROOT / "roles" / role / "tasks").glob("*.yml") for task in load(path)]
    names = {name for task in tasks for name in [task.get("register", ""), *task.get("ansible.builtin.set_fact", {})]}
    return {name for name in names if name.startswith(f"{role}_")}


def shown_default(name: str, role: str) -> str:
    """How a README's table shows an input's default."""
    spec = inputs(role)[name]
    if spec.get("required"):
        return "**required**"
    return f"`{json.dumps(spec['default'])}`" if "default" in spec else "computed"


def strings(value: Any) -> Iterator[str]:
    """All keys and scalars in a YAML document."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)
    else:
        yield str(value)


def role_names(text: str) -> set[str]:
    """Words in a text that begin with a role's name and an underscore; the longest role name wins."""
    prefixes = "|".join(sorted(ROLES, key=len, reverse=True))
    return set(re.findall(rf"(?<![\w.:/-])(?:{prefixes})_[a-z][a-z0-9_]*(?![\w.-]*/)", text))


@pytest.fixture(params=ROLES)
def role(request):
    return request.param


def test_the_roles_are_found():
    assert {"vpc", "s3_endpoint", "alb"} <= set(ROLES)


def test_defaults_and_argument_specs_agree(role):
    optional = {name: spec for name, spec in inputs(role).items() if not spec.get("required")}
    assert set(defaults(role)) == set(optional)
    for name, default in defaults(role).items():
        assert computed(default) == ("default" not in optional[name]), name
        assert computed(default) or default == optional[name]["default"], name


def test_an_input_is_the_same_whatever_the_entry_point(role):
    for options in entry_points(role).values():
        for name, spec in options.items():
            assert {**spec, "description": ""} == {**inputs(role)[name], "description": ""}, name


def test_every_input_bears_the_name_of_its_role_and_is_described(role):
    for name, spec in inputs(role).items():
        assert name.startswith(f"{role}_")
        assert name not in MODULE_PARAMETERS
        assert spec["description"]
        assert spec["type"]


def test_readme_names_every_input_with_its_default(role):
    readme = (ROOT / "roles" / role / "README.md").read_text(encoding="utf-8")
    for name, spec in inputs(role).items():
        assert f"| `{name}` | {spec['type']} | {shown_default(name, role)} |" in readme


def test_readme_names_no_input_that_is_not_there(role):
    readme = (ROOT / "roles" / role / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(rf"^\| `({role}_\w+)` \|", readme, re.MULTILINE)) == set(inputs(role))


def test_no_role_depends_on_another(role):
    assert load(ROOT / "roles" / role / "meta" / "main.yml")["dependencies"] == []


def test_a_scenario_tests_it(role):
    scenario = ROOT / "molecule" / role
    assert {path.name for path in scenario.glob("*.yml")} >= {
        "molecule.yml",
        "converge.yml",
        "verify.yml",
        "cleanup.yml",
    }


@pytest.mark.parametrize("folder", USERS)
def test_every_name_of_a_role_that_is_used_exists(folder):
    known = {name for role in ROLES for name in {*inputs(role), *outputs(role)}} | MODULE_PARAMETERS
    unknown = {
        (str(path.relative_to(ROOT)), name)
        for path in (ROOT / folder).rglob("*.yml")
        for text in strings(load(path))
        for name in role_names(text) - known
    }
    assert unknown == set()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("vpc_cdir", {"vpc_cdir"}),
        ("{{ alb_output.arn }} of {{ vpc_name }}", {"alb_output", "vpc_name"}),
        ("slipway.ops.vpc_flow_log", set()),
        ("__vpc_id", set()),
        ("s3_endpoint_name", {"s3_endpoint_name"}),
    ],
)
def test_role_names_are_recognized(text, names):
    assert role_names(text) == names
