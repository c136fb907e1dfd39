# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages of the modules and roles, from what they say about themselves; nothing is written twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from docs_build.markup import cell, paragraphs
from docs_build.options import options_table, returned_table

COLLECTION = "slipway.ops"


def module_pages(root: Path) -> dict[str, str]:
    """Page of the site -> its Markdown, for all modules of the collection."""
    names = sorted(path.stem for path in (root / "plugins" / "modules").glob("*.py"))
    docs = _ansible_doc(root, names)
    pages = {f"reference/modules/{name}.md": module_page(name, docs[f"{COLLECTION}.{name}"]) for name in names}
    short = {name: docs[f"{COLLECTION}.{name}"]["doc"]["short_description"] for name in names}
    rows = "".join(f"| [`{name}`]({name}.md) | {cell(what)} |\n" for name, what in short.items())
    head = "# Modules\n\nAs `ansible-doc slipway.ops.NAME` shows them.\n\n| Module | Does |\n| --- | --- |\n"
    return {**pages, "reference/modules/index.md": head + rows}


def _ansible_doc(root: Path, names: list[str]) -> dict[str, Any]:
    """What ansible-doc knows, with the fragments put in."""
    program = str(Path(sys.executable).parent / "ansible-doc")
    command = [program, "--json", "-t", "module", *(f"{COLLECTION}.{name}" for name in names)]
    env = {**os.environ, "ANSIBLE_CONFIG": str(root / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"ansible-doc failed: {done.stderr.strip()}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def module_page(name: str, documented: dict[str, Any]) -> str:
    """The page of one module."""
    doc = documented["doc"]
    parts = [f"# {COLLECTION}.{name}", f"*{doc['short_description']}*", paragraphs(doc["description"])]
    support = {key: each.get("support") for key, each in (doc.get("attributes") or {}).items() if key.endswith("_mode")}
    if support:
        said = ", ".join(f"{key.replace('_', ' ')}: {value}" for key, value in sorted(support.items()))
        parts.append(f"{said[0].upper()}{said[1:]}.")
    parts += ["## Options", options_table(doc.get("options") or {})]
    if doc.get("notes"):
        parts += ["## Notes", "\n".join(f"- {cell(note)}" for note in doc["notes"])]
    if documented.get("examples"):
        parts += ["## Examples", f"```yaml\n{documented['examples'].strip()}\n```"]
    if documented.get("return"):
        parts += ["## Returned values", returned_table(documented["return"])]
    return "\n\n".join(parts) + "\n"


def roles(root: Path) -> list[str]:
    """Names of all roles."""
    return sorted(path.parents[1].name for path in root.glob("roles/*/meta/argument_specs.yml"))


def role_page(root: Path, name: str) -> str:
    """The page of a role: its README, and what its entry points take, to the last key."""
    folder = root / "roles" / name
    specs = yaml.safe_load((folder / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]
    parts = [(folder / "README.md").read_text(encoding="utf-8"), "## Entry points"]
    for entry, spec in specs.items():
        parts += [f"### {entry}", cell(spec.get("short_description"))]
        parts.append(options_table(spec["options"]) if spec.get("options") else "It takes nothing.")
    return "\n\n".join(parts) + "\n"


def roles_index(root: Path) -> str:
    """The page that lists them."""
    rows = ""
    for name in roles(root):
        meta = yaml.safe_load((root / "roles" / name / "meta" / "main.yml").read_text(encoding="utf-8"))
        rows += f"| [`{name}`]({name}.md) | {cell(meta['galaxy_info']['description'])} |\n"
    return "# Roles\n\n| Role | Makes |\n| --- | --- |\n" + rows
