# SPDX-License-Identifier: GPL-3.0-or-later
"""The applications whose pipelines run: the backend that the README makes, and a frontend beside it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.pipelines.act import ROOT, Run
from tests.pipelines.github import HOST, REVIEWERS
from tests.pipelines.world import World

BACKEND, FRONTEND = "acme/shop", "acme/site"
# Repository -> its entry in the inventories, which names its roles.
ENTRIES = {BACKEND: "api", FRONTEND: "site"}
ACCOUNTS = {"staging": "222222222222", "production": "333333333333"}
# One task and short waits: what the tests look at is the order of things. What must not be hurried is timed elsewhere.
SHORT = """---
ecs_service_min_count: 1
ecs_service_desired_count: 1
ecs_service_max_count: 2
ecs_service_deregistration_delay: 2
ecs_service_stop_timeout: 5
ecs_service_healthy_timeout: 90
ecs_service_poll_interval: 1
ecs_service_probe_count: 5
ecs_service_drain_floor: 2
ecs_service_keep_warm: 900
"""
SITE = """
  - name: site
    repository: acme/site
    owner_id: "1001"
    repository_id: "2003"
    site: true
"""
PROTECTED = {"protected_branches": True, "custom_branch_policies": False}


class Clone:
    """A clone with a workflow that deploys, and what is done with it."""

    def __init__(self, world: World, folder: Path, repository: str) -> None:
        self.world, self.folder, self.repository = world, folder, repository

    def git(self, *arguments: str) -> str:
        """Run git in it; what it printed."""
        env = self.world.env() | {"HOME": str(self.world.home)}
        done = subprocess.run(["git", *arguments], cwd=self.folder, env=env, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def push(self, message: str) -> str:
        """Commit everything and push it; the commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        self.git("push", "--quiet", "origin", "main")
        return self.git("rev-parse", "HEAD")

    def edit(self, workflow: str, pattern: str, text: str) -> None:
        """Replace what matches in a workflow, which must be there once."""
        path = self.folder / ".github" / "workflows" / workflow
        changed, count = re.subn(pattern, text, path.read_text(), flags=re.MULTILINE)
        assert count == 1, (workflow, pattern)
        path.write_text(changed)

    def run(self, workflow: str, event: str = "push", inputs: Mapping[str, str] | None = None) -> Run:
        """Run a workflow of what was pushed."""
        assert self.git("status", "--porcelain") == ""
        return self.world.pipeline(self.folder, workflow, event, inputs)

    def protect(self, environment: str, rules: list[Any]) -> None:
        """Make an environment on GitHub, or change its protection, with the role of its jobs."""
        name = ENTRIES[self.repository]
        role = f"arn:aws:iam::{ACCOUNTS[environment]}:role/slipway-{environment}-github-deploy-{name}"
        self.world.site.protect(self.repository, environment, rules, PROTECTED)
        self.world.site.set_variable(self.repository, environment, "SLIPWAY_ROLE", role)


class Shop(Clone):
    """The backend."""

    def __init__(self, world: World) -> None:
        super().__init__(world, world.home / "app", BACKEND)

    def inventories_for_tests(self) -> None:
        """Short waits, production's service, and a frontend that may deploy, too."""
        folders = {name: self.folder / "inventories" / name / "group_vars" / "all" for name in ACCOUNTS}
        urls = [self.world.account(each)["LOCAL_ALB_URL"] for each in ACCOUNTS]
        trusted = (folders["staging"] / "github_oidc.yml").read_text().rstrip() + SITE
        services = (folders["staging"] / "services.yml").read_text()
        (folders["staging"] / "github_oidc.yml").write_text(trusted)
        # Nothing is built for production.
        (folders["production"] / "github_oidc.yml").write_text(trusted.replace("    build_environment: build\n", ""))
        (folders["production"] / "services.yml").write_text(services.replace(*urls))
        for folder in folders.values():
            (folder / "short.yml").write_text(SHORT)

    def answer(self, environment: str) -> dict[str, str]:
        """What users of the service are answered now: version, digest, color."""
        url = f"{self.world.account(environment)['LOCAL_ALB_URL']}/version"
        with urllib.request.urlopen(url, timeout=10) as answer:
            found: dict[str, str] = json.load(answer)
        return found

    def running(self, environment: str) -> set[str]:
        """Digests of the images of the tasks that take traffic."""
        ecs, cluster = self.world.client(environment, "ecs"), f"slipway-{environment}"
        color = self.answer(environment)["color"]
        arns = ecs.list_tasks(cluster=cluster, serviceName=f"api-{color}", desiredStatus="RUNNING")["taskArns"]
        tasks = ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"]
        return {container["imageDigest"] for task in tasks for container in task["containers"]}

    def records(self, environment: str) -> list[dict[str, Any]]:
        """The records of the service's releases, the newest first."""
        return records(self.world, environment, "api")


def records(world: World, environment: str, service: str) -> list[dict[str, Any]]:
    """What the release store has written down, the newest first."""
    answer = world.client(environment, "dynamodb").query(
        TableName=f"slipway-{environment}-releases",
        KeyConditionExpression="#service = :service AND begins_with(#item, :prefix)",
        ExpressionAttributeNames={"#service": "service", "#item": "item"},
        ExpressionAttributeValues={":service": {"S": service}, ":prefix": {"S": "release#"}},
        ScanIndexForward=False,
        ConsistentRead=True,
    )
    return [json.loads(item["record"]["S"]) for item in answer["Items"]]


def live(world: World, environment: str) -> str:
    """The release that visitors of the site get."""
    bucket = f"slipway-{environment}-site-{ACCOUNTS[environment]}"
    found = world.client(environment, "s3").get_object(Bucket=bucket, Key="state/current.json")["Body"].read()
    return str(json.loads(found)["release"])


def frontend(world: World, shop: Shop) -> Clone:
    """A repository of the example frontend whose build takes what has been built already."""
    world.site.create(FRONTEND)
    clone = Clone(world, world.home / "site", FRONTEND)
    clone.folder.mkdir()
    clone.git("init", "--quiet")
    clone.git("remote", "add", "origin", f"{HOST}{FRONTEND}")
    shutil.copytree(ROOT / "examples" / "web" / "releases", clone.folder / "built")
    shutil.copytree(shop.folder / "inventories", clone.folder / "inventories")
    workflows = clone.folder / ".github" / "workflows"
    workflows.mkdir(parents=True)
    for name in ("frontend", "rollback", "promote"):
        text = (ROOT / "examples" / "workflows" / f"{name}.yml").read_text()
        text = re.sub(
            "@0{40}", f"@{world.slipway_commit()}", re.sub(r"^ +\S+-role: .*\n", "", text, flags=re.MULTILINE)
        )
        own = (
            "".join(f'      {key}-command: "true"\n' for key in ("install", "lint", "test"))
            if name == "frontend"
            else ""
        )
        build = "      build-command: cp -R built/1.0.0 dist\n" if name == "frontend" else ""
        (workflows / f"{name}.yml").write_text(f"{text}      inventories: ../app/inventories\n{own}{build}")
    clone.protect("staging", [])
    clone.protect("production", [REVIEWERS])
    return clone
