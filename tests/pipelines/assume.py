# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands for assuming a role by OIDC, as a step of a job: the account's credentials go into the job's environment.

act neither mints tokens nor knows environments. So the role that a job wants is written down, with the job, for the
tests to see that it exists and whom it trusts; and a variable of a GitHub environment, which act takes for empty, is
looked up here, for the environment that the job names.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from pathlib import Path

ACCOUNTS = {"222222222222": "staging", "333333333333": "production"}


def main() -> int:
    """Exit status 1 and an annotation, when there is no such role."""
    job, repository = os.environ["GITHUB_JOB"], os.environ["GITHUB_REPOSITORY"]
    environment = json.loads(os.environ["PIPELINES_ENVIRONMENTS"]).get(job, "")
    kept = Path(os.environ["PIPELINES_GITHUB"], ".environments", repository, f"{environment}.variables.json")
    role = os.environ["ROLE"] or (json.loads(kept.read_text())["SLIPWAY_ROLE"] if kept.exists() else "")
    found = re.fullmatch(r"arn:aws:iam::(\d{12}):role/[\w+=,.@/-]+", role)
    if found is None or found[1] not in ACCOUNTS:
        print(f"::error::Could not assume role {role!r} in job {job}, environment {environment!r}")
        return 1
    with Path(os.environ["PIPELINES_ROLES"]).open("a", encoding="utf-8") as roles:
        asked = {"repository": repository, "job": job, "environment": environment, "role": role}
        roles.write(json.dumps(asked) + "\n")
    lines = Path(os.environ["PIPELINES_CLOUD"], f"env.{ACCOUNTS[found[1]]}").read_text().splitlines()
    pairs = [word for line in lines for word in shlex.split(line)[1:]]
    with Path(os.environ["GITHUB_ENV"]).open("a", encoding="utf-8") as exported:
        exported.write("".join(f"{pair}\n" for pair in pairs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
