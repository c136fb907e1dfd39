# SPDX-License-Identifier: GPL-3.0-or-later
"""RunTask, and what a task gets: environment, secrets, credentials, command, log stream; and why it cannot start."""

from __future__ import annotations

import json
import sys

import boto3
import pytest

from tests.unit.localcloud.fixtures.cloud import environment
from tests.unit.localcloud.fixtures.processes import wait_until

ECHO = "import os; print(*(f'{k}={v}' for k, v in sorted(os.environ.items())), sep='\\n')"


def lines(cloud, task):
    """What the task has written to its log stream."""
    stream = f"run/app/{task['taskArn'].rsplit('/', 1)[1]}"
    events = cloud.logs.get_log_events(logGroupName="/app", logStreamName=stream, startFromHead=True)["events"]
    return [event["message"] for event in events]


def variables(cloud, **members):
    """The environment of a task, from its own output."""
    definition = cloud.define("serve:1", command=[sys.executable, "-c", ECHO], **members)
    return dict(line.partition("=")[::2] for line in lines(cloud, cloud.run(definition)) if "=" in line)


def test_a_task_that_ends_on_its_own(cloud):
    task = cloud.run(cloud.define("once:1"), startedBy="me", tags=[{"key": "a", "value": "b"}])
    assert (task["stopCode"], task["stoppedReason"]) == (
        "EssentialContainerExited",
        "Essential container in task exited",
    )
    assert task["containers"][0]["exitCode"] == 0
    assert (task["group"], task["startedBy"], task["launchType"]) == ("family:app", "me", "FARGATE")
    assert task["tags"] == [{"key": "a", "value": "b"}]
    assert lines(cloud, task) == ["once starts"]
    listed = cloud.ecs.list_tasks(cluster="main", startedBy="me", desiredStatus="STOPPED", family="app")["taskArns"]
    assert listed == [task["taskArn"]]
    assert cloud.ecs.list_tasks(cluster="main", startedBy="me")["taskArns"] == []
    interfaces = cloud.ec2.describe_network_interfaces()["NetworkInterfaces"]
    assert task["attachments"][0]["status"] == "DELETED"
    assert task["attachments"][0]["details"][1]["value"] not in str(interfaces)


def test_exit_code_and_output_of_a_failure(cloud):
    task = cloud.run(cloud.define("crash:1"))
    assert task["containers"][0]["exitCode"] == 3
    assert lines(cloud, task) == ["crash starts", "no way"]


def test_stop_task(cloud):
    started = cloud.ecs.run_task(
        cluster="main",
        taskDefinition=cloud.define("slow:1", stopTimeout=1),
        launchType="FARGATE",
        networkConfiguration=cloud.network,
    )["tasks"][0]
    assert started["lastStatus"] == "PROVISIONING"
    arn = started["taskArn"]
    wait_until(lambda: cloud.task(arn)["lastStatus"] == "RUNNING", "RUNNING")
    assert environment(cloud.task(arn))["KIND"] == "slow"  # it serves, so it ignores SIGTERM by now
    cloud.ecs.stop_task(cluster="main", task=arn, reason="enough")
    task = cloud.ended(arn)
    assert (task["stopCode"], task["stoppedReason"]) == ("UserInitiated", "enough")
    assert task["containers"][0]["exitCode"] == 137
    assert (task["stoppedAt"] - task["stoppingAt"]).total_seconds() >= 1
    cloud.ecs.stop_task(cluster="main", task=arn, reason="again")
    assert cloud.task(arn)["stoppedReason"] == "enough"
    with pytest.raises(cloud.ecs.exceptions.InvalidParameterException, match="not found"):
        cloud.ecs.stop_task(cluster="main", task="0" * 32)


def test_overrides(cloud):
    override = {
        "name": "app",
        "command": [sys.executable, "-c", ECHO],
        "environment": [{"name": "ONE", "value": "over"}],
    }
    definition = cloud.define(
        "serve:1",
        environment=[{"name": "ONE", "value": "1"}, {"name": "TWO", "value": "2"}],
        entryPoint=["/usr/bin/env"],
    )
    task = cloud.run(definition, overrides={"containerOverrides": [override]})
    assert {"ONE=over", "TWO=2"} <= set(lines(cloud, task))
    assert task["overrides"]["containerOverrides"][0]["environment"] == override["environment"]
    with pytest.raises(cloud.ecs.exceptions.InvalidParameterException, match="container named x"):
        cloud.run(definition, overrides={"containerOverrides": [{"name": "x"}]})


def test_nothing_of_the_users_environment(cloud, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "private")
    found = variables(cloud, environment=[{"name": "COLOR", "value": "blue"}])
    assert found.pop("HOST").startswith(cloud.settings.network)
    expected = {"PATH", "LANG", "KIND", "COLOR", "AWS_EXECUTION_ENV", "AWS_REGION", "AWS_DEFAULT_REGION"}
    # What Python itself may add to the environment of a C locale.
    assert set(found) - {"LC_CTYPE"} == expected | {"AWS_ENDPOINT_URL", *cloud.settings.marker}
    assert found["AWS_ENDPOINT_URL"] == cloud.settings.endpoint_url


def test_credentials_of_the_task_role(cloud):
    role = f"arn:aws:iam::{cloud.account.id}:role/app"
    found = variables(cloud, role=role)
    session = boto3.Session(found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"], found["AWS_SESSION_TOKEN"])
    identity = session.client("sts", region_name="us-east-1", endpoint_url=cloud.settings.endpoint_url)
    assert identity.get_caller_identity()["Arn"].startswith(f"arn:aws:sts::{cloud.account.id}:assumed-role/app/")


def test_secrets(cloud):
    secret = cloud.secrets.create_secret(Name="llm", SecretString=json.dumps({"key": "k1", "n": 1}))["ARN"]
    cloud.secrets.put_secret_value(SecretId=secret, SecretString=json.dumps({"key": "k2", "n": 2}))
    plain = cloud.secrets.create_secret(Name="plain", SecretString="p")["ARN"]
    cloud.ssm.put_parameter(Name="/app/db", Value="d", Type="SecureString")
    cloud.ssm.put_parameter(Name="short", Value="s", Type="String")
    parameter = f"arn:aws:ssm:us-east-1:{cloud.account.id}:parameter"
    wanted = {
        "WHOLE": (plain, "p"),
        "KEY": (f"{secret}:key::", "k2"),
        "NUMBER": (f"{secret}:n::", "2"),
        "BEFORE": (f"{secret}:key:AWSPREVIOUS:", "k1"),
        "BY_PATH": (f"{parameter}/app/db", "d"),
        "BY_NAME": ("short", "s"),
        "BY_ARN": (f"{parameter}/short", "s"),
    }
    found = variables(cloud, secrets=[{"name": name, "valueFrom": source} for name, (source, _) in wanted.items()])
    assert {name: found[name] for name in wanted} == {name: value for name, (_, value) in wanted.items()}


PULL = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("arn:aws:secretsmanager:us-east-1:111111111111:secret:none-AbCdEf", "unable to retrieve secret from asm"),
        ("arn:aws:secretsmanager:us-moon-1:111111111111:secret:none-AbCdEf", "unable to retrieve secret from asm"),
        ("SECRET:nokey::", "did not contain json key nokey"),
        ("TEXT:key::", "expected JSON"),
        ("/no/parameter", "unable to retrieve secrets from ssm"),
        ("arn:aws:ssm:us-east-1:111111111111:parameter/no", "invalid parameters"),
    ],
)
def test_a_secret_that_cannot_be_read(cloud, source, reason):
    if source.startswith(("SECRET", "TEXT")):
        text = "{}" if source.startswith("SECRET") else "no json"
        name = f"secret-{len(cloud.secrets.list_secrets()['SecretList'])}"
        arn = cloud.secrets.create_secret(Name=name, SecretString=text)["ARN"]
        source = source.replace("SECRET", arn).replace("TEXT", arn)
    task = cloud.run(cloud.define("serve:1", secrets=[{"name": "S", "valueFrom": source}]))
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith(PULL)
    assert reason in task["stoppedReason"]


def test_images(cloud):
    digest = cloud.digests["once:1"]
    by_digest = cloud.run(cloud.define(f"{cloud.repository}@{digest}"))
    assert by_digest["containers"][0] | {"imageDigest": digest, "exitCode": 0} == by_digest["containers"][0]
    cloud.push("once:1", tag="latest")
    assert cloud.run(cloud.define(cloud.repository))["containers"][0]["exitCode"] == 0
    cloud.push("unknown:1")
    for image in (
        f"{cloud.repository}:none",
        f"{cloud.repository}@sha256:{'0' * 64}",
        f"{cloud.repository}-2:1",
        f"{cloud.repository}:unknown-1",
        "111111111111.dkr.ecr.us-moon-1.amazonaws.com/app:once-1",
        "public.ecr.aws/nginx/nginx:latest",
    ):
        task = cloud.run(cloud.define(image))
        assert task["stopCode"] == "TaskFailedToStart"
        assert task["stoppedReason"].startswith(
            "CannotPullContainerError: pull image manifest has been retried 1 time(s)"
        )
        assert image in task["stoppedReason"]


def test_log_group(cloud):
    options = {"awslogs-group": "/none", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "run"}
    configuration = {"logDriver": "awslogs", "options": options}
    task = cloud.run(cloud.define("once:1", log=False, logConfiguration=configuration))
    assert task["stoppedReason"].startswith("ResourceInitializationError: failed to validate logger args")
    assert "The specified log group does not exist." in task["stoppedReason"]
    options["awslogs-create-group"] = "true"
    cloud.run(cloud.define("once:1", log=False, logConfiguration=configuration))
    streams = cloud.logs.describe_log_streams(logGroupName="/none")["logStreams"]
    assert len(streams) == 1
    assert cloud.run(cloud.define("once:1", log=False))["containers"][0]["exitCode"] == 0


def test_capacity_provider_and_placement(cloud):
    strategy = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
    arguments = {"cluster": "main", "taskDefinition": cloud.define("once:1"), "networkConfiguration": cloud.network}
    task = cloud.ecs.run_task(**arguments, capacityProviderStrategy=strategy, count=1)["tasks"][0]
    assert cloud.ended(task["taskArn"])["capacityProviderName"] == "FARGATE_SPOT"
    with pytest.raises(cloud.ecs.exceptions.InvalidParameterException, match="both a launch type"):
        cloud.ecs.run_task(**arguments, capacityProviderStrategy=strategy, launchType="FARGATE")
    with pytest.raises(cloud.ecs.exceptions.InvalidParameterException, match="Fargate only"):
        cloud.ecs.run_task(**arguments)


def test_describe_tasks_says_what_is_missing(cloud):
    answer = cloud.ecs.describe_tasks(cluster="main", tasks=["0" * 32])
    assert answer["failures"] == [{"arn": "0" * 32, "reason": "MISSING"}]
    for wrong in ([], ["0" * 32] * 101):
        with pytest.raises(cloud.ecs.exceptions.InvalidParameterException, match="Tasks cannot"):
            cloud.ecs.describe_tasks(cluster="main", tasks=wrong)
    for wrong in ([], ["x"] * 11):
        with pytest.raises(cloud.ecs.exceptions.InvalidParameterException, match="Services cannot"):
            cloud.ecs.describe_services(cluster="main", services=wrong)


def test_a_command_goes_behind_the_image_s_entry_point(cloud):
    task = cloud.run(cloud.define("app:1", command=["once"]))
    assert (task["containers"][0]["exitCode"], lines(cloud, task)) == (0, ["once starts"])
    override = {"containerOverrides": [{"name": "app", "command": ["crash"]}]}
    task = cloud.run(cloud.define("app:1", command=["once"]), overrides=override)
    assert task["containers"][0]["exitCode"] == 3
    task = cloud.run(cloud.define("app:1", entryPoint=[sys.executable, "-c", "print('own')"]))
    assert lines(cloud, task) == ["own"]
