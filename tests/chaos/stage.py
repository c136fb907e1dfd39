# SPDX-License-Identifier: GPL-3.0-or-later
"""A stage: one local cloud with one service under load, and what a scenario does on it."""

from __future__ import annotations

import json
import shutil
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tests.chaos import state
from tests.chaos.cloud import APP, COLORS, IMAGES, NAME, SERVICE, TABLE, Cloud, forward, provision
from tests.chaos.runs import Run, Runner
from tests.chaos.watch import Count, Load, Watcher, Window

#: Seconds within which a service must have come to rest after the last run of a case.
REST = 20.0
#: The lease's: short, so that the run after a kill need not wait long for it.
TTL, WAIT = 3.0, 20.0
MODULES = "Ansible/"


class StageError(Exception):
    """The stage itself could not be set."""


@dataclass
class Case:
    """One case of a scenario: what was done, and what was wrong afterwards."""

    scenario: str
    name: str
    window: Window
    runs: list[Run] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    count: Count = field(default_factory=Count)

    def expect(self, met: bool, otherwise: str) -> None:
        if not met:
            self.problems.append(otherwise)


class Stage:
    """Made once and reused by many cases, each of which leaves it at rest."""

    def __init__(self, folder: Path, rate: float, keep_warm: float = 0.0) -> None:
        self.folder, self.rate, self.keep_warm = folder, rate, keep_warm
        self.expected: dict[str, dict[str, Any]] = {}
        self._starting = threading.Lock()
        self.seconds = 5.0
        self.calls = 0

    def set(self) -> None:
        """Provision, deploy both images undisturbed, and keep the state that ends in; the way back is its mirror."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.runner = Runner(self.folder / "runs")
        try:
            with self._starting:
                self.cloud = Cloud(self.folder / "cloud")
            self.facts = provision(self.cloud)
            self.runner.wait_ready()
            self.runner.env = {name: value for name, value in self.cloud.env.items() if name.startswith("AWS_")}
            url = f"{self.cloud.env['LOCAL_ALB_URL']}/version"
            self.load = Load(url, self.folder / "load", self.rate)
            self.undisturbed("converge", None)
            self.undisturbed("deploy", IMAGES[0])
            self.watcher = Watcher(self.cloud, self.facts["rules"]["production"], self.facts["groups"])
            before = self.last_call()
            run = self.undisturbed("deploy", IMAGES[1])
            self.seconds, self.calls = run.seconds, len(self.calls_since(before))
            self.expected[IMAGES[1]] = self.at_rest()
            self.expected[IMAGES[0]] = state.mirrored(self.expected[IMAGES[1]])
        except BaseException:
            self.strike()
            raise

    def strike(self) -> None:
        """Take down whatever of the stage stands; a cloud that is being started, when it is."""
        with self._starting:
            self._strike()

    def _strike(self) -> None:
        for part, end in (("watcher", "stop"), ("load", "stop"), ("runner", "close"), ("cloud", "down")):
            standing = self.__dict__.pop(part, None)
            if standing is not None:
                getattr(standing, end)()

    def undisturbed(self, action: str, image: str | None) -> Run:
        """A run that must succeed, or there is no stage."""
        run = self.start(action, image)
        result = run.wait()
        if run.outcome not in ("converged", "promoted"):
            raise StageError(f"{action} {image}: {run.outcome}: {result.get('msg') or result.get('crash')}")
        return run

    def start(self, action: str, image: str | None, env: dict[str, str] | None = None, **changes: Any) -> Run:
        """Start a run of ecs_blue_green."""
        skew = changes.pop("skew", 0.0)
        return self.runner.start("ecs_blue_green", self.params(action, image, **changes), env, skew)

    def params(self, action: str, image: str | None, **changes: Any) -> dict[str, Any]:
        """The module's parameters as role ecs_service would compose them, with short times."""
        env, facts = self.cloud.env, self.facts
        logs = {"awslogs-group": f"/{NAME}/{SERVICE}", "awslogs-region": "us-east-1", "awslogs-stream-prefix": SERVICE}
        container = {
            "name": SERVICE,
            "port_mappings": [{"container_port": 8080}],
            "stop_timeout": 5,
            "log_configuration": {"log_driver": "awslogs", "options": logs},
        }
        definition = {
            "cpu": 256,
            "memory": 512,
            "network_mode": "awsvpc",
            "requires_compatibilities": ["FARGATE"],
            "execution_role_arn": facts["role"],
            "containers": [container],
        }
        params = {
            "action": action,
            "service": SERVICE,
            "cluster": NAME,
            "load_balancer": NAME,
            "task_definition": definition,
            "port": 8080,
            "network_configuration": {
                "subnets": facts["subnets"],
                "security_groups": [facts["group"]],
                "assign_public_ip": True,
            },
            "desired_count": 2,
            "scaling": {"min": 2, "max": 6},
            "drain_floor": 1,
            "poll_interval": 0.5,
            "healthy_timeout": 30,
            "probe": {"url": f"{env['LOCAL_ALB_URL']}/version", "count": 5, "timeout": 40},
            "lock": {"table": TABLE, "ttl": TTL, "wait": WAIT},
            "run": {"by": "chaos"},
            "keep_warm": self.keep_warm,
        }
        if action == "converge":
            params["image"] = f"{facts['images'][IMAGES[0]].partition('@')[0]}:unreleased"
        elif image:
            params["image"] = facts["images"][image]
        return {**params, **changes}

    # What is seen

    def last_call(self) -> int:
        """The number of the last AWS call."""
        calls = self.cloud.admin("GET", "calls")
        return int(calls[-1]["n"]) if calls else 0

    def calls_since(self, number: int) -> list[dict[str, Any]]:
        """The modules' AWS calls after this one."""
        return [call for call in self.cloud.admin("GET", f"calls?since={number}") if call["app"] != APP]

    def state(self) -> dict[str, Any]:
        return state.read(self.cloud, self.facts)

    def at_rest(self, expected: dict[str, Any] | None = None) -> dict[str, Any]:
        """The state once it equals what is expected, or at the end of REST; without, once tasks and targets rest."""
        end = time.monotonic() + REST
        while True:
            with suppress(BotoCoreError, ClientError):
                found = self.state()
                if (found == expected) if expected is not None else _rests(found):
                    return found
            if time.monotonic() > end:
                return self.state()
            time.sleep(0.3)

    def live_image(self) -> str:
        """Which of the images the production rule's live color runs."""
        return str(self.state()["live"]["image"])

    def other_image(self) -> str:
        """The image to deploy next."""
        return IMAGES[1] if self.live_image() == IMAGES[0] else IMAGES[0]

    def colors(self) -> tuple[str, str]:
        """Live and idle color by the production rule."""
        weights = self.weights()
        live = max(COLORS, key=lambda color: weights[color])
        return live, COLORS[1 - COLORS.index(live)]

    def weights(self) -> dict[str, int]:
        groups = next(
            item["groups"]
            for item in self.cloud.admin("GET", "traffic")
            if item["rule"] == self.facts["rules"]["production"]
        )
        by_arn = {group["arn"]: group["weight"] for group in groups}
        return {color: by_arn[arn] for color, arn in self.facts["groups"].items()}

    def answers(self) -> set[str]:
        """The releases that answer now."""
        found = set()
        for _ in range(4):
            with urllib.request.urlopen(f"{self.cloud.env['LOCAL_ALB_URL']}/version", timeout=10) as answer:
                found.add(f"{SERVICE}:{json.load(answer)['version']}")
        return found

    # What is done to it

    def set_weights(self, weights: dict[str, int]) -> None:
        """What a person does in the console."""
        action = forward(self.facts["groups"], weights)
        self.cloud.client("elbv2").modify_rule(RuleArn=self.facts["rules"]["production"], Actions=[action])

    def fault(self, **rule: Any) -> None:
        """One fault, for modules only."""
        self.cloud.admin("PUT", "faults", {"rules": [{"user_agent": MODULES, **rule}]})

    def no_faults(self) -> dict[str, Any]:
        """Without faults again; what they were."""
        was: dict[str, Any] = self.cloud.admin("GET", "faults")
        self.cloud.admin("DELETE", "faults")
        return was

    def held(self, run: Run, seconds: float = 120.0) -> dict[str, Any] | None:
        """Wait until a call is held; None if the run ends without."""
        end = time.monotonic() + seconds
        while run.alive and time.monotonic() < end:
            held = self.cloud.admin("GET", "faults")["held"]
            if held:
                return dict(held[0])
            time.sleep(0.01)
        return None

    def struck(self, run: Run, since: int) -> dict[str, Any] | None:
        """Wait until a fault strikes a call after number since; None if the run ends without."""
        while True:
            alive = run.alive
            found = next((call for call in self.calls_since(since) if call["fault"]), None)
            if found or not alive:
                return found
            time.sleep(0.01)

    # A case

    @contextmanager
    def case(self, scenario: str, name: str) -> Iterator[Case]:
        """A case from now to the end of the block, under load; then it is judged by what was seen meanwhile."""
        self.load.begin()
        case = Case(scenario, name, Window(time.time()))
        try:
            yield case
        except (StageError, ClientError, BotoCoreError, OSError, LookupError) as error:
            case.problems.append(f"the scenario broke off: {type(error).__name__}: {error}")
        finally:
            self.no_faults()
        time.sleep(0.6)
        case.window.end = time.time()
        time.sleep(max(0.0, 1.2 - case.window.end % 1.0))
        case.count = self.load.count(case.window)
        case.problems += self.watcher.violations(case.window)
        case.expect(case.count.failed == 0, f"{case.count.failed} requests failed: {case.count.errors}")
        case.expect(case.count.requests > 0, "there was no load")
        for run in case.runs:
            case.expect(run.outcome != "crash", f"a run crashed: {run.result.get('crash', '')[-600:]}")

    def run(self, case: Case, action: str, image: str | None, **changes: Any) -> Run:
        """A run of the case, waited for."""
        run = self.start(action, image, **changes)
        case.runs.append(run)
        run.wait()
        return run

    def finish(self, case: Case, image: str, **changes: Any) -> None:
        """Deploy what the case was about and compare with an undisturbed run."""
        run = self.run(case, "deploy", image, **changes)
        why = run.result.get("msg") or run.result.get("crash")
        case.expect(run.outcome == "promoted", f"the run afterwards: {run.outcome}: {why}")
        self.compare(case, image)

    def compare(self, case: Case, image: str, change: Callable[[dict[str, Any]], Any] | None = None) -> None:
        """The end state against that of an undisturbed run, changed where the scenario changes it."""
        expected = json.loads(json.dumps(self.expected[image]))
        if change:
            change(expected)
        found = self.at_rest(expected)
        case.problems += state.difference(expected, found)
        answers = self.answers()
        case.expect(answers == {image}, f"{sorted(answers)} answer, not {image}")


def _rests(found: dict[str, Any]) -> bool:
    return all(
        color["running"] == color["desired"] == len(color["targets"])
        and not color["pending"]
        and color["deployments"] == 1
        and set(color["targets"]) <= {"healthy"}
        for color in (found.get("live"), found.get("idle"))
        if color
    )
