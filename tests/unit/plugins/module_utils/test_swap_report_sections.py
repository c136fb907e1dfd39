# SPDX-License-Identifier: GPL-3.0-or-later
"""What the report page tells of gates, canary steps, approval, rollback and refusal."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from ansible_collections.slipway.ops.plugins.module_utils import swap_report

EVIL = "<script>alert(1)</script>\"'&`"
BACK = "ansible-playbook -i INVENTORY playbooks/rollback_backend.yml -e service=api"
IMAGE = "111111111111.dkr.ecr.us-east-1.amazonaws.com/api@sha256:"


def step(name, stage, started, seconds, status="done", detail="", **more):
    return {
        "name": name,
        "stage": stage,
        "status": status,
        "started": started,
        "seconds": seconds,
        "detail": detail,
        **more,
    }


def shift(started, blue, green):
    return step(
        f"production weights to blue {blue}, green {green}",
        "weights",
        started,
        0.1,
        weights={"blue": blue, "green": green},
    )


def watch(name, started, seconds, status="done", detail="green 2 healthy, 2 alarms quiet; 0 s left"):
    return step(f"{name}: watch green for {seconds} s", "watch", started, seconds, status, detail)


START = [step("wait for 2 healthy green", "healthy", 0, 8), step("2 smoke checks of green", "smoke", 8, 0.4)]
SMOKE = [
    {
        "url": "http://preview/healthz",
        "status": 200,
        "seconds": 0.021,
        "passed": True,
        "detail": "GET http://preview/healthz: 200 in 0.02 s",
    },
    {"url": "http://preview/version", "status": None, "seconds": 5.0, "passed": False, "detail": "no answer"},
]
RESULT = {
    "outcome": "promoted",
    "action": "deploy",
    "started": 1_700_000_000.0,
    "colors": {"from": "blue", "to": "green"},
    "image": f"{IMAGE}{'22' * 32}",
    "previous_image": f"{IMAGE}{'11' * 32}",
    "msg": "",
    "reason": "",
    "found": "production: blue 100 (2/2 healthy, sha256:111111111111), green 0 (0/0 healthy, nothing)",
    "next": BACK,
    "smoke": [SMOKE[0]],
    "plan": {
        "rule": {"arn": "rule", "weights": {"blue": 100, "green": 0}},
        "alarms": [{"name": "slipway-local-api-5xx", "state": "OK", "reason": "nothing crossed"}],
        "text": ["api from blue to green", "gates: 1 smoke checks"],
        "lock": None,
    },
    "notes": [],
    "run": {"by": "alice@build-7", "url": "https://ci.example/runs/17", "git_sha": "abc1234", "token": 3},
    "steps": [
        *START,
        shift(8.5, 90, 10),
        watch("pause", 9, 20),
        shift(29, 50, 50),
        watch("pause", 29.5, 20),
        shift(50, 0, 100),
        watch("bake", 50.5, 30),
    ],
}
FAILED = {
    **RESULT,
    "outcome": "rolled_back",
    "failed": True,
    "reason": "green failed its pause with 8 s left: alarm slipway-local-api-5xx is in ALARM",
    "msg": "api: green failed its pause. Taken back: blue 100 (2 healthy)",
    "next": "ansible-playbook -i INVENTORY playbooks/deploy_backend.yml -e service=api -e image=IMAGE",
    "steps": [
        *START,
        shift(8.5, 90, 10),
        watch("pause", 9, 12, "failed", "green 1 healthy; 8 s left"),
        shift(21, 100, 0),
        step("drain green for 12 s", "drain", 21.2, 12),
    ],
}
AWAITING = {
    **RESULT,
    "outcome": "awaiting_approval",
    "msg": f"api: green has passed the gates and awaits approval. `CONTINUE` moves the traffic, `{BACK}` takes it away",
    "next": "CONTINUE",
    "steps": [*START, step("leave green to a person's decision", "approval", 8.5, 0.1)],
}
BLOCKED = {
    **RESULT,
    "outcome": "blocked",
    "colors": {"from": None, "to": None},
    "image": "",
    "previous_image": "",
    "reason": "the image does not exist; role api-task does not exist",
    "problems": ["the image does not exist", "role api-task does not exist"],
    "msg": "api: nothing was changed: the image does not exist; role api-task does not exist",
    "smoke": [],
    "notes": ["the bake watches for less than the deregistration delay"],
    "steps": [],
}
WARM = {
    **RESULT,
    "outcome": "rolled_back",
    "action": "rollback",
    "failed": False,
    "colors": {"from": "green", "to": "blue"},
    "plan": {**RESULT["plan"], "rule": {"weights": {"blue": 0, "green": 100}}, "alarms": []},
    "smoke": [],
    "steps": [shift(0.3, 100, 0), step("prove that blue answers", "prove", 0.4, 5.5)],
}
TASK = {
    "exit_code": 0,
    "task_arn": "arn:aws:ecs:::task/c/0123abcd",
    "log_tail": ["begun", "12 rows moved"],
    "seconds": 9,
}
PAGES = {"promoted": RESULT, "failed": FAILED, "awaiting": AWAITING, "blocked": BLOCKED, "warm": WARM}


class Words(HTMLParser):
    """The page's text, what it would load, and where its links lead."""

    def __init__(self, text):
        super().__init__()
        self.words, self.loads, self.links = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name == "href" and tag == "a":
                self.links.append(value)
            elif name in ("src", "href", "data", "action") or name.startswith("on"):
                self.loads.append((tag, value))
        if tag in ("script", "iframe", "object", "embed", "base"):
            self.loads.append((tag, ""))

    def handle_data(self, data):
        self.words.append(data)


def page(result):
    return swap_report.render(result, service="api", environment="local")


def words(result):
    return " ".join(" ".join(Words(page(result)).words).split())


def svg(result):
    return ElementTree.fromstring(re.search(r"<svg.*</svg>", page(result), re.DOTALL)[0])


def labels(result):
    return ["".join(text.itertext()) for text in svg(result).iter("text")]


@pytest.mark.parametrize("result", PAGES.values(), ids=PAGES)
def test_nothing_is_loaded(result):
    text = page(result)
    assert Words(text).loads == []
    assert "url(" not in text
    assert "@import" not in text


def hostile(value):
    """The same result with every text replaced, its numbers, keys and what chooses a branch kept."""
    if isinstance(value, dict):
        kept = ("outcome", "stage")
        return {key: item if key in kept else hostile(item) for key, item in value.items()}
    if isinstance(value, list):
        return [hostile(item) for item in value]
    return EVIL if isinstance(value, str) else value


@pytest.mark.parametrize("result", [{**each, "one_off_task": TASK} for each in PAGES.values()], ids=PAGES)
def test_hostile_words_stay_words(result):
    text = page(hostile(result))
    assert Words(text).loads == []
    assert "<script" not in text


def test_a_canary_shows_its_steps():
    shown = labels(RESULT)
    for expected in ("shift to 10 % 0.1 s", "shift to 50 % 0.1 s", "shift 0.1 s", "pause 20 s", "bake 30 s"):
        assert expected in shown
    assert {"green 10 %", "green 100 %", "blue 0 %"} <= set(shown)
    assert page(RESULT).count('class="band-watch"') == 3


def test_the_shares_are_areas_that_fill_the_height():
    """The two colors' areas meet in each moment: 100 % of the height is filled from the first step to the last."""
    paths = {path.get("class"): path.get("d") for path in svg(RESULT).iter("path")}
    assert set(paths) == {"area blue", "area green"}
    xs = [float(number) for number in re.findall(r"[ML]([\d.]+) ", paths["area blue"])]
    assert min(xs) == pytest.approx(swap_report.chart.LEFT)


def test_weights_that_nobody_knows_are_not_drawn():
    result = {key: value for key, value in RESULT.items() if key != "plan"}
    assert not any(path.get("class", "").startswith("area") for path in svg(result).iter("path"))


def test_the_weights_before_may_come_from_the_diff():
    result = {**RESULT, "plan": {}, "diff": {"before": {"weights": {"blue": 100, "green": 0}}}}
    assert "green 10 %" in labels(result)


def test_the_gates():
    text = words({**FAILED, "smoke": SMOKE})
    assert "Smoke checks on the preview route" in text
    assert "passed http://preview/healthz 200 21 ms" in text
    assert "failed http://preview/version none 5 s no answer" in text
    assert "alarm slipway-local-api-5xx OK before nothing crossed" in text
    assert "pause: watch green for 12 s failed 12 s green 1 healthy; 8 s left" in text


def test_a_deployment_taken_back():
    text = words(FAILED)
    assert "blue still serves" in text
    assert "Why green failed its pause with 8 s left" in text
    assert "Traffic now blue 100 %, green 0 %" in text
    assert f"Next {FAILED['next']}" in text
    assert "shift back 0.1 s" in labels(FAILED)
    assert page(FAILED).count('class="band-bad"') == 1


def test_a_person_is_to_decide():
    text = words(AWAITING)
    assert "Awaiting approval" in text
    assert BACK in text
    assert "Traffic now blue 100 %, green 0 %" in text
    assert "`" not in text


def test_all_that_blocks_is_listed():
    text = page(BLOCKED)
    assert "<li>the image does not exist<li>role api-task does not exist" in text
    assert "nothing to" not in text.lower()
    assert "Traffic now blue 100 %, green 0 %" in words(BLOCKED)
    assert "Notes the bake watches for less" in words(BLOCKED)


def test_a_single_reason_is_a_sentence():
    assert "Why the lease is held by bob" in words({**BLOCKED, "problems": [], "reason": "the lease is held by bob"})


def test_a_warm_rollback():
    text = words(WARM)
    assert "blue serves api@sha256:222222222222 again" in text
    assert "Traffic now blue 100 %, green 0 %" in text
    assert "shift 0.1 s" in labels(WARM)


@pytest.mark.parametrize("outcome", ["failed", "superseded"])
def test_where_others_wrote_too_only_the_message_tells_of_the_traffic(outcome):
    text = words({**RESULT, "outcome": outcome, "msg": "api: somebody else changed it; blue 70, green 30"})
    assert "Traffic now" not in text
    assert "blue 70, green 30" in text


def test_who_ran_it():
    found = Words(page(RESULT))
    assert found.links == ["https://ci.example/runs/17"]
    assert "By alice@build-7 Run https://ci.example/runs/17 Commit abc1234" in words(RESULT)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "//elsewhere", "just words"])
def test_what_is_no_address_is_no_link(url):
    result = {**RESULT, "run": {"url": url}}
    assert Words(page(result)).links == []
    assert url in words(result)


def test_the_lock():
    held = {**BLOCKED, "plan": {**RESULT["plan"], "lock": "bob until 12:00:05 UTC"}}
    assert "Lock bob until 12:00:05 UTC" in words(held)
    assert "Lock owner bob, token 4" in words({**RESULT, "lock": {"owner": "bob", "token": 4, "run_url": ""}})


@pytest.mark.parametrize(("code", "said"), [(0, "exit code 0"), (3, "exit code 3"), (None, "did not end")])
def test_the_one_off_task(code, said):
    text = page({**RESULT, "one_off_task": {**TASK, "exit_code": code}})
    assert f'<b class="{"good" if code == 0 else "bad"}">{said}</b>' in text
    assert "<pre>begun\n12 rows moved</pre>" in text
    assert "0123abcd" in text


def test_the_plan_can_be_unfolded():
    assert "<details>" in page(RESULT)
    assert "The plan, as told before the first change api from blue to green gates: 1 smoke checks" in words(RESULT)


def test_both_images_are_named():
    text = words(RESULT)
    assert RESULT["previous_image"] in text
    assert RESULT["image"] in text
