# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a playbook that deploys, promotes or rolls back, and tell how it went: the action `deploy`.

The playbook's callback (slipway.ops.deploy_outcome) writes the job's summary and the outputs. This adds what only the
pipeline knows: the environment and the way back. It also checks that what was deployed is what was asked for. Standard
library only.

A run that is canceled gets SIGINT and, 7.5 s later, SIGTERM, in the one process that its step began with (GitHub Docs,
workflow cancellation reference), so this passes them on. The deployment then ends between two calls and gives its lease
back.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

PLAYBOOKS = ("deploy_backend", "deploy_frontend", "promote", "rollback_backend", "rollback_frontend")
#: As the playbooks' own preflight has it; asked here too, before a value stands in a command.
PLAIN = re.compile(r"[A-Za-z0-9._/:@-]{1,512}")
NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
#: Exit statuses that slipway.ops.deploy_outcome gives, and what they mean for who reads a run's page.
MEANINGS = {
    20: "refused before the first change: users are served what they were served before",
    21: "rolled back: users are served what they were served before",
    22: "superseded: another run deployed meanwhile, and what it deployed is served",
    23: "the new version awaits approval; users are served what they were served before",
    24: "failed: the summary says what is served now and what to do next",
}
UNTOLD = "failed before or beside the deployment: the log of the step Playbook says where"


class Asked(NamedTuple):
    """What the action was asked for. bundle: a path in the workspace. artifact: digest, or name of a site's release,
    that must be what is deployed in the end. variables: the playbook's, name to value."""

    playbook: str
    environment: str
    inventories: str
    service: str
    bundle: str
    artifact: str
    variables: dict[str, str]


class WrongError(Exception):
    """An input that cannot be, in one line."""


def asked(env: Mapping[str, str]) -> Asked:
    """The inputs, checked. Raises WrongError."""
    given = {
        name: env.get(name.upper(), "") for name in ("playbook", "environment", "inventories", "service", "bundle")
    }
    variables = {name: env.get(name.upper(), "") for name in ("image", "digest", "release")}
    if given["playbook"] not in PLAYBOOKS:
        raise WrongError(f"playbook {given['playbook']!a} is none of {', '.join(PLAYBOOKS)}")
    for name in ("environment", "service"):
        if not NAME.fullmatch(given[name]):
            raise WrongError(f"{name} {given[name]!a}: only small letters, digits and - are allowed, a letter first")
    for name, value in [("inventories", given["inventories"]), ("bundle", given["bundle"]), *variables.items()]:
        if value and not PLAIN.fullmatch(value):
            raise WrongError(f"{name}: only letters, digits and . _ / : @ - are allowed, up to 512")
    if given["playbook"] == "rollback_backend" and any(variables.values()):
        raise WrongError(
            "a service rolls back to what it served before; to bring back a named image, promote its digest"
        )
    artifact = variables["digest"] or variables["image"].partition("@")[2] or variables["release"]
    return Asked(**given, artifact=artifact, variables=playbook_variables(given, variables))


def playbook_variables(given: Mapping[str, str], variables: Mapping[str, str]) -> dict[str, str]:
    """What the playbook takes: no release where the bundle says what it is, and no service for the site."""
    service = "" if given["service"] == "site" else given["service"]
    release = "" if given["playbook"] == "deploy_frontend" else variables["release"]
    found = {**variables, "service": service, "release": release}
    return {name: value for name, value in found.items() if value}


def command(wish: Asked, workspace: Path) -> list[str]:
    """The command as it runs in the Slipway checkout."""
    line = ["ansible-playbook", "-i", f"{wish.inventories}/{wish.environment}", f"playbooks/{wish.playbook}.yml"]
    variables = dict(wish.variables)
    if wish.bundle:
        variables["bundle"] = str(workspace / wish.bundle)
    return line + [part for name, value in sorted(variables.items()) for part in ("-e", f"{name}={value}")]


def run(line: list[str], checkout: Path, extra: Mapping[str, str]) -> int:
    """Run it; returns its exit status. What it prints can be no workflow command."""
    path = f"{checkout / '.venv' / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    own = {"PATH": path, "ANSIBLE_CONFIG": str(checkout / "ansible.cfg"), "ANSIBLE_FORCE_COLOR": "1"}
    mark = secrets.token_hex(16)
    print(f"{shlex.join(line)}\n::stop-commands::{mark}", flush=True)
    try:
        with subprocess.Popen(
            line, cwd=checkout, env={**os.environ, **own, **extra}, stdin=subprocess.DEVNULL
        ) as child:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: child.send_signal(signal.SIGINT))
            return child.wait()
    finally:
        print(f"\n::{mark}::", flush=True)


def variables_of(wish: Asked, told: Path, break_glass: str) -> dict[str, str]:
    """What the playbook finds in its environment, beside what a runner gives."""
    # Free text: read as data from there, and never from the command line, which Ansible renders.
    found = {"GITHUB_OUTPUT": str(told), "SLIPWAY_BREAK_GLASS": break_glass}
    # What goes back was built from another commit than this run's, and the record must not say otherwise.
    return found | ({"GITHUB_SHA": ""} if wish.playbook.startswith("rollback_") else {})


def outputs(text: str) -> dict[str, str]:
    """Name to value, from GitHub's form for values of any lines; of several results the last one tells."""
    values: dict[str, str] = {}
    lines = iter(text.splitlines())
    for line in lines:
        name, _, delimiter = line.partition("<<")
        value = []
        for part in lines:
            if part == delimiter:
                break
            value.append(part)
        values[name] = "\n".join(value)
    return values


def difference(wish: Asked, values: Mapping[str, str]) -> str:
    """Why an end without an error is none: no outcome was told, or of something else. Empty if all is well."""
    if not values.get("outcome"):
        return "the playbook told no outcome, so that nothing is known of it: is slipway.ops.deploy_outcome enabled?"
    found = sorted({values.get("digest", ""), values.get("release", "")} - {""})
    wanted = wish.artifact.removeprefix("sha256:")
    # A kept release may be named by its first characters.
    if wanted and not any(one.removeprefix("sha256:").startswith(wanted) for one in found):
        return f"{', '.join(found) or 'something without a name'} is served, and {wish.artifact} was asked for"
    return ""


def altered(workspace: Path, bundle: str, digest: str) -> str:
    """Why the tarball is not the one that was built; empty if it is, or if nothing was said about it."""
    if not bundle or not digest:
        return ""
    try:
        found = f"sha256:{hashlib.sha256((workspace / bundle).read_bytes()).hexdigest()}"
    except OSError as failure:
        return f"the bundle {bundle} cannot be read: {failure.strerror}"
    return "" if found == digest else f"the bundle {bundle} is {found}, and {digest} was built"


def heading(wish: Asked) -> str:
    """Above what the callback writes: where, from which commit, by which run."""
    env = os.environ
    server, repository = env.get("GITHUB_SERVER_URL", ""), env.get("GITHUB_REPOSITORY", "")
    commit, run_id = env.get("GITHUB_SHA", ""), env.get("GITHUB_RUN_ID", "")
    place = f"{server}/{repository}"
    return (
        f"# {wish.service} in {wish.environment}\n\n"
        f"[{commit[:12]}]({place}/commit/{commit}) by [run {run_id}]({place}/actions/runs/{run_id}),"
        f" `{wish.playbook}`\n\n"
    )


def way_back(wish: Asked, outcome: str) -> str:
    """The commands that undo a deployment that took the traffic."""
    if outcome != "promoted":
        return ""
    kind = "frontend" if wish.service == "site" else "backend"
    line = ["ansible-playbook", "-i", f"{wish.inventories}/{wish.environment}", f"playbooks/rollback_{kind}.yml"]
    line += [] if kind == "frontend" else ["-e", f"service={wish.service}"]
    ask = f"gh workflow run rollback.yml -f environment={wish.environment} -f service={wish.service}"
    block = "```\n{}\n```\n"
    return f"\n### Way back\n\n{block.format(ask)}\nor, from a checkout of Slipway,\n\n{block.format(shlex.join(line))}"


def report_of(wish: Asked, checkout: Path, since: float) -> str:
    """The page that this run wrote, if it wrote one."""
    page = checkout / "build" / f"deploy-{wish.environment}-{wish.service}.html"
    return str(page) if page.is_file() and page.stat().st_mtime >= since else ""


def append(variable: str, text: str) -> None:
    path = os.environ.get(variable)
    if path and text:
        with Path(path).open("a", encoding="utf-8") as stream:
            stream.write(text)


def tell(values: Mapping[str, str]) -> None:
    """The step's outputs, with a delimiter that no value can guess."""
    mark = secrets.token_hex(16)
    append("GITHUB_OUTPUT", "".join(f"{name}<<{mark}\n{value}\n{mark}\n" for name, value in values.items()))


def error(title: str, text: str) -> None:
    line = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    print(f"::error title={title}::{line}", flush=True)


def main() -> int:
    """Returns the playbook's exit status, or 1 for an input that cannot be and for the wrong artifact."""
    env = os.environ
    workspace = Path(env["GITHUB_WORKSPACE"])
    checkout = workspace / env.get("SLIPWAY_FOLDER", "slipway")
    try:
        wish = asked(env)
        problem = altered(workspace, wish.bundle, env.get("BUNDLE_DIGEST", ""))
        if problem:
            raise WrongError(problem)
    except WrongError as wrong:
        error("Deploy", f"{wrong}; nothing was changed")
        tell({"outcome": "blocked"})
        return 1
    append("GITHUB_STEP_SUMMARY", heading(wish))
    started = time.time()
    with tempfile.TemporaryDirectory() as scratch:
        told = Path(scratch) / "outputs"
        told.touch()
        extra = variables_of(wish, told, env.get("BREAK_GLASS", ""))
        status = run(command(wish, workspace), checkout, extra)
        values = outputs(told.read_text(encoding="utf-8"))
    seconds, report = f"{time.time() - started:.0f}", report_of(wish, checkout, started - 1)
    return close(wish, status, values, {"seconds": seconds, "report": report})


def close(wish: Asked, status: int, values: dict[str, str], own: dict[str, str]) -> int:
    """Outputs, the way back, and why the step is red."""
    wrong = "" if status else difference(wish, values)
    values = {"outcome": "failed", **values, **own}
    tell(values)
    append("GITHUB_STEP_SUMMARY", way_back(wish, values["outcome"]))
    title = f"{wish.service} in {wish.environment}"
    if status or wrong:
        error(title, wrong or MEANINGS.get(status, UNTOLD))
    return status or int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
