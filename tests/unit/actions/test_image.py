# SPDX-License-Identifier: GPL-3.0-or-later
"""The action that builds an image: once for a commit, with attestations, and nothing that it does not understand."""

from __future__ import annotations

import json

import pytest

from .conftest import program

image = program("image")
REPOSITORY = "222222222222.dkr.ecr.us-east-1.amazonaws.com/shop/api"
DIGEST = "sha256:" + "a" * 64
MISSING = "An error occurred (ImageNotFoundException) when calling the DescribeImages operation: no such tag"
# What stands for docker and aws: each call is a line, and what is told comes from files.
AWS = """#!/bin/sh
echo "aws $*" >> calls
case "$*" in
  *get-login-password*) echo pass-word; exit $(cat login 2>/dev/null || echo 0);;
esac
cat described 2>/dev/null && exit 0
cat refused >&2; exit 254
"""
DOCKER = """#!/bin/sh
echo "docker $*" >> calls
case "$1 $2" in
  login*) echo "stdin $(cat)" >> calls; exit 0;;
  "buildx create") exit $(cat create 2>/dev/null || echo 0);;
esac
[ -e broken ] && exit 7
while [ "$1" != --metadata-file ]; do shift; done
cp metadata "$2"
"""


@pytest.fixture
def step(runner, monkeypatch, capsys):
    """Run the program; returns exit status, what it printed, its calls and its outputs."""
    programs = runner / "bin"
    programs.mkdir()
    for name, script in {"aws": AWS, "docker": DOCKER}.items():
        (programs / name).write_text(script)
        (programs / name).chmod(0o755)
    (runner / "app").mkdir()
    (runner / "app" / "Dockerfile").write_text("FROM scratch\n")
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")

    def run(inputs=None, **files):
        defaults = {"refused": MISSING, "metadata": json.dumps({"containerimage.digest": DIGEST})}
        for name, text in {**defaults, **files}.items():
            (runner / name).write_text(text)
        values = {"REPOSITORY": REPOSITORY, "CONTEXT": "app", "DOCKERFILE": "Dockerfile", "BUILD_ARGS": ""}
        for name, value in {**values, "PLATFORM": "linux/arm64", **(inputs or {})}.items():
            monkeypatch.setenv(name, value)
        status = 0
        try:
            image.main()
        except SystemExit as end:
            status = end.code
        calls = (runner / "calls").read_text().splitlines() if (runner / "calls").exists() else []
        told = dict(line.split("=", 1) for line in (runner / "output").read_text().splitlines())
        return status, capsys.readouterr().out, calls, told

    return run


def test_an_image_is_built_with_provenance_and_pushed(step):
    status, _printed, calls, told = step({"BUILD_ARGS": "RELEASE=2.0.0\n\n NOTE=a b; c\n"})
    assert status == 0
    assert told == {"digest": DIGEST, "image": f"{REPOSITORY}@{DIGEST}", "reused": "false"}
    build = calls[-1]
    commit = "c0ffee" * 6 + "c0de"
    for part in (
        "--provenance mode=max --sbom true --push",
        f"--tag {REPOSITORY}:{commit} ",
        "--platform linux/arm64",
        f"--label org.opencontainers.image.revision={commit}",
        "--label org.opencontainers.image.source=https://github.com/acme/shop",
        "--build-arg RELEASE=2.0.0 --build-arg NOTE=a b; c app",
    ):
        assert part in build
    assert "docker buildx create --driver docker-container --use" in calls


def test_the_registrys_password_is_in_no_argument(step):
    _status, printed, calls, _told = step()
    assert calls[2:4] == [
        "docker login --username AWS --password-stdin 222222222222.dkr.ecr.us-east-1.amazonaws.com",
        "stdin pass-word",
    ]
    assert "pass-word" not in printed


def test_a_commit_that_was_built_before_is_not_built_again(step):
    found = json.dumps({"imageDetails": [{"imageDigest": DIGEST}]})
    status, printed, calls, told = step(described=found)
    assert (status, told["reused"], told["digest"]) == (0, "true", DIGEST)
    assert len(calls) == 1
    asked = "--registry-id 222222222222 --repository-name shop/api --image-ids imageTag=c0ffee"
    assert f"aws ecr describe-images --region us-east-1 {asked}" in calls[0]
    assert printed.startswith("Built before: ")


PROBLEMS = {
    "no-access": ({}, {"refused": "AccessDeniedException"}, "cannot be read, so nothing was built"),
    "no-digest": ({}, {"described": '{"imageDetails": [{"imageDigest": "None"}]}'}, "ECR tells no digest"),
    "no-login": ({}, {"login": "255"}, "no login for"),
    "no-builder": ({}, {"create": "1"}, "could not make a builder"),
    "build-fails": ({}, {"broken": ""}, "docker ended with 7"),
    "build-tells-nothing": ({}, {"metadata": "{}"}, "docker told no digest"),
    "another-registry": ({"REPOSITORY": "docker.io/api"}, {}, "is no repository in Amazon ECR"),
    "a-tag": ({"REPOSITORY": REPOSITORY + ":1"}, {}, "is no repository in Amazon ECR"),
    "no-dockerfile": ({"DOCKERFILE": "Containerfile"}, {}, "there is no app/Containerfile"),
    "no-argument": ({"BUILD_ARGS": "--push\nA=1"}, {}, "each line is NAME=VALUE"),
    "no-commit": ({"GITHUB_SHA": "main"}, {}, "'main' is no commit"),
}


@pytest.mark.parametrize(("inputs", "files", "problem"), PROBLEMS.values(), ids=PROBLEMS)
def test_what_is_not_as_it_should_be_ends_the_run(step, inputs, files, problem):
    status, printed, _calls, told = step(inputs, **files)
    assert (status, told) == (1, {})
    assert printed.startswith("::error title=Image::")
    assert problem in printed
