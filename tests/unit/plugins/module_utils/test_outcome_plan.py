# SPDX-License-Identifier: GPL-3.0-or-later
"""Exit statuses, and texts from outside that stay texts."""

from __future__ import annotations

import html
import re

import pytest
from ansible_collections.slipway.ops.plugins.module_utils import outcome_plan as plan

ARN = "arn:aws:ecs:us-east-1:222222222222:task-definition/api-blue:4"
RESULT = {
    "outcome": "promoted",
    "action": "deploy",
    "service": "api",
    "cluster": "slipway-staging",
    "digest": "sha256:1",
    "image": "repo@sha256:1",
    "previous_image": "repo@sha256:0",
    "colors": {"from": "blue", "to": "green"},
    "started": 1795500763.4,
    "timings": {"total": 141.02},
    "run": {"by": "alice", "url": "", "git_sha": "3f78", "token": 3},
    "steps": [{"name": "wait for 2 healthy green", "status": "done", "started": 1.2, "seconds": 11.9, "detail": "2/2"}],
    "smoke": [{"url": "http://x/healthz", "status": 200, "passed": True}],
    "notes": ["the drain floor is short"],
    "next": "ansible-playbook -i INVENTORY playbooks/rollback_backend.yml -e service=api",
    "task_definitions": {"blue": ARN},
}
HOSTILE = [
    "<script>alert(1)</script>",
    "a | b | c",
    "[click](https://evil.example)",
    "![x](http://evil.example/p.png)",
    "`code` **bold** _it_ ~~gone~~ $x^2$",
    "http://evil.example and www.evil.example",
    "one\n## two\r\n- three",
    "\x1b[31mred\x07 \u202egnp.exe",
    "<!--hidden-->&lt;",
    "@everyone #1 \\",
]


def ended(outcome, action="deploy"):
    return {**RESULT, "outcome": outcome, "action": action}


@pytest.mark.parametrize(
    ("results", "check_mode", "status"),
    [
        ([], False, 0),
        ([ended("promoted")], False, 0),
        ([ended("repaired", "repair")], False, 0),
        ([ended("rolled_back", "rollback")], False, 0),
        ([ended("pruned", "prune")], False, 0),
        ([ended("rolled_back")], False, 21),
        ([ended("blocked")], False, 20),
        ([ended("superseded")], False, 22),
        ([ended("awaiting_approval")], False, 23),
        ([ended("failed", "rollback")], False, 24),
        ([ended("unheard of")], False, 0),
        ([ended("promoted"), ended("awaiting_approval"), ended("blocked")], False, 20),
        ([ended("failed"), ended("rolled_back"), ended("superseded")], False, 24),
        ([ended("awaiting_approval")], True, 0),
        ([ended("blocked")], True, 20),
        ([ended("failed")], True, 24),
    ],
)
def test_exit_status(results, check_mode, status):
    assert plan.exit_status(results, check_mode=check_mode) == status


def test_convergence_does_not_count():
    assert (plan.counts(ended("blocked", "converge")), plan.counts(ended("blocked"))) == (False, True)


@pytest.mark.parametrize(
    ("result", "check_mode", "outcome", "color"),
    [
        (ended("promoted"), False, "promoted", "green"),
        (ended("promoted"), True, "planned", "blue"),
        (ended("rolled_back"), False, "rolled_back", "blue"),
        (ended("rolled_back", "rollback"), False, "rolled_back", "green"),
        (ended("awaiting_approval"), False, "awaiting_approval", "blue"),
        (ended("failed"), False, "failed", ""),
        (ended("superseded"), False, "superseded", ""),
        ({"outcome": "blocked"}, True, "blocked", ""),
        (ended("blocked") | {"colors": {"from": None, "to": None}}, False, "blocked", ""),
    ],
)
def test_outputs(result, check_mode, outcome, color):
    found = plan.outputs(result, check_mode=check_mode)
    assert (found["outcome"], found["color"]) == (outcome, color)


def test_what_was_never_released_is_no_image_before():
    never = {**RESULT, "previous_image": "repo:unreleased"}
    assert plan.outputs(never, check_mode=False)["previous_image"] == ""
    assert plan.outputs(RESULT, check_mode=False)["previous_image"] == "repo@sha256:0"
    assert "Image before" not in plan.summary(never, check_mode=False)


def test_a_value_cannot_end_itself():
    lines = plan.output_lines({"outcome": "promoted", "image": "x\noutcome=failed"}, "D")
    assert lines == "outcome<<D\npromoted\nD\nimage<<D\nx\noutcome=failed\nD\n"
    assert plan.outputs({**RESULT, "image": "x\nD\ncolor=red"}, check_mode=False)["image"] == "x D color=red"


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_a_text_looks_like_it_is_shown_as_it_is(text):
    written = plan.shown(text)
    assert html.unescape(written) == plan.plain(text)
    assert plan.plain(text).isprintable()
    assert not re.search(r"[^A-Za-z0-9 ,;/=%.\-:&#]", written)
    assert "://" not in written
    assert "www." not in written


def test_long_texts_are_cut():
    assert plan.shown("x" * 600) == "x" * 500 + "..."
    assert plan.code("") == ""


def test_summary_of_a_release():
    text = plan.summary(RESULT, check_mode=False)
    assert text.startswith("## api: promoted\n\n|  |  |\n| --- | --- |\n| Outcome | <code>promoted</code> |\n")
    for part in (
        "| Colors | blue to green |",
        "| Started | 2026-11-24 06:12:43 UTC |",
        "| Took | 141.0 s |",
        "| By | alice |",
        "| 1.2 s | wait for 2 healthy green | done | 11.9 s | 2/2 |",
        "### Smoke checks\n\n| url | status | passed |",
        "- the drain floor is short",
        "[blue](https://us-east-1.console.aws.amazon.com/ecs/v2/clusters/slipway-staging/services/api-blue/health?region=us-east-1)",
    ):
        assert part in text, part


def test_summary_of_what_went_wrong_is_data():
    hostile = " ".join(HOSTILE)
    result = {**ended("rolled_back"), "msg": hostile, "service": "a|b", "steps": [{"name": hostile, "detail": hostile}]}
    text = plan.summary(result, check_mode=False)
    assert "<script" not in text
    assert "[click]" not in text
    assert text.count("\n## ") == 0
    assert "a%7Cb-blue" in text


def test_summary_of_a_plan_and_of_nothing():
    assert plan.summary(RESULT, check_mode=True).startswith("## api: plan\n")
    bare = plan.summary({"outcome": "failed", "service": "api", "msg": "no"}, check_mode=False)
    assert bare == "## api: failed\n\nno\n\n|  |  |\n| --- | --- |\n| Outcome | <code>failed</code> |\n"


@pytest.mark.parametrize(
    ("partition", "host"),
    [("aws-cn", "console.amazonaws.cn"), ("aws-us-gov", "console.amazonaws-us-gov.com"), ("aws-x", "aws.amazon.com")],
)
def test_links_of_other_partitions(partition, host):
    result = {**RESULT, "task_definitions": {"blue": ARN.replace("aws", partition, 1)}}
    assert f"{host}/ecs/v2/" in plan.summary(result, check_mode=False)


def test_the_last_line():
    assert plan.last_line(ended("rolled_back") | {"next": "run\x1b[2J this"}, check_mode=False) == (
        "api: rolled_back, exit status 21; next: run [2J this"
    )
    assert plan.last_line({"outcome": "promoted", "service": "api"}, check_mode=True) == "api: planned, exit status 0"


SITE = {
    "outcome": "promoted",
    "action": "publish",
    "service": "site",
    "bucket": "slipway-staging-site-222222222222",
    "distribution_id": "E2QWRUHAPOMQZL",
    "site_url": "https://www.example.com",
    "release": "6f" * 32,
    "digest": "sha256:" + "6f" * 32,
    "previous": "1f" * 32,
    "live": "6f" * 32,
    "seq": 17,
    "counts": {"added": {"immutable": 26}, "changed": {"document": 1, "file": 3}, "removed": {}},
    "invalidation": {"paths": ["/", "/index.html"], "status": "Completed", "price": 0.01},
    "proof": {"checks": [{"path": "/", "status": 200, "fault": ""}]},
    "steps": [],
}


def test_outputs_of_a_site():
    assert plan.outputs(SITE, check_mode=False) == {
        "outcome": "promoted",
        "service": "site",
        "digest": "sha256:" + "6f" * 32,
        "release": "6f" * 32,
        "live_release": "6f" * 32,
        "previous_release": "1f" * 32,
        "site_url": "https://www.example.com",
    }
    assert plan.outputs(SITE, check_mode=True)["outcome"] == "planned"


def test_a_sites_plan_is_told_in_check_mode_only():
    planned = {**SITE, "bytes": 16170}
    assert plan.planned_lines(planned, check_mode=True) == [
        "site: added: 26 immutable",
        "site: changed: 1 document, 3 file",
        "site: to upload: 16,170 bytes",
        "site: to invalidate: / /index.html, at most 0.010 USD",
    ]
    assert plan.planned_lines({**SITE, "invalidation": None}, check_mode=True)[-1] == "site: to upload: 0 bytes"
    for result, check_mode in ((planned, False), ({**SITE, "outcome": "blocked"}, True), (RESULT, True)):
        assert plan.planned_lines(result, check_mode=check_mode) == []


def test_summary_of_a_site():
    text = plan.summary(SITE, check_mode=False)
    for part in (
        "## site: promoted",
        f"| Release before | <code>{'1f' * 32}</code> |",
        "| Activation | <code>17</code> |",
        "| Files | 26 added, 4 changed |",
        "| Invalidation | 2 paths, Completed, at most 0.010 USD |",
        "### Proof at the edge\n\n| path | status | fault |",
        "[distribution](https://us-east-1.console.aws.amazon.com/cloudfront/v4/home#/distributions/E2QWRUHAPOMQZL)",
    ):
        assert part in text, part


def test_a_site_of_which_nothing_is_known_yet():
    text = plan.summary({"outcome": "blocked", "service": "site", "distribution_id": "E|1"}, check_mode=False)
    assert "Invalidation" not in text
    assert "Activation" not in text
    assert "distributions/E%7C1" in text


PROVEN = {
    "service": "api",
    "source": "staging",
    "reason": "",
    "break_glass": "",
    "proof": {"id": "2026-11-24T10:00:00.000Z#1", "kind": "deploy", "by": "alice", "run_url": "https://ci/7"},
}
GLASS = {**PROVEN, "reason": "staging has no record of it", "break_glass": "it <b>burns</b>\x1b[31m", "proof": {}}


def test_a_proof_is_told_with_the_release():
    assert plan.proof_line(PROVEN) == "api: proven in staging by the deploy of 2026-11-24T10:00:00.000Z by alice"
    told = plan.summary(RESULT, check_mode=False, proof=PROVEN)
    assert "| Proven in staging | deploy of 2026-11-24T10:00:00.000Z by alice |" in told
    assert "| Proven by run | <code>https&#58;//ci/7</code> |" in told
    assert "Proven" not in plan.summary(RESULT, check_mode=False)


def test_a_broken_glass_is_told_with_its_reason():
    assert plan.proof_line(GLASS) == "api: GLASS BROKEN (it <b>burns</b> [31m), as staging has no record of it"
    told = plan.summary(RESULT, check_mode=False, proof=GLASS)
    assert "| **Glass broken** | it &#60;b&#62;burns&#60;/b&#62; &#91;31m |" in told
    assert "Proven" not in told
