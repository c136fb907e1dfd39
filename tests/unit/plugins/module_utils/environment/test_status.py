# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of environments: rows, table, page, and what a promotion would change."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.environment.drift_plan import drift
from ansible_collections.slipway.ops.plugins.module_utils.environment.facts_plan import attention, rows
from ansible_collections.slipway.ops.plugins.module_utils.environment.lines_plan import BAD, WATCH
from ansible_collections.slipway.ops.plugins.module_utils.environment.promotion_plan import promotions, sentence
from ansible_collections.slipway.ops.plugins.module_utils.environment.status_page import page
from ansible_collections.slipway.ops.plugins.module_utils.environment.table_plan import table

from tests.unit.plugins.module_utils.environment.snapshots import (
    NEW,
    NEW_SHA,
    OLD,
    OLD_SHA,
    color,
    production,
    release,
    service,
    site,
    staging,
)

AT = "2026-11-24T19:10:00.000Z"


def said(snapshot, section, label):
    """(tone, text) of each line of a cell."""
    found = [row for row in rows([snapshot]) if (row.section, row.label) == (section, label)]
    return [(line.tone, line.text) for row in found for line in row.cells[0]]


def api(**changes):
    return staging(services=[service(NEW, NEW_SHA, AT, OLD, **changes)])


def at_site(**changes):
    return staging(site=site("2b" * 32, NEW_SHA, AT, **changes))


def test_one_that_is_well_needs_nobody():
    assert attention(rows([staging()]), 0) == []
    assert said(staging(), "api", "traffic") == [("", "green 100 %")]
    assert said(staging(), "api", "serves") == [("", "commit 89e6c98"), ("dim", "2b2b2b2b2b2b")]
    assert said(staging(), "api", "kept warm") == [("", "blue (1a1a1a1a1a1a) until 2026-11-24 20:10 UTC")]
    assert said(staging(), "api", "lock") == []


SICK = {
    "weights-of-none": (
        "api",
        "traffic",
        api(colors=[color("blue", 0, 2, OLD, None), color("green", 0, 0, None, None)]),
        BAD,
    ),
    "never-released": ("api", "traffic", api(colors=[color("blue", 0, 0, None, None)], live_color=None), "dim"),
    "split": ("api", "traffic", api(colors=[color("blue", 30, 2, OLD, None), color("green", 10, 2, NEW, None)]), WATCH),
    "no-release": ("api", "serves", api(live_color=None), "dim"),
    "sick-tasks": ("api", "tasks", api(colors=[color("green", 100, 2, NEW, None) | {"healthy": 1, "pending": 1}]), BAD),
    "suspended": ("api", "scaling", api(scaling={"min": 1, "max": 2, "suspended": True}), WATCH),
    "awaiting": ("api", "awaiting", api(awaiting_approval="blue"), WATCH),
    "warm-unknown": ("api", "kept warm", api(warm={"color": "red", "until": AT}), ""),
    "never-run": ("api", "last run", api(last_release=None), "dim"),
    "failed": ("api", "last run", api(last_release=release(NEW, NEW_SHA, AT, outcome="failed", reason="x" * 500)), BAD),
    "rolled-back": (
        "api",
        "last run",
        api(last_release=release(NEW, NEW_SHA, AT, outcome="rolled_back", by=None)),
        BAD,
    ),
    "blocked": ("api", "last run", api(last_release=release(NEW, NEW_SHA, AT, outcome="blocked")), WATCH),
    "asked-back": (
        "api",
        "last run",
        api(last_release=release(NEW, NEW_SHA, AT, outcome="rolled_back", kind="rollback")),
        "",
    ),
    "locked": ("api", "lock", api(lock={"holder": "bob", "until": AT, "url": None}), WATCH),
    "worker-down": ("api", "workers", api(workers=[{"name": "w", "desired": 1, "running": 0, "digest": None}]), BAD),
    "disabled": (
        "api",
        "scheduled",
        api(scheduled=[{"name": "r", "schedule": "rate(1 hour)", "state": "DISABLED", "digest": None}]),
        WATCH,
    ),
    "in-alarm": ("api", "alarms", api(alarms=[{"name": "a", "state": "ALARM"}]), BAD),
    "provider-unset": ("api", "LLM APIs", api(providers=[{"name": "openai", "url": None}]), ""),
    "never-published": ("site", "serves", at_site(release=None), "dim"),
    "no-distribution": ("site", "edge", at_site(distribution_id=None), BAD),
    "at-the-edge": ("site", "edge", at_site(status="InProgress", aliases=[], invalidations_in_progress=2), WATCH),
    "no-firewall": ("site", "firewall", at_site(firewall=None), WATCH),
    "no-network": ("environment", "network", staging(network=None), "dim"),
    "not-peered": ("environment", "Atlas", staging(network=None), WATCH),
    "alarm": (
        "environment",
        "alarms",
        staging(alarms=[{"name": "uptime", "state": "ALARM", "since": None, "reason": None}]),
        BAD,
    ),
    "broken-glass": ("environment", "glass broken", production(), WATCH),
    "gpu": ("environment", "GPU hosts", production(), WATCH),
    "gpu-idle": (
        "environment",
        "GPU hosts",
        staging(gpu={"hosts": [], "desired": 0, "max": 1, "cost_per_hour_usd": None, "model": None, "name": "x"}),
        "dim",
    ),
    "unread": ("environment", "not read", staging(problems=[{"part": "gpu", "message": "denied"}]), BAD),
    "drifted": (
        "environment",
        "drift",
        staging(drift={"changes": [{"host": "staging", "task": "Subnets"}], "failed": ""}),
        WATCH,
    ),
    "drift-failed": ("environment", "drift", staging(drift={"changes": [], "failed": "no"}), BAD),
    "no-drift": ("environment", "drift", staging(drift={"changes": [], "failed": ""}), "dim"),
}


@pytest.mark.parametrize(("section", "label", "snapshot", "tone"), SICK.values(), ids=SICK)
def test_each_thing_that_can_be_said(section, label, snapshot, tone):
    found = said(snapshot, section, label)
    assert found
    assert found[0][0] == tone


def test_details_of_what_is_said():
    text = dict(enumerate(said(SICK["sick-tasks"][2], "api", "tasks")))[0][1]
    assert text == "green 2 of 2 running, 1 healthy, 1 pending"
    assert said(SICK["split"][2], "api", "traffic")[0][1] == "blue 75 %, green 25 %"
    assert said(api(scaling=None), "api", "scaling") == []
    assert len(said(SICK["failed"][2], "api", "last run")[1][1]) == 160
    assert said(at_site(status="InProgress", aliases=[], invalidations_in_progress=2), "site", "edge")[1:] == [
        ("dim", "d111111abcdef8.cloudfront.net"),
        (WATCH, "2 invalidations in progress"),
    ]
    assert said(staging(network=None, atlas=None), "environment", "Atlas") == []
    lagging = site("2b" * 32, "", AT)
    lagging["release"] |= {"git_sha": None, "state": "invalidating", "by": None}
    assert said(staging(site=lagging), "site", "serves") == [
        ("", "2b2b2b2b2b2b"),
        (WATCH, "its change has come as far as invalidating"),
    ]
    assert said(staging(site=lagging), "site", "published") == [("", "2026-11-24 19:10 UTC")]
    down = staging()
    down["network"] |= {"peering": {"id": "pcx-1", "state": "failed", "atlas_cidr": None}, "s3_endpoint": None}
    down["network"] |= {"flow_log": False, "zones": ["a"], "nat": "single"}
    assert said(down, "environment", "Atlas")[0] == (BAD, "peering failed")
    assert said(down, "environment", "network") == [("", "10.20.0.0/16, 1 zone, one NAT")]
    bare = staging(load_balancer=None, site=None)
    assert said(bare, "environment", "balancer") == said(bare, "site", "edge") == said(bare, "site", "published") == []
    unlistened = staging(load_balancer={**staging()["load_balancer"], "listeners": [], "firewall": None})
    assert said(unlistened, "environment", "balancer") == [("", "no listener")]
    assert said(staging(site=site("2b" * 32, NEW_SHA, AT, release=None)), "site", "published") == []


@pytest.mark.parametrize(
    ("part", "place"),
    [
        ("environment", ("environment", "network")),
        ("environment", ("api", "traffic")),
        ("gpu", ("environment", "GPU hosts")),
        ("records api", ("api", "last run")),
        ("records site", ("environment", "glass broken")),
        ("health arn:aws:x", ("api", "tasks")),
    ],
    ids=["all", "all-services", "gpu", "records", "any-records", "health"],
)
def test_what_could_not_be_read_is_not_said_to_be_absent(part, place):
    snapshot = staging(problems=[{"part": part, "message": "denied"}], network=None)
    assert said(snapshot, *place) == [(WATCH, "not read")]
    assert said(staging(problems=[{"part": "records other", "message": "denied"}]), "api", "last run") != [
        (WATCH, "not read")
    ]


def test_a_worker_says_what_a_worker_has():
    worker = service(NEW, NEW_SHA, AT, name="queue", kind="worker", live_color=None, priority=None)
    worker["colors"] = [color("-", None, 1, NEW, NEW_SHA)]
    shown = staging(services=[worker])
    labels = [row.label for row in rows([shown]) if row.section == "queue"]
    assert labels == ["serves", "tasks", "last run", "scheduled", "LLM APIs"]
    assert said(shown, "queue", "tasks") == [("", "1 of 1 running")]
    # Beside a web service of the same name it keeps its place.
    both = rows([shown, staging(services=[service(NEW, NEW_SHA, AT, name="queue")])])
    assert next(row for row in both if row.label == "route").cells[0] == ()


def test_what_a_promotion_would_change():
    (found,) = promotions([staging(), production()])
    assert [(each.name, each.verdict, each.note) for each in found.changes] == [
        ("api", "changes", ""),
        ("site", "changes", ""),
    ]
    assert sentence(found) == (
        "A promotion from staging to production would change api (3f78685 -> 89e6c98), site (3f78685 -> 89e6c98)"
    )
    assert found.command == "ansible-playbook -i inventories/production playbooks/promote.yml"
    assert promotions([production()]) == []


def promoted(source, **changes):
    (found,) = promotions([source, production(**changes)])
    return found


def test_a_promotion_that_would_change_nothing():
    same = [service(NEW, NEW_SHA, AT)]
    found = promoted(staging(), services=[*same, service(OLD, OLD_SHA, AT, name="other")], site=None)
    assert [(each.name, each.verdict) for each in found.changes] == [("api", "same")]
    assert sentence(found).endswith("would change nothing")


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({"live_color": "blue"}, "staging does not serve it now, but 1a1a1a1a1a1a"),
        ({"live_color": None}, "staging does not serve it now, but nothing"),
        ({"lock": {"holder": "bob", "until": AT, "url": None}}, "bob is at work there"),
        (
            {"last_release": release(NEW, NEW_SHA, "2026-11-24T19:15:00.000Z", outcome="rolled_back")},
            "the last run there ended as rolled back",
        ),
    ],
    ids=["moved-by-hand", "serves-nothing", "under-way", "failed-since"],
)
def test_what_to_know_before_a_promotion(changes, note):
    found = promoted(api(**changes), site=None)
    assert found.changes[0].note == note
    assert any(note in line for line in table([api(**changes), production(site=None)], 200))


def closed_problem():
    return [{"part": "environment", "message": "wrong account"}]


def test_what_no_promotion_can_be_told_of():
    found = promoted(api(proven=None), site=None)
    assert sentence(found).endswith("nothing (api: staging has no release that was left serving)")
    unread = staging(problems=[{"part": "records api", "message": "denied"}])
    found = promoted(unread)
    assert [each.verdict for each in found.changes] == ["unknown", "changes"]
    assert sentence(found).endswith("site (3f78685 -> 89e6c98) (api: staging could not be read)")
    closed = promoted(staging(problems=closed_problem()))
    assert sentence(closed) == (
        "What a promotion from staging to production would change is not known (everything: staging could not be read)"
    )
    assert "nothing that is known" in page([staging(problems=closed_problem()), production()])
    never = promoted(staging(), site=site("", "", AT, release=None), services=[])
    assert sentence(never).endswith("would change site (nothing -> 89e6c98)")


def test_the_table_fits_and_says_it_all():
    lines = table([staging(), production()], 100)
    assert max(map(len, lines)) <= 100
    text = "\n".join(lines)
    for part in ("STAGING, 19:20 UTC", "green 100 %", "5.67 USD an hour", "none in ALARM, of 2"):
        assert part in text
    assert "! slipway-production-api-5xx in ALARM" in text
    assert "staging: nothing needs a look" in text
    assert "production needs a look:" in text
    hostile = table([staging(problems=[{"part": "x", "message": "\x1b[31mred\nnext"}])], 60)
    assert not any("\x1b" in line or "\n" in line for line in hostile)
    assert table([]) == ["", ""] or table([])[-1] == ""


class Tags(HTMLParser):
    """Fails on a page whose tags do not close."""

    def __init__(self):
        super().__init__()
        self.open, self.text = [], ""

    def handle_starttag(self, tag, attrs):
        assert not any(name in ("src", "href", "onload") for name, _value in attrs)
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_the_page_is_whole_and_loads_nothing():
    evil = release(NEW, NEW_SHA, AT, outcome="failed", by="<script>alert(1)</script>", reason='"><img src=x>')
    found = Tags()
    found.feed(page([api(last_release=evil), production()]))
    assert found.open == []
    assert "staging and production need a look" in found.text
    assert "<script>alert(1)</script>" in found.text
    well = page([staging()])
    assert "Nothing needs a look" in well
    assert "promotion from" not in well
    stays = page([staging(), production(services=[service(NEW, NEW_SHA, AT)], site=None, alarms=[])])
    assert "would change nothing" in stays
    assert "production needs a look" in page([staging(), production()])
    assert "nothing proven" in page([api(proven=None), production(site=None)])


OUTPUT = """
PLAY [Build] ***
TASK [slipway.ops.vpc : Subnets] *****
changed: [staging] => (item=a)
changed: [staging] => (item=b)
TASK [Say] ***
changed: [staging-site]
"""


def test_drift():
    assert drift(OUTPUT, 0) == {
        "changes": [{"host": "staging", "task": "Subnets"}, {"host": "staging-site", "task": "Say"}],
        "failed": "",
    }
    assert drift("fatal: [staging]: FAILED! => no\nfatal: [x]: more", 2)["failed"] == "[staging]: FAILED! => no"
    assert drift("", 4) == {"changes": [], "failed": "exit status 4"}
