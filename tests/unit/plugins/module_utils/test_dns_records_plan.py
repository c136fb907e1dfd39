# SPDX-License-Identifier: GPL-3.0-or-later
"""Records that are had or not had, and everybody else's that stay as they are."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils import dns_records_plan as planning
from ansible_collections.slipway.ops.plugins.module_utils.dns_records_plan import Record

ZONE = "Z35SXDOTRQ7X7K"
MINE = "slipway-1.us-east-1.elb.amazonaws.com."
OLD = "dualstack.slipway-0.us-east-1.elb.amazonaws.com."
PATTERNS = ("slipway-*.us-east-1.elb.amazonaws.com", "dualstack.slipway-*.us-east-1.elb.amazonaws.com")
NAME = "api.example.com."


def alias(target, **changed):
    return Record(NAME, "A", (target,), alias_zone=ZONE, **changed)


WANTED = alias(MINE, replaces=PATTERNS)
PLAIN = Record(NAME, "A", ("192.0.2.1",), ttl=60)
ROUTED = alias(MINE, routed=True)


@pytest.mark.parametrize(
    ("found", "overwrite", "actions", "foreign"),
    [
        ([], False, ["CREATE"], ()),
        ([alias(MINE)], False, [], ()),
        ([alias(OLD)], False, ["UPSERT"], ()),
        ([PLAIN], False, [], ("api.example.com A leads to 192.0.2.1",)),
        ([PLAIN], True, ["UPSERT"], ()),
        ([ROUTED], True, [], (f"api.example.com A leads by a routing policy to {MINE.rstrip('.')}",)),
        ([Record(NAME, "A", ())], False, [], ("api.example.com A leads to ",)),
    ],
    ids=["none", "the same", "one's own", "foreign", "foreign, taken over", "routed", "of nothing"],
)
def test_present(found, overwrite, actions, foreign):
    plan = planning.plan_present(found, [WANTED], overwrite)
    assert ([step.action for step in plan.steps], plan.foreign) == (actions, foreign)
    assert plan.changed is bool(actions)


@pytest.mark.parametrize(
    ("found", "gone", "foreign"),
    [([], [], 0), ([alias(MINE)], [MINE], 0), ([alias(OLD)], [OLD], 0), ([PLAIN], [], 1), ([ROUTED], [], 1)],
    ids=["none", "the same", "one's own", "foreign", "routed"],
)
def test_absent(found, gone, foreign):
    plan = planning.plan_absent(found, [WANTED])
    assert [step.record.targets[0] for step in plan.steps] == gone
    assert {step.action for step in plan.steps} <= {"DELETE"}
    assert len(plan.foreign) == foreign


def test_a_plan_is_shown():
    plan = planning.plan_present([alias(OLD)], [WANTED, Record("b.example.com.", "CNAME", ("c.",), ttl=60)], False)
    assert plan.diff() == {
        "before": {"api.example.com A": {"targets": [OLD]}},
        "after": {
            "api.example.com A": {"targets": [MINE]},
            "b.example.com CNAME": {"targets": ["c."], "ttl": 60},
        },
    }
    assert [step.shown["action"] for step in plan.steps] == ["update", "create"]
    assert planning.plan_absent([alias(MINE)], [WANTED]).diff()["after"] == {}


def test_records_as_the_module_takes_them():
    given = {"name": "API.example.com", "type": "A", "alias": {"dns_name": "X.elb.", "zone_id": ZONE}, "ttl": 300}
    assert planning.wanted_record(given) == Record(NAME, "A", ("x.elb.",), 0, ZONE)
    given = {"name": "a.example.com", "type": "CNAME", "values": ["B."], "ttl": 300, "replaces": ["X-*"]}
    assert planning.wanted_record(given) == Record("a.example.com.", "CNAME", ("B.",), 300, replaces=("x-*",))


def test_records_as_route_53_has_them():
    wildcard = {"Name": "\\052.example.com.", "Type": "A", "AliasTarget": {"DNSName": "x.", "HostedZoneId": ZONE}}
    assert planning.found_record(wildcard) == Record("*.example.com.", "A", ("x.",), 0, ZONE)
    routed = {"Name": "a.", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "1"}], "SetIdentifier": "one"}
    assert planning.found_record(routed) == Record("a.", "A", ("1",), 60, routed=True)


def test_changes_as_route_53_takes_them():
    create, update = planning.plan_present([], [WANTED, PLAIN], False).steps
    assert planning.change(create)["ResourceRecordSet"]["AliasTarget"] == {
        "DNSName": MINE,
        "HostedZoneId": ZONE,
        "EvaluateTargetHealth": False,
    }
    assert planning.change(update)["ResourceRecordSet"] == {
        "Name": NAME,
        "Type": "A",
        "TTL": 60,
        "ResourceRecords": [{"Value": "192.0.2.1"}],
    }
