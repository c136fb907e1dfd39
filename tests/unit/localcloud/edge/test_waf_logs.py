# SPDX-License-Identifier: GPL-3.0-or-later
"""Which requests a web ACL's log keeps, and what of them."""

from __future__ import annotations

import pytest

from localcloud.control.waf_logs import keeps, redacted

BLOCKED = {"action": "BLOCK", "nonTerminatingMatchingRules": []}
COUNTED = {"action": "ALLOW", "nonTerminatingMatchingRules": [{"ruleId": "r", "action": "COUNT"}]}
ALLOWED = {"action": "ALLOW", "nonTerminatingMatchingRules": []}


def filtered(behavior, requirement, *actions, default="DROP"):
    conditions = [{"ActionCondition": {"Action": action}} for action in actions]
    one = {"Behavior": behavior, "Requirement": requirement, "Conditions": conditions}
    return {"Filters": [one], "DefaultBehavior": default}


@pytest.mark.parametrize(
    ("logging_filter", "kept"),
    [
        ({}, [True, True, True]),
        (filtered("KEEP", "MEETS_ANY", "BLOCK", "COUNT"), [True, True, False]),
        (filtered("KEEP", "MEETS_ALL", "ALLOW", "COUNT"), [False, True, False]),
        (filtered("DROP", "MEETS_ANY", "ALLOW", default="KEEP"), [True, False, False]),
        ({"Filters": [], "DefaultBehavior": "DROP"}, [False, False, False]),
    ],
)
def test_a_filter(logging_filter, kept):
    assert [keeps(logging_filter, record) for record in (BLOCKED, COUNTED, ALLOWED)] == kept


def test_redaction():
    request = {
        "headers": [{"name": "Cookie", "value": "secret"}, {"name": "Accept", "value": "*/*"}],
        "uri": "/a",
        "args": "q=1",
        "httpMethod": "GET",
    }
    record = {"httpRequest": request}
    fields = [{"SingleHeader": {"Name": "cookie"}}, {"QueryString": {}}]
    found = redacted(record, fields)["httpRequest"]
    assert [item["value"] for item in found["headers"]] == ["REDACTED", "*/*"]
    assert (found["uri"], found["args"], found["httpMethod"]) == ("/a", "REDACTED", "GET")
    assert request["headers"][0]["value"] == "secret"
    both = redacted(record, [{"UriPath": {}}, {"Method": {}}])["httpRequest"]
    assert (both["uri"], both["httpMethod"]) == ("REDACTED", "REDACTED")
