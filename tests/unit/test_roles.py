# SPDX-License-Identifier: GPL-3.0-or-later
"""What a role says about its inputs in several places is the same everywhere.

Ansible ignores a variable that no argument spec names, so that a misspelled one would silently be its default.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if (path / "meta" / "argument_specs.yml").exists())
# What a role sets for others to read is no input of it.
OUTPUTS = {f"{role}_output" for role in ROLES} | {"ecs_service_deployment"}
# Parameters of modules that look like a role's input.
PARAMETERS = {"vpc_id"}


def load(*parts):
    return yaml.safe_load(ROOT.joinpath(*parts).read_text()) or {}


def inputs(role):
    """All inputs of all entry points by name."""
    entries = load("roles", role, "meta", "argument_specs.yml")["argument_specs"].values()
    return {name: spec for entry in entries for name, spec in entry.get("options", {}).items()}


SPECS = {role: inputs(role) for role in ROLES}


def set_in(document):
    """Every key of every mapping below DOCUMENT."""
    if isinstance(document, dict):
        return set(document).union(*map(set_in, document.values()))
    if isinstance(document, list):
        return set().union(*map(set_in, document))
    return set()


@pytest.mark.parametrize("role", ROLES)
def test_an_input_is_required_or_has_a_default_in_both_places(role):
    defaults = load("roles", role, "defaults", "main.yml")
    required = {name for name, spec in SPECS[role].items() if spec.get("required")}
    assert set(defaults) == set(SPECS[role]) - required
    stated = {name: spec["default"] for name, spec in SPECS[role].items() if "default" in spec}
    assert {name: defaults[name] for name in stated} == stated


@pytest.mark.parametrize("role", ROLES)
def test_the_readme_names_every_input(role):
    readme = (ROOT / "roles" / role / "README.md").read_text()
    assert [name for name in SPECS[role] if f"`{name}`" not in readme] == []


@pytest.mark.parametrize("role", ROLES)
def test_inputs_have_the_roles_prefix(role):
    assert [name for name in SPECS[role] if not name.startswith(f"{role}_")] == []


@pytest.mark.parametrize("folder", ["inventories", "playbooks", "molecule"])
def test_whoever_sets_an_input_spells_it_right(folder):
    known = set().union(*SPECS.values()) | OUTPUTS | PARAMETERS
    prefixes = tuple(f"{role}_" for role in ROLES)
    wrong = [
        (str(path.relative_to(ROOT)), name)
        for path in sorted((ROOT / folder).rglob("*.yml"))
        for name in sorted(map(str, set_in(yaml.safe_load(path.read_text()))))
        if name.startswith(prefixes) and name not in known
    ]
    assert wrong == []


@pytest.mark.parametrize("path", sorted((ROOT / "inventories").rglob("services.yml")), ids=lambda path: path.parts[-4])
def test_services_have_inputs_of_the_role_as_keys(path):
    services = yaml.safe_load(path.read_text())["services"]
    known = {name.removeprefix("ecs_service_") for name in SPECS["ecs_service"]}
    assert [(service["name"], key) for service in services for key in service if key not in known] == []
