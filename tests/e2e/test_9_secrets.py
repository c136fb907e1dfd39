# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets of all kinds were in the hands of the playbooks that ran before; none is in anything that was written.

The runs of test_4_failures say everything that Ansible can say (-vvv), and have a webhook's address that is secret.
"""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tests.e2e.harness import CANARY

ROOT = Path(__file__).resolve().parents[2]
# Where the local cloud gives the credentials out; nobody else may read them.
GIVEN_OUT = {"credentials", "env", "env.production", "env.staging", "settings.json"}
SECRET_VARIABLES = (
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "MONGODB_ATLAS_CLIENT_SECRET",
    "MONGODB_ATLAS_PRIVATE_API_KEY",
)


def secrets(environments):
    """What must not be found, by what it is."""
    found = {"webhook": CANARY}
    for name, each in environments.items():
        for caller, values in {"account": each.env, **each.callers}.items():
            for variable in SECRET_VARIABLES:
                if values.get(variable):
                    found[f"{variable} of {caller} in {name}"] = values[variable]
    return {what: value.encode() for what, value in found.items()}


@pytest.fixture(scope="module")
def written(environments, state):
    """Everything that the runs, the local cloud and the reports have written."""
    runs = [path for path in environments["local"].folder.rglob("*") if path.is_file()]
    if not any(path.suffix == ".log" for path in runs):
        pytest.skip("nothing has run before")
    cloud = [
        path for path in state.rglob("*") if path.is_file() and path.relative_to(state).as_posix() not in GIVEN_OUT
    ]
    reports = [path for pattern in ("*.html", "*.json", "*.md") for path in (ROOT / "build").glob(pattern)]
    return [*runs, *cloud, *reports]


def test_the_search_would_find_them(environments, state):
    given_out = b"".join((state / name).read_bytes() for name in GIVEN_OUT)
    accounts = [value for what, value in secrets(environments).items() if " of account in " in what]
    assert len(accounts) >= len(environments) * 3
    assert all(value in given_out for value in accounts)
    assert {stat.S_IMODE((state / name).stat().st_mode) for name in GIVEN_OUT} == {0o600}


def test_no_secret_is_in_anything_that_was_written(environments, written):
    canaries = secrets(environments)
    hits = []
    for path in written:
        content = path.read_bytes()
        hits += [f"{what}: {path}" for what, value in canaries.items() if value in content]
    assert hits == []
    print(
        f"{len(canaries)} secrets, {len(written)} files, {sum(path.stat().st_size for path in written)} bytes: 0 hits"
    )
