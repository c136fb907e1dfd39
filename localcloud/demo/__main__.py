# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m localcloud.demo` (`make demo`): provision, deploy 1.0.0, swap to 2.0.0 under load, publish the site.

With `--engine native` (`make demo ENGINE=native`) it is Amazon ECS that moves the traffic, and not this toolkit.

The site goes from 1.0.0 to 2.0.0 while visitors load it through the edge, in a browser too where there is one. It may
be run again on what it left: the environment then exists already, 1.0.0 takes over from the 2.0.0 of the last run, and
2.0.0 follows once more. Exit status: 0 when not one request failed, 1 otherwise, 130 when interrupted.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localcloud import images
from localcloud.demo import browser, run, site, summary, watch

if TYPE_CHECKING:
    from collections.abc import Callable

STATE = images.ROOT / ".local"
BUILD = images.ROOT / "build"
OLD, NEW = "1.0.0", "2.0.0"
# Of slipway.ops.ecs_blue_green; the first is what a service has unless told otherwise.
ENGINES = ("two_service", "native")
# What the site's releases are drawn in; a site has no colors of its own.
COLORS = ("blue", "green")
# How long a change of the rule takes to reach the load balancer here. AWS gives no figure; this is a slow day.
WEIGHT_DELAY = 5.0
# With engine native, the seconds of a minute of ECS's deployments: more than the weight delay, or the old tasks stop
# before the load balancer knows.
MINUTE = 8.0
# Seconds of load before and after the swap, so that the page shows the state on both sides of it.
BEFORE, AFTER = 4.0, 2.0
# The old color's tasks stop after the deployment has ended; the load watches that too, for so many seconds at most.
GONE_LIMIT = 60.0
# "[   1.8s] api: scale green to 2"
_PROGRESS = re.compile(r"\[ *[0-9.]+s\] ")


class Demo:
    """One run; `took` has what each part took, in seconds."""

    def __init__(self, engine: str) -> None:
        self._engine = engine
        self._chosen = () if engine == ENGINES[0] else ("-e", f"ecs_service_engine={engine}")
        self.took: list[tuple[str, float]] = []
        self._env: dict[str, str] = {}
        self._logs = BUILD / "demo"
        self._logs.mkdir(parents=True, exist_ok=True)

    def play(self) -> int:
        """All of it; the exit status."""
        self._part("local cloud", self._start_cloud)
        self._part("provision", lambda: self._playbook("site", *self._chosen))
        old, new = self._part("push", lambda: (self._push(OLD), self._push(NEW)))
        self._part(f"deploy {OLD}", lambda: self._deploy(old))
        counted, result, samples = self._part(f"swap to {NEW} under load", lambda: self._swap(new))
        published = self._site()
        report = BUILD / "report.html"
        summary.page(counted, result, samples, published, dict(zip(COLORS, (OLD, NEW), strict=True)), report)
        say("")
        for line in summary.table(counted, result, published, self.took):
            say(line)
        wrong = summary.problems(counted, result, OLD, NEW)
        if wrong := wrong + site.problems(published.counted, published.result, OLD, NEW):
            raise run.StepFailedError("\n".join([*wrong, f"see {shown(report)}"]))
        say(f"\n0 dropped of {counted.summary['requests']:,} requests.")
        say(f"Each of {published.counted.summary['visits']:,} visitors of the site got one whole release.")
        self._say_next(report)
        return 0

    def _part(self, name: str, do: Callable[[], Any]) -> Any:
        say(f"\n==> {name}")
        begun = time.monotonic()
        value = do()
        self.took.append((name, time.monotonic() - begun))
        say(f"    {name}: {self.took[-1][1]:.1f} s")
        return value

    def _start_cloud(self) -> None:
        say(f"    {run.cloud(STATE, 'up', '--weight-delay', str(WEIGHT_DELAY))}")
        self._env = run.environment(STATE, "local")
        if self._chosen:
            run.setting(self._env, "minute", MINUTE)

    def _push(self, version: str) -> str:
        """Push a release; the reference by tag, which the deployment resolves to a digest itself."""
        pushed = run.cloud(STATE, "push", f"api:{version}").splitlines()[-1]
        say(f"    {pushed}")
        return f"{pushed.partition('@')[0]}:{version}"

    def _deploy(self, image: str) -> dict[str, Any]:
        """deploy_backend.yml with the image; what the deployment returned."""
        return self._told("api", "deploy_backend", "-e", f"image={image}", *self._chosen)

    def _told(self, service: str, playbook: str, *extra: str) -> dict[str, Any]:
        """Run a playbook; what it left about the service."""
        left = BUILD / f"deploy-local-{service}.json"
        left.unlink(missing_ok=True)
        self._playbook(playbook, *extra)
        result: dict[str, Any] = json.loads(left.read_text())
        return result

    def _swap(self, image: str) -> tuple[run.Counted, dict[str, Any], list[dict[str, Any]]]:
        service = watch.Service(self._env, "slipway-local", "api")
        with run.Load(f"{self._env['LOCAL_ALB_URL']}/version", self._logs) as load, watch.Watcher(service) as seen:
            time.sleep(BEFORE)
            result = self._deploy(image)
            if old := result["colors"]["from"]:
                self._wait_gone(service, old)
            time.sleep(AFTER)
            counted = load.stop()
        return counted, result, seen.samples

    def _site(self) -> summary.Site:
        with site.Window(lambda text: say(f"    {text}")) as window:
            self._part(f"publish site {OLD}", lambda: self._publish(OLD))
            window.look(self._env["LOCAL_SITE_URL"], OLD)
            counted, result = self._part(f"publish site {NEW} to visitors", lambda: self._republish(window))
        return summary.Site(counted, result, window.pictures)

    def _publish(self, version: str) -> dict[str, Any]:
        return self._told("site", "deploy_frontend", "-e", f"bundle={site.RELEASES / version}")

    def _republish(self, window: site.Window) -> tuple[run.Counted, dict[str, Any]]:
        url = self._env["LOCAL_SITE_URL"]
        with run.Visitors(url, site.bundles(OLD, NEW), self._logs) as visitors:
            time.sleep(BEFORE)
            result = self._publish(NEW)
            window.go_on(OLD)
            window.look(url, NEW)
            time.sleep(AFTER)
            return visitors.stop(), result

    def _wait_gone(self, service: watch.Service, color: str) -> None:
        say(f"    waiting for the last {color} task to stop, still under load")
        end = time.monotonic() + GONE_LIMIT
        while service.tasks(color):
            if time.monotonic() > end:
                raise run.StepFailedError(f"tasks of {color} still run {GONE_LIMIT:g} s after the swap")
            time.sleep(watch.PERIOD)

    def _playbook(self, name: str, *extra: str) -> None:
        """Run a playbook; the terminal gets what a deployment tells as it goes, and the end of a failure."""
        log = self._logs / f"{name}.log"
        lines: list[str] = []

        def each_line(line: str) -> None:
            lines.append(line)
            if _PROGRESS.match(line):
                say(f"    {line}")

        status = run.playbook(self._env, name, "local", extra, each_line)
        log.write_text("\n".join(lines) + "\n", encoding="utf-8")
        if status:
            tail = [f"  | {line}" for line in lines[-25:]]
            raise run.StepFailedError("\n".join([f"{name}.yml failed; all of its output: {shown(log)}", *tail]))

    def _say_next(self, report: Path) -> None:
        rollback = " ".join(("playbooks/rollback_backend.yml", *self._chosen))
        services = "api" if self._chosen else "api-blue api-green"
        say(f"""
  report         {shown(report)}
  the service    {self._env["LOCAL_ALB_URL"]}/
  the site       {self._env["LOCAL_SITE_URL"]}/
  back to {OLD}  . .local/env && ansible-playbook -i inventories/local {rollback}
  the site too   . .local/env && ansible-playbook -i inventories/local playbooks/rollback_frontend.yml
  any AWS tool   . .local/env && aws ecs describe-services --cluster slipway-local --services {services}
  stop it        make local-down""")


def shown(path: Path) -> str:
    """A path as the user would type it in the checkout."""
    return str(path.relative_to(images.ROOT))


def say(text: str) -> None:
    """Print at once, also into a pipe."""
    print(text, flush=True)


def main() -> int:
    """Run the demo; its exit status."""
    parser = argparse.ArgumentParser(prog="python -m localcloud.demo", description="A whole environment, and a swap.")
    parser.add_argument("--engine", choices=ENGINES, default=ENGINES[0], help="who moves the traffic")
    engine = parser.parse_args().engine
    try:
        return Demo(engine).play()
    except (run.StepFailedError, browser.BrowserError) as error:
        print(f"\ndemo: {error}", file=sys.stderr)
        print("The local cloud is left as it is; `make local-down` stops it.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndemo: interrupted. The local cloud still runs; `make local-down` stops it.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
