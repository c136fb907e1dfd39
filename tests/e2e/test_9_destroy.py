# SPDX-License-Identifier: GPL-3.0-or-later
"""destroy.yml: refused where something is protected or nobody confirmed it, and complete where it runs."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("name", "extra", "said"),
    [("local", {}, "confirm"), ("staging", {"confirm": "slipway-staging"}, "protected")],
    ids=["unconfirmed", "protected"],
)
def test_refused(environments, first_runs, name, extra, said):
    environment = environments[name]
    before = environment.everything()
    done = environment.playbook("destroy", extra=extra)
    assert done.status != 0
    assert said in done.failures[0]
    assert environment.everything() == before


def test_nothing_is_left(serving, nothing):
    done = serving.playbook("destroy", extra={"confirm": "slipway-local"})
    assert done.status == 0, done.output[-3000:]
    assert serving.everything() == nothing
