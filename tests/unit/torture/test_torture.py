# SPDX-License-Identifier: GPL-3.0-or-later
"""The torture suite's own judgement, and which cases it plays."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from tests.torture import __main__ as torture
from tests.torture.cases import Case, Stage
from tests.torture.visitors import Noticed


def test_the_table_tells_what_was_not_as_expected():
    done = [Case("killed", "call 1", outcomes=["killed", "promoted"]), Case("killed", "call 2", problems=["x"])]
    noticed = Noticed(2, 20, 1, 0, Counter({"1.0.0": 1})) + Noticed(1, 10, 0, 3, Counter({"1.0.0": 1, "2.0.0": 1}))
    text = torture.table(done, noticed)
    assert text.splitlines()[1].split() == ["killed", "2", "2", "1", "of", "2"]
    assert text.endswith("3 with 30 requests (1.0.0: 2, 2.0.0: 1); 1 mixed pages, 3 missing or failed")


@pytest.mark.parametrize(("full", "numbers"), [(True, list(range(1, 38))), (False, None)])
def test_the_full_form_kills_at_every_call(monkeypatch, full, numbers):
    played = []
    for name in ("killed_at_call", "killed_at_moment", "two_at_once", "rolled_back"):
        monkeypatch.setattr(torture.cases, name, lambda _stage, *rest, name=name: played.append((name, *rest[1:])))
    stage = Stage(site=None, folder=None, calls=35)
    for part in torture.under_load(stage, random.Random(1), torture.SCENARIOS, full=full):
        list(part)
    killed = [rest[0] for name, *rest in played if name == "killed_at_call"]
    assert killed == (numbers or killed)
    counts = Counter(name for name, *_rest in played)
    assert counts["killed_at_moment"] == (30 if full else 1)
    assert min(counts.values()) >= 1
    assert len(counts) == 4


def test_only_what_is_asked_for_is_played():
    stage = Stage(site=None, folder=None, calls=35)
    assert len(torture.under_load(stage, random.Random(1), ["moments", "damage"], full=True)) == 1
