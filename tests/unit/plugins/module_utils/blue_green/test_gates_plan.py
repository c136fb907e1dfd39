# SPDX-License-Identifier: GPL-3.0-or-later
"""The gates: parameters that cannot be, and alarms that are on before the first change."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.gates_plan import (
    SMOKE_DEFAULTS,
    alarm_names,
    gates_from,
    objections,
    problems,
    settled,
    typed,
)
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.plan_model import Alarm, Gates, Metric, Smoke
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.steps_plan import (
    CheckSmoke,
    Drain,
    Plan,
    PointRule,
    UpdateService,
    Watch,
)

from tests.unit.plugins.module_utils.blue_green.cases import color, snapshot

CHECK = {**SMOKE_DEFAULTS, "path": "/healthz", "url": None, "host": None}
METRIC = {"name": "HTTPCode_Target_5XX_Count", "statistic": "Sum", "at_most": 5.0}
GOOD = {
    "action": "deploy",
    "preview_url": "https://x.test:8443",
    "probe": {"host": "api.test"},
    "smoke": [CHECK],
    "alarms": ["a", "b", "a"],
    "metrics": [METRIC],
    "ignore_alarms_at_start": False,
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"preview_url": "x.test"}, "preview_url is no absolute http or https URL"),
        ({"preview_url": "http://[x"}, "preview_url is no URL"),
        ({"preview_url": "http://x.test:0"}, "preview_url is no absolute http or https URL"),
        ({"preview_url": None}, "smoke[0]: path '/healthz' needs preview_url"),
        ({"smoke": [{**CHECK, "path": None}]}, "smoke[0]: give either path or url"),
        ({"smoke": [CHECK, {**CHECK, "url": "http://x.test"}]}, "smoke[1]: give either path or url"),
        ({"smoke": [{**CHECK, "path": None, "url": "/a"}]}, "smoke[0]: url is no absolute http or https URL"),
        ({"smoke": [{**CHECK, "path": None, "url": "http://u:p@x"}]}, "smoke[0]: url must not hold a user or password"),
        ({"smoke": [{**CHECK, "path": "healthz"}]}, "smoke[0]: path 'healthz' must begin with one /"),
        ({"smoke": [{**CHECK, "path": "//other.test/"}]}, "must begin with one /"),
        ({"smoke": [{**CHECK, "status": 99}]}, "smoke[0]: status 99 is outside 100 to 599"),
        ({"smoke": [{**CHECK, "status": 600}]}, "smoke[0]: status 600 is outside 100 to 599"),
        ({"smoke": [{**CHECK, "seconds": 0}]}, "smoke[0]: seconds 0 must be more than 0"),
        ({"smoke": [{**CHECK, "attempts": 0}]}, "smoke[0]: attempts 0 is less than 1"),
        ({"metrics": [{**METRIC, "name": "CPUUtilization"}]}, "metrics[0]: name 'CPUUtilization' is none of"),
        ({"metrics": [{**METRIC, "statistic": "p100.5"}]}, "metrics[0]: statistic 'p100.5' is none of"),
        ({"metrics": [{**METRIC, "at_most": -1}]}, "metrics[0]: at_most -1 is less than 0"),
        ({"alarms": [" "]}, "alarms: a name is empty"),
    ],
)
def test_bad_parameters_are_told_in_one_line(change, message):
    (problem,) = problems({**GOOD, **change})
    assert message in problem
    assert "\n" not in problem


def test_all_complaints_come_at_once():
    assert len(problems({**GOOD, "smoke": [{**CHECK, "status": 1, "seconds": -1, "attempts": 0}], "alarms": [""]})) == 4


@pytest.mark.parametrize("statistic", ["Sum", "Average", "Minimum", "Maximum", "SampleCount", "IQM", "p99", "tm95.5"])
def test_statistics_of_cloudwatch(statistic):
    assert problems({**GOOD, "metrics": [{**METRIC, "statistic": statistic}]}) == []


def test_gates_from_parameters():
    elsewhere = {**CHECK, "path": None, "url": "https://y.test/a?b=c", "headers": {"X": 1}}
    gates = gates_from({**GOOD, "smoke": [CHECK, elsewhere, {**CHECK, "host": "other.test"}]})
    assert gates == Gates(
        smoke=(
            Smoke("https://x.test:8443/healthz", host="api.test"),
            Smoke("https://y.test/a?b=c", headers={"X": "1"}),
            Smoke("https://x.test:8443/healthz", host="other.test"),
        ),
        alarms=("a", "b"),
        metrics=(Metric("HTTPCode_Target_5XX_Count", "Sum", 5.0),),
    )
    assert gates_from({**GOOD, "probe": None}).smoke[0].host is None


@pytest.mark.parametrize("action", ["converge", "rollback", "repair"])
def test_what_brings_no_new_release_has_no_gates(action):
    assert gates_from({**GOOD, "action": action}) == Gates()
    assert alarm_names({**GOOD, "action": action}) == ()


def test_role_inputs_may_be_text_and_lack_what_has_a_default():
    given = {
        "preview_url": "http://x.test",
        "smoke": [{"path": "/a", "status": "204"}],
        "alarms": ["a"],
        "metrics": [{**METRIC, "at_most": "5"}],
    }
    assert problems(typed(given)) == []
    assert typed(given)["smoke"] == [{**SMOKE_DEFAULTS, "path": "/a", "status": 204}]
    with pytest.raises(ValueError, match="invalid literal"):
        typed({**given, "smoke": [{"path": "/a", "status": "fine"}]})


OK, ALARM = Alarm("ok", "OK", ""), Alarm("hot", "ALARM", "3 of 3 were above 5")
NEW = Alarm("new", "INSUFFICIENT_DATA", "")
WATCHED = Gates(alarms=("ok", "hot", "new"))


def test_an_alarm_that_was_on_is_left_out_only_if_asked():
    alarms = (OK, ALARM, NEW)
    assert settled(WATCHED, alarms) == WATCHED
    lenient = Gates(alarms=WATCHED.alarms, ignore_alarms_at_start=True)
    assert settled(lenient, alarms) == Gates(alarms=("ok", "new"), ignore_alarms_at_start=True, ignored=("hot",))


MOVE = PointRule("production", "arn", [], [], {})
WATCH = Watch("green", "bake", 0, 1, Gates(), 1)
RAISE = UpdateService("green", {"desiredCount": 2})


@pytest.mark.parametrize("step", [MOVE, WATCH, RAISE, CheckSmoke("green", (), 1)])
def test_an_alarm_that_is_on_blocks(step):
    found = snapshot(color("blue"), color("green"), alarms=(OK, ALARM))
    absent, firing = objections(found, Plan(steps=(step,)), WATCHED)
    assert absent.startswith(
        "alarm new does not exist: `ansible-playbook -i INVENTORY playbooks/site.yml -e service=api`"
    )
    assert firing.startswith("alarm hot is in ALARM already (3 of 3 were above 5) and could not tell a bad release;")
    assert "production weights are blue 100" in firing
    assert firing.endswith("-e service=api -e image=IMAGE -e ecs_service_ignore_alarms_at_start=true`")


@pytest.mark.parametrize(
    "step",
    [Drain("blue", 1), PointRule("preview", "arn", [], [], {}), UpdateService("blue", {"desiredCount": 0})],
)
def test_tidying_up_does_not_ask_the_alarms(step):
    found = snapshot(color("blue"), color("green"), alarms=(ALARM,))
    assert objections(found, Plan(steps=(step,)), WATCHED) == []
    assert objections(found, Plan(), WATCHED) == []


def test_an_alarm_without_a_reason():
    found = snapshot(color("blue"), color("green"), alarms=(Alarm("hot", "ALARM", ""),))
    (firing,) = objections(found, Plan(steps=(MOVE,)), Gates(alarms=("hot",)))
    assert "already and could not" in firing


def test_smoke_checks_need_a_preview_rule():
    found = replace(snapshot(color("blue"), color("green")), preview=None)
    (problem,) = objections(found, Plan(steps=(RAISE,)), Gates(smoke=(Smoke("http://x.test/"),)))
    assert problem.startswith("the smoke checks need a preview rule and there is none: ")
