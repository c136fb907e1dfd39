# SPDX-License-Identifier: GPL-3.0-or-later
"""Build an image once and push it to Amazon ECR, with provenance and SBOM: the action `image`.

Standard library only: it runs on a runner before anything is installed. docker (with buildx) and aws are programs.
A commit that was built before is not built again: its tag cannot move (repositories of Slipway have immutable tags),
and what staging proves must be the image that production gets.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple, NoReturn

ECR = re.compile(
    r"(?P<registry>(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?)/"
    r"(?P<name>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)"
)
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
ARGUMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=.*")


class Repository(NamedTuple):
    """A repository in Amazon ECR and what its address tells."""

    uri: str
    registry: str
    account: str
    region: str
    name: str


def fail(message: str) -> NoReturn:
    """End with one line, shown at the run too."""
    text = message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    print(f"::error title=Image::{text}", flush=True)
    sys.exit(1)


def repository(text: str) -> Repository:
    """The repository that `text` names; ends the run if it is none."""
    found = ECR.fullmatch(text)
    if not found:
        fail(f"image-repository {text!a} is no repository in Amazon ECR: ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME")
    return Repository(text, found["registry"], found["account"], found["region"], found["name"])


def build_arguments(text: str) -> list[str]:
    """Arguments of docker for NAME=VALUE, one a line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for line in lines:
        if not ARGUMENT.fullmatch(line):
            fail(f"build-args: {line.partition('=')[0]!a}: each line is NAME=VALUE")
    return [part for line in lines for part in ("--build-arg", line)]


def pushed(place: Repository, tag: str) -> str | None:
    """Digest of the image that has the tag; None if there is none. Whatever else ECR answers ends the run."""
    command = ["aws", "ecr", "describe-images", "--region", place.region, "--registry-id", place.account]
    command += ["--repository-name", place.name, "--image-ids", f"imageTag={tag}", "--output", "json"]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode == 0:
        digest = str(json.loads(done.stdout)["imageDetails"][0]["imageDigest"])
        return digest if DIGEST.fullmatch(digest) else fail(f"{place.uri}:{tag}: ECR tells no digest: {digest!a}")
    if "ImageNotFoundException" in done.stderr:
        return None
    why = " ".join(done.stderr.split()) or f"aws ended with {done.returncode}"
    fail(
        f"{place.uri} cannot be read, so nothing was built: {why}. site.yml makes the repository, and the role needs"
        " ecr:DescribeImages on it"
    )


def log_in(place: Repository) -> None:
    """The password goes from aws to docker and into no argument, file or log of ours."""
    ask = ["aws", "ecr", "get-login-password", "--region", place.region]
    password = subprocess.run(ask, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if password.returncode:
        fail(f"no login for {place.registry}: {' '.join(password.stderr.split())}")
    command = ["docker", "login", "--username", "AWS", "--password-stdin", place.registry]
    if subprocess.run(command, input=password.stdout, text=True, stdout=subprocess.DEVNULL).returncode:
        fail(f"docker could not log in to {place.registry}")


def build(place: Repository, tag: str, folder: Path, dockerfile: str, extra: list[str], platform: str) -> str:
    """Build and push; returns the digest, which is that of an index: the image and its attestations."""
    # The driver that writes attestations; that of Docker itself does not.
    create = ["docker", "buildx", "create", "--driver", "docker-container", "--use"]
    if subprocess.run(create, stdin=subprocess.DEVNULL).returncode:
        fail("docker buildx could not make a builder")
    with tempfile.TemporaryDirectory() as scratch:
        told = Path(scratch) / "metadata.json"
        command = ["docker", "buildx", "build", "--file", str(folder / dockerfile), "--platform", platform, "--pull"]
        command += ["--provenance", "mode=max", "--sbom", "true", "--push", "--tag", f"{place.uri}:{tag}"]
        command += ["--label", f"org.opencontainers.image.revision={tag}"]
        command += ["--label", f"org.opencontainers.image.source={source()}"]
        command += ["--metadata-file", str(told), *extra, str(folder)]
        status = subprocess.run(command, stdin=subprocess.DEVNULL).returncode
        if status:
            fail(
                f"the image of commit {tag} was not built and pushed (docker ended with {status});"
                " nothing was deployed, users are served what they were served before"
            )
        digest = str(json.loads(told.read_text(encoding="utf-8")).get("containerimage.digest", ""))
    if not DIGEST.fullmatch(digest):
        fail(f"docker told no digest of what it pushed: {digest!a}")
    return digest


def source() -> str:
    """Page of the repository that the image was built from."""
    return f"{os.environ.get('GITHUB_SERVER_URL', '')}/{os.environ.get('GITHUB_REPOSITORY', '')}"


def main() -> None:
    """Everything comes in variables of the environment, so that no shell sees it."""
    env = os.environ
    place, tag = repository(env["REPOSITORY"]), env["GITHUB_SHA"]
    if not COMMIT.fullmatch(tag):
        fail(f"{tag!a} is no commit")
    folder = Path(env["CONTEXT"])
    if not (folder / env["DOCKERFILE"]).is_file():
        fail(f"there is no {folder / env['DOCKERFILE']}: give working-directory and dockerfile")
    extra = build_arguments(env["BUILD_ARGS"])
    digest = pushed(place, tag)
    reused = digest is not None
    if digest is None:
        log_in(place)
        digest = build(place, tag, folder, env["DOCKERFILE"], extra, env["PLATFORM"])
    with Path(env["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as stream:
        stream.write(f"digest={digest}\nimage={place.uri}@{digest}\nreused={str(reused).lower()}\n")
    print(f"{'Built before' if reused else 'Pushed'}: {place.uri}@{digest}")


if __name__ == "__main__":
    main()
