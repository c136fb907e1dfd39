# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands for docker, aws and gh, where no daemon, no AWS and no GitHub are.

Just the commands that the pipelines and the README use; all others are refused, so that a new one is noticed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import boto3
from botocore.exceptions import ClientError

from tests.pipelines.github import HOST, Site

SITE = Path(os.environ["PIPELINES_GITHUB"])
STATE = Path(os.environ["PIPELINES_CLOUD"])
BUILDS = Path(os.environ["PIPELINES_BUILDS"])
REGISTRIES = Path.home() / ".docker-registries"
ENVIRONMENT = re.compile(r"repos/([^/]+/[^/]+)/environments/([^/]+)")
# Of every owner and every repository.
NUMBERS = {".owner.id": "1001", ".id": "2002"}
ACCOUNTS = {"222222222222": "staging", "333333333333": "production"}


def docker(arguments: Sequence[str]) -> int:
    """docker login, docker buildx create, docker buildx build --push."""
    match [*arguments[:2]]:
        case ["login", "--username"]:
            with REGISTRIES.open("a", encoding="utf-8") as known:
                known.write(f"{arguments[-1]}\n" if sys.stdin.read().strip() == _password() else "")
            return 0
        case ["buildx", "create"]:
            return 0
        case ["buildx", "build"]:
            return _build(arguments[2:])
    return _unknown("docker", arguments)


def _build(arguments: Sequence[str]) -> int:
    """Put a release of the example where its Dockerfile puts it, and push that."""
    parser = argparse.ArgumentParser(prog="docker buildx build")
    for option in ("file", "platform", "provenance", "sbom", "metadata-file", "tag"):
        parser.add_argument(f"--{option}", required=True)
    for option in ("build-arg", "label"):
        parser.add_argument(f"--{option}", action="append", default=[])
    for option in ("pull", "push"):
        parser.add_argument(f"--{option}", action="store_true", required=True)
    parser.add_argument("context", type=Path)
    given = parser.parse_args(arguments)
    release = dict(pair.split("=", 1) for pair in given.build_arg)["RELEASE"]
    uri, _, tag = given.tag.rpartition(":")
    registry, _, repository = uri.partition("/")
    if not REGISTRIES.exists() or registry not in REGISTRIES.read_text().split():
        print(f"no basic auth credentials for {registry}", file=sys.stderr)
        return 1
    image = BUILDS / release
    for source, target in (("service", "service"), (f"releases/{release}", "release")):
        shutil.copytree(given.context / source, image / target, dirs_exist_ok=True)
    command = [sys.executable, "-m", "localcloud", "push", f"api:{release}", "--state", str(STATE)]
    command += ["--environment", ACCOUNTS[registry[:12]], "--repository", repository, "--tag", tag]
    pushed = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if not pushed.returncode:
        digest = pushed.stdout.strip().partition("@")[2]
        Path(given.metadata_file).write_text(json.dumps({"containerimage.digest": digest}))
    return pushed.returncode


def _password() -> str:
    """The login that ECR gives to whoever has the credentials of this process."""
    token: str = boto3.client("ecr").get_authorization_token()["authorizationData"][0]["authorizationToken"]
    return token


def aws(arguments: Sequence[str]) -> int:
    """aws ecr describe-images, aws ecr get-login-password."""
    match [*arguments[:2]]:
        case ["ecr", "get-login-password"]:
            print(_password())
            return 0
        case ["ecr", "describe-images"]:
            parser = argparse.ArgumentParser(prog="aws ecr describe-images")
            for option in ("region", "registry-id", "repository-name", "image-ids", "output"):
                parser.add_argument(f"--{option}", required=True)
            given = parser.parse_args(arguments[2:])
            name, _, value = given.image_ids.partition("=")
            ecr = boto3.client("ecr", region_name=given.region)
            asked = {"registryId": given.registry_id, "repositoryName": given.repository_name}
            try:
                print(json.dumps(ecr.describe_images(**asked, imageIds=[{name: value}]), default=str))
            except ClientError as error:
                print(error, file=sys.stderr)
                return 254
            return 0
    return _unknown("aws", arguments)


def gh(arguments: Sequence[str]) -> int:
    """gh repo create, gh api --method PUT repos/OWNER/NAME/environments/ENVIRONMENT, gh variable set."""
    site = Site(SITE)
    match [*arguments]:
        case ["repo", "create", repository, *options] if {*options} <= {"--public", "--private"}:
            site.create(repository)
            print(f"{HOST}{repository}")
        case ["api", "--method", "PUT", path] if match := ENVIRONMENT.fullmatch(path):
            site.protect(match[1], match[2], [])
        case ["api", path, "--jq", ".id" | ".owner.id" as asked] if path.startswith("repos/"):
            print(NUMBERS[asked])
        case ["variable", "set", name, "--repo", repository, "--env", environment, "--body", value]:
            site.set_variable(repository, environment, name, value)
        case _:
            return _unknown("gh", arguments)
    return 0


def _unknown(program: str, arguments: Sequence[str]) -> int:
    print(f"tests/pipelines/programs.py: nothing stands for: {program} {' '.join(arguments)}", file=sys.stderr)
    return 64


PROGRAMS: dict[str, Callable[[Sequence[str]], int]] = {"aws": aws, "docker": docker, "gh": gh}

if __name__ == "__main__":
    sys.exit(PROGRAMS[sys.argv[1]](sys.argv[2:]))
