# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The gates: from parameters to what must hold, what is wrong with them, which alarms count from the start. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urljoin, urlsplit

from .commands_plan import playbook
from .native_steps_plan import StartRollout
from .plan_model import Alarm, Gates, Metric, Smoke, Snapshot
from .steps_plan import CheckSmoke, Plan, PointRule, Step, UpdateService, Watch
from .traffic_plan import shown_traffic

Params = Mapping[str, Any]

STATE_ALARM = "ALARM"
# A rollback must not wait for what it is to mend.
GATED = ("deploy", "continue")
# The metrics of AWS/ApplicationELB with a dimension TargetGroup (Elastic Load Balancing user guide for Application Load
# Balancers, CloudWatch metrics).
METRICS = frozenset(
    {
        "AnomalousHostCount",
        "HTTPCode_Target_2XX_Count",
        "HTTPCode_Target_3XX_Count",
        "HTTPCode_Target_4XX_Count",
        "HTTPCode_Target_5XX_Count",
        "HealthyHostCount",
        "MitigatedHostCount",
        "RequestCount",
        "RequestCountPerTarget",
        "TargetConnectionErrorCount",
        "TargetResponseTime",
        "TargetTLSNegotiationErrorCount",
        "UnHealthyHostCount",
        "UnhealthyRoutingRequestCount",
    }
)
SMOKE_DEFAULTS: Params = {"method": "GET", "status": 200, "contains": "", "headers": {}, "seconds": 5, "attempts": 3}
_STATISTICS = ("Average", "Maximum", "Minimum", "SampleCount", "Sum", "IQM")
# Percentile, trimmed mean, winsorized mean, trimmed count and trimmed sum (Amazon CloudWatch user guide, statistics
# definitions), with up to ten decimal places.
_EXTENDED = re.compile(r"(?:p|tm|wm|tc|ts)(\d{1,2}(?:\.\d{1,10})?|100)")
_STATUS = (100, 599)


def problems(params: Params) -> list[str]:
    """What is wrong with the parameters smoke, preview_url, alarms and metrics."""
    found = []
    if params["preview_url"] and _url_problem(params["preview_url"]):
        found.append(f"preview_url {_url_problem(params['preview_url'])}")
    for index, check in enumerate(params["smoke"]):
        found += [f"smoke[{index}]: {problem}" for problem in _smoke_problems(check, params["preview_url"])]
    for index, metric in enumerate(params["metrics"]):
        found += [f"metrics[{index}]: {problem}" for problem in _metric_problems(metric)]
    empty = [name for name in params["alarms"] if not name.strip()]
    return found + ["alarms: a name is empty"] * bool(empty)


def typed(params: Params) -> Params:
    """The parameters as the module would get them, from a role's inputs: those may hold numbers as text, and no
    defaults within an entry. Raises TypeError or ValueError for what is no number.
    """
    smoke = [
        {
            **SMOKE_DEFAULTS,
            **check,
            "status": int(check.get("status", SMOKE_DEFAULTS["status"])),
            "seconds": float(check.get("seconds", SMOKE_DEFAULTS["seconds"])),
            "attempts": int(check.get("attempts", SMOKE_DEFAULTS["attempts"])),
        }
        for check in params["smoke"]
    ]
    metrics = [{**item, "at_most": float(item["at_most"])} for item in params["metrics"]]
    return {**params, "smoke": smoke, "metrics": metrics, "alarms": [str(name) for name in params["alarms"]]}


def _url_problem(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "is no URL"
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        return "is no absolute http or https URL"
    if parts.username or parts.password:
        return "must not hold a user or password"
    return None


def _smoke_problems(check: Params, preview_url: str | None) -> list[str]:
    found = []
    path, url = check.get("path"), check.get("url")
    if bool(path) == bool(url):
        found.append("give either path or url")
    elif url and _url_problem(url):
        found.append(f"url {_url_problem(url)}")
    elif path and not re.fullmatch(r"/(?!/)[!-~]*", path):
        found.append(f"path {path!r} must begin with one / and hold no space")
    elif path and not preview_url:
        found.append(f"path {path!r} needs preview_url")
    if not _STATUS[0] <= check["status"] <= _STATUS[1]:
        found.append(f"status {check['status']} is outside {_STATUS[0]} to {_STATUS[1]}")
    if check["seconds"] <= 0:
        found.append(f"seconds {check['seconds']:g} must be more than 0")
    if check["attempts"] < 1:
        found.append(f"attempts {check['attempts']} is less than 1")
    return found


def _metric_problems(metric: Params) -> list[str]:
    found = []
    if metric["name"] not in METRICS:
        found.append(f"name {metric['name']!r} is none of {', '.join(sorted(METRICS))}")
    if metric["statistic"] not in _STATISTICS and not _EXTENDED.fullmatch(metric["statistic"]):
        found.append(f"statistic {metric['statistic']!r} is none of {', '.join(_STATISTICS)}, nor such as p99 or tm95")
    if metric["at_most"] < 0:
        found.append(f"at_most {metric['at_most']:g} is less than 0")
    return found


def alarm_names(params: Params) -> tuple[str, ...]:
    """The alarms to read; only what brings a new release has gates. A name that is given twice counts once."""
    return tuple(dict.fromkeys(params["alarms"])) if params["action"] in GATED else ()


def gates_from(params: Params) -> Gates:
    """Paths are taken from the root of preview_url."""
    if params["action"] not in GATED:
        return Gates()
    return Gates(
        smoke=tuple(_smoke(check, params) for check in params["smoke"]),
        alarms=alarm_names(params),
        metrics=tuple(Metric(item["name"], item["statistic"], item["at_most"]) for item in params["metrics"]),
        ignore_alarms_at_start=params["ignore_alarms_at_start"],
    )


def _smoke(check: Params, params: Params) -> Smoke:
    """What is on the preview route is asked for by the name that the probe uses on the production route."""
    path = check.get("path")
    host = params["probe"]["host"] if path and params["probe"] else None
    return Smoke(
        url=urljoin(params["preview_url"], path) if path else check["url"],
        host=check.get("host") or host,
        method=check["method"],
        status=check["status"],
        contains=check["contains"],
        headers={name: str(value) for name, value in check["headers"].items()},
        seconds=check["seconds"],
        attempts=check["attempts"],
    )


def settled(gates: Gates, alarms: Iterable[Alarm]) -> Gates:
    """The gates to go by for the whole run. alarms: those of the gates that exist.

    To be asked once, before the first change: an alarm that goes off later is the doing of the deployment, and must not
    be left out.
    """
    if not gates.ignore_alarms_at_start:
        return gates
    firing = {alarm.name for alarm in alarms if alarm.state == STATE_ALARM}
    watched = tuple(name for name in gates.alarms if name not in firing)
    return replace(gates, alarms=watched, ignored=tuple(name for name in gates.alarms if name in firing))


def objections(snapshot: Snapshot, plan: Plan, gates: Gates) -> list[str]:
    """Why the gates forbid to begin with a plan; one that neither moves the traffic nor asks them may begin."""
    if not any(_asks(step) for step in plan.steps):
        return []
    states = {alarm.name: alarm for alarm in snapshot.alarms}
    site = playbook("site", snapshot.service)
    found = [
        f"alarm {name} does not exist: {site} makes the service's own; correct ecs_service_alarms for any other"
        for name in gates.alarms
        if name not in states
    ]
    firing = [states[name] for name in gates.alarms if name in states and states[name].state == STATE_ALARM]
    found += [_firing(snapshot, alarm) for alarm in firing]
    if gates.smoke and snapshot.preview is None:
        found.append(f"the smoke checks need a preview rule and there is none: {site} makes it")
    return found


def _asks(step: Step) -> bool:
    """What brings tasks up is checked, or would be."""
    moves = isinstance(step, PointRule) and step.rule == "production"
    raises = isinstance(step, UpdateService) and step.changes.get("desiredCount", 0) > 0
    return moves or raises or isinstance(step, Watch | CheckSmoke | StartRollout)


def _firing(snapshot: Snapshot, alarm: Alarm) -> str:
    reason = f" ({alarm.reason})" if alarm.reason else ""
    anyway = playbook("deploy_backend", snapshot.service, "image=IMAGE", "ecs_service_ignore_alarms_at_start=true")
    return (
        f"alarm {alarm.name} is in ALARM already{reason} and could not tell a bad release; {shown_traffic(snapshot)}."
        f" Mend that first, or go by the other gates: {anyway}"
    )
