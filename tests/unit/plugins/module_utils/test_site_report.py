# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of a site's release: complete, self-contained, safe with hostile names, and right about what to do next."""

from __future__ import annotations

import re

import pytest
from ansible_collections.slipway.ops.plugins.module_utils import site_report

from tests.unit.plugins.module_utils.test_swap_report import Reader

NOW, BEFORE, OLDER = "6f" * 32, "1f" * 32, "99" * 32
ZERO = 1_700_000_000.0
BACK = "ansible-playbook -i inventories/staging playbooks/rollback_frontend.yml"


def step(name, stage, started, seconds, status="done"):
    return {"name": name, "stage": stage, "started": started, "seconds": seconds, "status": status, "detail": ""}


RESULT = {
    "outcome": "promoted",
    "action": "publish",
    "service": "site",
    "bucket": "slipway-staging-site-222222222222",
    "distribution_id": "E2QWRUHAPOMQZL",
    "site_url": "https://www.example.com",
    "release": NOW,
    "previous": BEFORE,
    "live": NOW,
    "seq": 17,
    "found": "release 1f1f is live (activation 16)",
    "counts": {
        "added": {"immutable": 60},
        "changed": {"document": 1},
        "unchanged": {"immutable": 1939},
        "removed": {},
    },
    "files": {"added": [f"assets/{number}.js" for number in range(50)], "changed": ["index.html"], "removed": []},
    "bytes": 812_345,
    "requests": 66,
    "invalidation": {
        "id": "I2J0I21PCUYOIK",
        "paths": ["/", "/index.html"],
        "reference": "slipway:17:6f6f:0a1b",
        "status": "Completed",
        "price": 0.01,
        "seconds": 6.2,
    },
    "proof": {"proven": True, "checks": [{"path": "/", "what": "start", "status": 200, "fault": ""}]},
    "kept": [
        {"release": NOW, "seq": 17, "activated": "2026-11-24T05:32:43Z", "deactivated": ""},
        {"release": OLDER, "seq": 12, "activated": "2026-11-02T05:32:43Z", "deactivated": "2026-11-20T05:32:43Z"},
    ],
    "problems": [],
    "notes": ["one file has no type of its own"],
    "run": {"by": "alice", "url": "https://ci.example.com/7", "git_sha": "3f78685"},
    "started": ZERO,
    "steps": [
        step("upload 60 assets", "upload", 0.2, 1.9),
        step("write the intent", "switch", 2.1, 0.1),
        step("switch index.html", "switch", 2.2, 0.1),
        step("invalidate 2 paths", "invalidate", 2.3, 6.2),
    ],
}
FAILED = RESULT | {
    "outcome": "failed",
    "live": "",
    "msg": "site: the edge still has the old page; run `ansible-playbook -i INVENTORY playbooks/x.yml`",
    "next": "ansible-playbook -i INVENTORY playbooks/x.yml",
    "steps": [step("prove", "prove", 0, 60, "failed")],
}
EMPTY = {"outcome": "blocked", "problems": ["no index.html", "too large"], "msg": "site: nothing was changed"}


def page(result=RESULT, **more):
    return site_report.render(result, service="site", environment="staging", **more)


def words(text):
    return re.sub(r"\s+", " ", " ".join(Reader(text).words))


def test_it_says_what_is_live_and_how_to_go_back():
    text = words(page())
    assert f"Promoted : release {NOW[:12]} is live" in text
    assert BACK in text
    assert f"{BACK} -e release={OLDER[:12]}" in text
    assert f"-e release={NOW[:12]}" not in text


def test_it_counts_files_bytes_requests_and_paths():
    text = words(page())
    for told in ("61 of 2,000", "812.3 kB", "66", "2 at most $0.010", "8.5 s"):
        assert told in text, told
    assert "and 10 more" in text
    assert "Completed after 6.2 s" in text


@pytest.mark.parametrize(
    ("count", "told"), [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (812_345, "812.3 kB"), (61_000_000, "61 MB")]
)
def test_bytes_for_a_reader(count, told):
    assert site_report.size(count) == told


def test_steps_of_one_stage_are_drawn_as_one():
    assert page().count('class="stage"') == 3


def test_one_that_failed_says_what_to_run_here_and_promises_nothing():
    text = words(page(FAILED))
    assert "Failed : see the steps" in text
    assert "Visitors get not known" in text
    assert text.count("ansible-playbook -i inventories/staging playbooks/x.yml") == 2
    assert "INVENTORY" not in text
    assert "To roll back" not in text


def test_one_that_was_blocked_lists_why_and_has_no_empty_parts():
    text = page(EMPTY)
    assert "no index.html" in text
    assert "too large" in text
    for part in ("<svg", "Invalidation", "Proof", "kept", "<h2>Files"):
        assert part not in text


def test_the_same_release_again_is_told_apart():
    assert "is live, as before" in page(RESULT | {"previous": NOW})


def test_what_was_observed_stands_first():
    counted = {"visits": 1500, "by_release": {"1.0.0": 900, "2.0.0": 600}, "mixed": 0, "failed": 2}
    second = {"t": ZERO + 1, "colors": {"blue": 90}, "errors": {}, "p50_ms": 1.0, "p99_ms": 2.0}
    shown = page(visitors=counted, seconds=[second] * 9, names={"blue": "1.0.0"}, pictures=[("Release 1.0.0", b"png")])
    text = words(shown)
    assert "Visitors 1,500 900 got 1.0.0, 600 got 2.0.0 Mixed pages 0 Failed requests 2" in text
    assert '<dd class="good">0 ' in shown
    assert '<dd class="bad">2 ' in shown
    assert 'src="data:image/png;base64,cG5n" alt="Release 1.0.0"' in shown


def test_it_loads_nothing_and_runs_nothing():
    hostile = '"><script>alert(1)</script>'
    names = {"added": [hostile], "changed": [], "removed": []}
    bad = page(
        RESULT
        | {
            "site_url": f"javascript:{hostile}",
            "bucket": hostile,
            "notes": [hostile],
            "files": names,
            "found": hostile,
            "run": {"by": hostile, "url": "javascript:alert(1)", "git_sha": hostile},
            "proof": {"checks": [{"path": hostile, "what": hostile, "fault": hostile}]},
        }
    )
    assert "<script" not in bad
    assert [load for load in Reader(bad).loads if load[0] != "a"] == []
    assert [value for tag, value in Reader(bad).loads if not str(value).startswith("https://")] == []
