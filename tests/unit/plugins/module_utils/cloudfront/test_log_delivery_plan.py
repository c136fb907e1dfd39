# SPDX-License-Identifier: GPL-3.0-or-later
"""States of the delivery of access logs and the steps out of them."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.cloudfront.log_delivery_plan import (
    Delivery,
    WantedDelivery,
    plan_delivery,
)

ARN = "arn:aws:cloudfront::1:distribution/E1"
BUCKET = "arn:aws:s3:::logs"
WANTED = WantedDelivery("x", BUCKET, {"team": "a"})
NEW = ["put_log_source", "put_log_destination", "start_logs"]


@pytest.mark.parametrize(
    ("live", "wanted", "arn", "steps"),
    [
        (Delivery(), WANTED, ARN, NEW),
        (Delivery(), WANTED, None, NEW),
        (Delivery(), None, ARN, []),
        (Delivery((ARN,), BUCKET, id="d"), WANTED, ARN, []),
        (Delivery((ARN,), BUCKET), WANTED, ARN, ["start_logs"]),
        (Delivery((ARN,)), WANTED, ARN, ["put_log_destination", "start_logs"]),
        (Delivery((ARN,), "arn:aws:s3:::old", id="d"), WANTED, ARN, ["put_log_destination"]),
        # A distribution of before, whose source cannot be given another one.
        (Delivery(("old",), BUCKET, id="d"), WANTED, ARN, ["stop_logs", "remove_log_source", NEW[0], NEW[2]]),
        (Delivery(("old",), BUCKET), WANTED, None, ["remove_log_source", NEW[0], NEW[2]]),
        (
            Delivery((ARN,), BUCKET, "json", "d"),
            WANTED,
            ARN,
            ["stop_logs", "remove_log_destination", *NEW[1:]],
        ),
        (
            Delivery((ARN,), BUCKET, id="d"),
            None,
            ARN,
            ["stop_logs", "remove_log_source", "remove_log_destination"],
        ),
    ],
)
def test_steps(live, wanted, arn, steps):
    assert [step.action for step in plan_delivery(live, wanted, arn)] == steps


def test_tags_are_given_to_what_is_new_alone():
    """PutDeliverySource and PutDeliveryDestination take them of nothing that exists."""
    old, new = Delivery((ARN,), "arn:aws:s3:::old", id="d"), Delivery()
    assert [step.arguments.get("tags") for step in plan_delivery(old, WANTED, ARN)] == [{}]
    assert [step.arguments.get("tags") for step in plan_delivery(new, WANTED, ARN)] == [{"team": "a"}] * 2 + [None]
