# SPDX-License-Identifier: GPL-3.0-or-later
"""States of private buckets and the steps out of them."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.private_buckets_plan import (
    OWNERSHIP,
    PUBLIC_ACCESS,
    Bucket,
    plan_absent,
    plan_present,
    wanted_settings,
)

NOTHING = dict.fromkeys(("kms_key_arn", "versioning", "lifecycle_rules", "access_log", "tags", "policy"))
ALWAYS = {"public access": PUBLIC_ACCESS, "ownership": OWNERSHIP}
KEY = "arn:aws:kms:us-east-1:1:key/1"


def steps(live, **given):
    """Labels of the steps from LIVE settings, None for no bucket, to those that are given."""
    wanted = {"b": wanted_settings({**NOTHING, **given})}
    return [step.label for step in plan_present([Bucket("b", live)], wanted).steps]


def test_what_is_not_given_is_left_alone():
    assert wanted_settings(NOTHING) == ALWAYS
    assert steps({**ALWAYS, "policy": {"Statement": []}}) == []


def test_a_new_bucket_gets_all_of_it_in_order():
    given = {"kms_key_arn": "", "versioning": True, "tags": {"a": 1}, "policy": {"Version": "x"}}
    assert steps(None, **given) == [
        "create b",
        "b: public access",
        "b: ownership",
        "b: encryption",
        "b: versioning",
        "b: tags",
        "b: policy",
    ]


@pytest.mark.parametrize(
    ("live", "given", "labels"),
    [
        ({}, {}, ["b: public access", "b: ownership"]),
        ({**ALWAYS, "public access": {**PUBLIC_ACCESS, "BlockPublicAcls": False}}, {}, ["b: public access"]),
        ({**ALWAYS, "versioning": None}, {"versioning": False}, []),
        ({**ALWAYS, "versioning": "Enabled"}, {"versioning": False}, ["b: versioning"]),
        ({**ALWAYS, "versioning": "Suspended"}, {"versioning": True}, ["b: versioning"]),
        ({**ALWAYS, "tags": None}, {"tags": {}}, []),
        ({**ALWAYS, "tags": {"a": "1"}}, {"tags": {"a": 1}}, []),
        ({**ALWAYS, "tags": {"a": "1", "b": "2"}}, {"tags": {"a": 1}}, ["b: tags"]),
        ({**ALWAYS, "tags": {"a": "1"}}, {"tags": {}}, ["b: tags"]),
        (
            {**ALWAYS, "policy": {"Statement": [{"Action": ["s3:*"], "Resource": "x"}]}},
            {"policy": {"Statement": [{"Action": "s3:*", "Resource": ["x"]}]}},
            [],
        ),
        (
            {**ALWAYS, "access log": {"TargetBucket": "l", "TargetPrefix": "s3/"}},
            {"access_log": {"bucket": "l", "prefix": "s3/"}},
            [],
        ),
        # A rule by age that somebody else made goes: it would take what is served.
        ({**ALWAYS, "lifecycle": [{"ID": "a"}, {"ID": "age"}]}, {"lifecycle_rules": [{"ID": "a"}]}, ["b: lifecycle"]),
    ],
)
def test_steps(live, given, labels):
    assert steps(live, **given) == labels


@pytest.mark.parametrize(
    ("key", "algorithm", "bucket_key"),
    [("", {"SSEAlgorithm": "AES256"}, False), (KEY, {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}, True)],
)
def test_encryption(key, algorithm, bucket_key):
    (rule,) = wanted_settings({**NOTHING, "kms_key_arn": key})["encryption"]
    assert rule == {"ApplyServerSideEncryptionByDefault": algorithm, "BucketKeyEnabled": bucket_key}


def test_the_diff_shows_what_differs():
    plan = plan_present([Bucket("b", {**ALWAYS, "ownership": "ObjectWriter"})], {"b": ALWAYS})
    assert plan.diff() == {"before": {"b: ownership": "ObjectWriter"}, "after": {"b: ownership": OWNERSHIP}}


def test_only_what_is_there_is_deleted():
    plan = plan_absent([Bucket("a", None), Bucket("b", {})])
    assert [step.label for step in plan.steps] == ["delete b"]
    assert plan.diff() == {"before": {"delete b": {}}, "after": {}}
