# SPDX-License-Identifier: GPL-3.0-or-later
"""What may stand in an extra-var."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.plain_vars_plan import plain_problems

REFERENCE = "111111111111.dkr.ecr.us-east-1.amazonaws.com/api@sha256:" + "0" * 64


@pytest.mark.parametrize("value", ["", "api", "slipway-local", REFERENCE, "registry:5000/team/api_x:1.0.0-rc.1", True])
def test_plain(value):
    assert plain_problems({"image": value}, ["image", "service"]) == ()


@pytest.mark.parametrize(
    "value",
    [
        "{{ lookup('pipe', 'id') }}",
        "{%for%}",
        "api:1.0.0\n",
        "api $(id)",
        "api;id",
        "api\x1b[2J",
        "äpi",
        "a" * 513,
        7,
        ["api"],
        None,
        {"a": 1},
    ],
)
def test_refused_without_repeating_it(value):
    (problem,) = plain_problems({"image": value}, ["image"])
    assert problem == "image: only letters, digits and . _ / : @ - are allowed, up to 512"
