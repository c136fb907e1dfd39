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

from docs_build import pages
from docs_build.markup import cell, paragraphs
from docs_build.options import options_table, returned_table

COLLECTION = "slipway.ops"
# Credentials, region and connection, by the fragments of amazon.aws: the same everywhere.
_OF_EVERY_AWS_MODULE = {
    *("access_key", "aws_ca_bundle", "aws_config", "debug_botocore_endpoint_logs", "endpoint_url"),
    *("profile", "region", "secret_key", "session_token", "validate_certs"),
}


def module_pages(root: Path) -> dict[str, str]:
    """Page of the site -> its Markdown, for all modules of the collection."""
    names = pages.modules(root)
    docs = _ansible_doc(root, names)
    made = {f"reference/modules/{name}.md": module_page(name, docs[f"{COLLECTION}.{name}"]) for name in names}
    short = {name: docs[f"{COLLECTION}.{name}"]["doc"]["short_description"] for name in names}
    rows = "".join(f"| [`{name}`]({name}.md) | {cell(what)} |\n" for name, what in short.items())
    head = "# Modules\n\nAs `ansible-doc slipway.ops.NAME` shows them.\n\n| Module | Does |\n| --- | --- |\n"
    return {**made, "reference/modules/index.md": head + rows}


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
    options = doc.get("options") or {}
    own = {key: option for key, option in options.items() if key not in _OF_EVERY_AWS_MODULE}
    if own:
        parts += ["## Options", options_table(own)]
    if len(own) < len(options):
        common = ", ".join(f"`{key}`" for key in sorted(options) if key not in own)
        parts.append(f"And the options of every module of amazon.aws: {common}.")
    if doc.get("notes"):
        parts += ["## Notes", "\n".join(f"- {cell(note)}" for note in doc["notes"])]
    if documented.get("examples"):
        parts += ["## Examples", f"```yaml\n{documented['examples'].strip()}\n```"]
    if documented.get("return"):
        parts += ["## Returned values", returned_table(documented["return"])]
    return "\n\n".join(parts) + "\n"


def role_page(root: Path, name: str) -> str:
    """The page of a role: its README, which describes every input, and what each of its entry points takes."""
    folder = root / "roles" / name
    specs = yaml.safe_load((folder / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]
    rows = "".join(
        f"| `{entry}` | {cell(spec.get('short_description'))} | {_taken(spec.get('options') or {})} |\n"
        for entry, spec in specs.items()
    )
    head = "| Entry point | Does | Takes; **required** |\n| --- | --- | --- |\n"
    return f"{(folder / 'README.md').read_text(encoding='utf-8')}\n## Entry points\n\n{head}{rows}"


def _taken(options: dict[str, Any]) -> str:
    order = sorted(options.items(), key=lambda item: (not item[1].get("required"), item[0]))
    return ", ".join(f"**`{name}`**" if option.get("required") else f"`{name}`" for name, option in order) or "nothing"


def roles_index(root: Path) -> str:
    """The page that lists them."""
    rows = ""
    for name in pages.roles(root):
        meta = yaml.safe_load((root / "roles" / name / "meta" / "main.yml").read_text(encoding="utf-8"))
        rows += f"| [`{name}`]({name}.md) | {cell(meta['galaxy_info']['description'])} |\n"
    return "# Roles\n\n| Role | Makes |\n| --- | --- |\n" + rows
