# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.image_plan import (
    image_complaint,
    place_problem,
    reference,
)

REPOSITORY = "111111111111.dkr.ecr.us-east-1.amazonaws.com/slipway-local/api"
DIGEST = "sha256:" + "a1" * 32


@pytest.mark.parametrize(
    ("text", "image_id"),
    [
        (REPOSITORY, {"imageTag": "latest"}),
        (f"{REPOSITORY}:1.0.0", {"imageTag": "1.0.0"}),
        (f"{REPOSITORY}@{DIGEST}", {"imageDigest": DIGEST}),
        (f"{REPOSITORY}:1.0.0@{DIGEST}", {"imageDigest": DIGEST}),
    ],
)
def test_what_ecr_is_asked_for(text, image_id):
    image = reference(text)
    assert image_complaint(text) is None
    assert image.image_id == image_id
    assert image.pinned(DIGEST) == f"{REPOSITORY}@{DIGEST}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{REPOSITORY}@sha256:abc", "a digest is sha256: and 64 lower-case hex digits"),
        (f"{REPOSITORY}@{DIGEST.upper()}", "a digest is sha256:"),
        (f"{REPOSITORY}@", "a digest is sha256:"),
        ("nginx:1.25", "is no Amazon ECR image"),
        ("docker.io/library/nginx", "is no Amazon ECR image"),
        ("", "is no Amazon ECR image"),
        (f"{REPOSITORY}:", "the repository name or the tag is malformed"),
        (f"{REPOSITORY}:{{{{ 7 }}}}", "the repository name or the tag is malformed"),
        (REPOSITORY.upper().replace("DKR.ECR.US-EAST-1.AMAZONAWS.COM", "dkr.ecr.us-east-1.amazonaws.com"), "malformed"),
        (f"{REPOSITORY}:a\n", "malformed"),
    ],
)
def test_malformed_references_are_told_in_one_line(text, message):
    problem = image_complaint(text)
    assert message in problem
    assert "\n" not in problem
    with pytest.raises(ValueError, match=re.escape(problem)):
        reference(text)


@pytest.mark.parametrize(
    ("arn", "fits"),
    [
        ("arn:aws:ecs:us-east-1:111111111111:cluster/c", True),
        ("arn:aws:ecs:us-east-1:222222222222:cluster/c", False),
        ("arn:aws:ecs:eu-west-1:111111111111:cluster/c", False),
    ],
)
def test_the_repository_belongs_to_the_cluster_s_account_and_region(arn, fits):
    image = reference(REPOSITORY)
    assert (place_problem(image, arn) is None) is fits


def test_images_of_an_account_that_is_welcome_may_be_run_in_the_same_region():
    text = "222222222222.dkr.ecr.us-east-1.amazonaws.com/api@sha256:" + "a" * 64
    arn = "arn:aws:ecs:{}:333333333333:service/c/s"
    welcome, foreign = reference(text, ("222222222222",)), reference(text, ("444444444444",))
    assert place_problem(welcome, arn.format("us-east-1")) is None
    assert place_problem(foreign, arn.format("us-east-1"))
    assert place_problem(welcome, arn.format("eu-central-1"))
