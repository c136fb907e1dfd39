# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether status tells the truth: what environment_info says, beside the same things asked of AWS one by one.

The module's own code reads the environment in this process: Ansible around it would take a second more each time, and
has tests of its own.
"""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any

from ansible_collections.slipway.ops.plugins.module_utils.blue_green.observe import Clients
from ansible_collections.slipway.ops.plugins.module_utils.environment.document_plan import document
from ansible_collections.slipway.ops.plugins.module_utils.environment.model_plan import Wanted, WantedService
from ansible_collections.slipway.ops.plugins.module_utils.environment.observe import observe
from botocore.exceptions import ClientError

from localcloud.demo import watch
from tests.e2e.harness import SERVICE, Environment

# An environment may move between two looks: a color that was warm goes.
TRIES, PAUSE = 10, 0.5


def snapshot(environment: Environment, account: str) -> dict[str, Any]:
    """The document, for the names that the inventories give."""
    prefix = environment.prefix
    wanted = Wanted(
        name=environment.name,
        account_id=account,
        vpc=prefix,
        load_balancer=prefix,
        cluster=prefix,
        table=f"{prefix}-releases",
        services=(WantedService(SERVICE, workers=("tally",)),),
        site=f"{prefix}-site",
        bucket=f"{prefix}-site-{account}",
        gpu=f"{prefix}-llm",
        oidc=prefix,
    )
    return document(wanted, "us-east-1", time.time(), observe(Clients(environment.looks), wanted))


def told(found: dict[str, Any]) -> dict[str, Any]:
    """What the document says of what truth() asks for."""
    assert found["problems"] == []
    service, site = found["services"][0], found["site"] or {}
    colors = {each["color"]: each for each in service["colors"]}
    live = colors.get(service["live_color"], {})
    return {
        "vpc": (found["network"] or {}).get("vpc_id"),
        "weights": {name: each["weight"] for name, each in colors.items() if each["weight"] is not None},
        "healthy": {name: each["healthy"] for name, each in colors.items() if each["target_group"]},
        "tasks": {name: (each["desired"], each["running"], each["task_definition"]) for name, each in colors.items()},
        "serves": live.get("digest") if live.get("healthy") else None,
        "runs": {
            name: (last["id"], last["outcome"], last["digest"] or "") if last else None
            for name, last in ((SERVICE, service["last_release"]), ("site", site.get("last_release")))
        },
        "site": (site["release"] or {}).get("id") if site else None,
        "edge": site.get("status"),
        "alarms": {each["name"]: each["state"] for each in found["alarms"]},
    }


def truth(environment: Environment, account: str) -> dict[str, Any]:
    """The same, from AWS and from the service itself."""
    vpcs = environment.client("ec2").describe_vpcs(Filters=[{"Name": "tag:Name", "Values": [environment.prefix]}])[
        "Vpcs"
    ]
    weights, healthy = {}, {}
    with contextlib.suppress(ClientError, LookupError):
        service = environment.watched()
        weights, healthy = service.weights(), service.healthy()
    serves = any(healthy[color] for color, weight in weights.items() if weight)
    distributions = environment.client("cloudfront").list_distributions()["DistributionList"].get("Items", [])
    alarms = environment.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"{environment.prefix}-")["MetricAlarms"]
    return {
        "vpc": vpcs[0]["VpcId"] if vpcs else None,
        "weights": weights,
        "healthy": healthy,
        "tasks": _tasks(environment),
        "serves": environment.answer()["digest"] if serves else None,
        "runs": {name: _last(environment, name) for name in (SERVICE, "site")},
        "site": _site(environment, account),
        "edge": distributions[0]["Status"] if distributions else None,
        "alarms": {alarm["AlarmName"]: alarm["StateValue"] for alarm in alarms},
    }


def _tasks(environment: Environment) -> dict[str, tuple[int, int, str | None]]:
    names = [f"{SERVICE}-{color}" for color in watch.COLORS]
    found: dict[str, tuple[int, int, str | None]] = dict.fromkeys(watch.COLORS, (0, 0, None))
    with contextlib.suppress(ClientError):
        for each in environment.client("ecs").describe_services(cluster=environment.prefix, services=names)["services"]:
            if each["status"] == "ACTIVE":
                color = each["serviceName"].rpartition("-")[2]
                found[color] = (each["desiredCount"], each["runningCount"], each["taskDefinition"])
    return found


def _last(environment: Environment, name: str) -> tuple[str, str, str] | None:
    """Id, outcome and digest of the newest record."""
    try:
        items = environment.client("dynamodb").scan(TableName=f"{environment.prefix}-releases")["Items"]
    except ClientError:
        return None
    records = [json.loads(item["record"]["S"]) for item in items if item["service"]["S"] == name and "record" in item]
    newest = max(records, key=lambda record: record["id"], default=None)
    return (newest["id"], newest["outcome"], newest["digest"]) if newest else None


def _site(environment: Environment, account: str) -> str | None:
    bucket = f"{environment.prefix}-site-{account}"
    with contextlib.suppress(ClientError):
        body = environment.client("s3").get_object(Bucket=bucket, Key="state/current.json")["Body"].read()
        return json.loads(body)["release"]
    return None


def compare(environment: Environment) -> None:
    """Fails unless status tells the truth, while nothing moves."""
    account = environment.client("sts").get_caller_identity()["Account"]
    for _ in range(TRIES):
        before = truth(environment, account)
        said, after = told(snapshot(environment, account)), truth(environment, account)
        if before == after:
            assert said == after
            return
        time.sleep(PAUSE)
    raise AssertionError(f"{environment.name} never stood still: {before} then {after}")
