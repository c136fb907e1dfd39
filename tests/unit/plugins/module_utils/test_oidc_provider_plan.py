# SPDX-License-Identifier: GPL-3.0-or-later
"""An identity provider belongs to the account, whoever uses it."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.oidc_provider_plan import (
    ADD_AUDIENCE,
    CREATE,
    DELETE,
    Provider,
    plan_absent,
    plan_present,
    trusts,
)

STS = "sts.amazonaws.com"
TAGS = {"slipway:environment": "staging"}
ARN = "arn:aws:iam::222222222222:oidc-provider/token.actions.githubusercontent.com"


@pytest.mark.parametrize(
    ("found", "steps", "after"),
    [
        (None, (CREATE,), {"audiences": [STS], "tags": TAGS}),
        (Provider((STS,), {"owner": "others"}), (), {"audiences": [STS], "tags": {"owner": "others"}}),
        (Provider(("other",)), (ADD_AUDIENCE,), {"audiences": ["other", STS], "tags": {}}),
    ],
    ids=["missing", "there", "without-audience"],
)
def test_present(found, steps, after):
    plan = plan_present(found, STS, TAGS)
    assert (plan.steps, plan.after, plan.changed) == (steps, after, bool(steps))
    assert (plan.before == {}) == (found is None)
    assert plan.changed or plan.before == plan.after


@pytest.mark.parametrize(
    ("found", "tags", "trusting", "steps", "kept"),
    [
        (None, TAGS, [], (), ""),
        (Provider((STS,), TAGS), TAGS, [], (DELETE,), ""),
        (Provider((STS,), TAGS | {"more": "x"}), TAGS, [], (DELETE,), ""),
        (Provider((STS,), TAGS), TAGS, ["z", "a"], (), "roles still trust it: a, z"),
        (Provider((STS,), {}), TAGS, [], (), "somebody else made it"),
        (Provider((STS,), TAGS), {}, [], (), "somebody else made it"),
        (Provider((STS,), TAGS), {"slipway:environment": "production"}, [], (), "somebody else made it"),
    ],
    ids=["gone", "own", "own-and-more-tags", "in-use", "untagged", "no-tags-given", "other-environment's"],
)
def test_absent(found, tags, trusting, steps, kept):
    plan = plan_absent(found, tags, trusting)
    assert (plan.steps, plan.kept.endswith(kept), bool(plan.kept)) == (steps, True, bool(kept))
    assert plan.after == ({} if steps or found is None else plan.before)


@pytest.mark.parametrize(
    ("document", "answer"),
    [
        ({"Statement": [{"Principal": {"Federated": ARN}}]}, True),
        ({"Statement": {"Principal": {"Federated": ["x", ARN]}}}, True),
        ({"Statement": [{"Principal": {"Service": "ecs-tasks.amazonaws.com"}}, {"Principal": "*"}, {}]}, False),
        ({}, False),
    ],
    ids=["one", "several", "others", "empty"],
)
def test_whom_a_role_trusts(document, answer):
    assert trusts(document, ARN) is answer
