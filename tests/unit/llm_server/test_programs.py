# SPDX-License-Identifier: GPL-3.0-or-later
"""The small programs: the end of a host, the image, the container, readiness, settings, credentials."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import slipway_llm
from slipway_llm import ready
from slipway_llm import settings as settings_module
from slipway_llm.aws import Aws, endpoint
from slipway_llm.credentials import Credentials
from slipway_llm.errors import HostError
from slipway_llm.objects import Source
from slipway_llm.sigv4 import Keys

HOST = Path(slipway_llm.__file__).parents[1]


@pytest.fixture
def command(tmp_path):
    """A function that puts a program in the place of one of the system's, which notes how it was called."""
    folder = tmp_path / "bin"
    folder.mkdir()

    def make(name, script="exit 0"):
        program = folder / name
        program.write_text(f'#!/bin/sh\necho "{name} $*" >> {folder}/log\n{script}\n')
        program.chmod(0o755)
        return folder

    return make


def log(folder):
    path = folder / "log"
    return path.read_text().splitlines() if path.exists() else []


def run(name, made, tmp_path, path):
    """Run a program of the host with those settings, and with `path` before the system's programs."""
    config = tmp_path / "config.json"
    config.write_text(json.dumps(dataclasses.asdict(made)))
    return subprocess.run(
        [sys.executable, "-m", f"slipway_llm.{name}", "--config", str(config)],
        env={**os.environ, "PYTHONPATH": str(HOST), "PATH": f"{path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
    )


POWEROFF = "systemctl --no-block poweroff"


def test_a_host_on_its_own_powers_off(command, settings, tmp_path):
    folder = command("systemctl")
    assert run("stop", settings(), tmp_path, folder).returncode == 0
    assert log(folder) == [POWEROFF]


def group(aws):
    """A group with one instance that wants one; its instance's id."""
    ec2, scaling = aws.client("ec2"), aws.client("autoscaling")
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    scaling.create_launch_configuration(
        LaunchConfigurationName="llm", ImageId="ami-0123456789abcdef0", InstanceType="t3.micro"
    )
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="llm",
        LaunchConfigurationName="llm",
        MinSize=0,
        MaxSize=1,
        DesiredCapacity=1,
        VPCZoneIdentifier=subnet,
    )
    return scaling.describe_auto_scaling_instances()["AutoScalingInstances"][0]["InstanceId"]


def test_a_host_in_a_group_leaves_it_and_is_not_replaced(command, aws, metadata, settings, tmp_path):
    folder, instance = command("systemctl"), group(aws)
    metadata.answers["GET", "/latest/meta-data/instance-id"] = (200, instance.encode())
    done = run("stop", settings(autoscaling_group="llm"), tmp_path, folder)
    assert done.returncode == 0, done.stderr
    (left,) = aws.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=["llm"])["AutoScalingGroups"]
    assert (left["DesiredCapacity"], left["Instances"]) == (0, [])
    assert log(folder) == [POWEROFF]


def test_a_group_that_does_not_let_go_keeps_the_host_running(command, aws, metadata, settings, tmp_path):
    folder = command("systemctl")
    aws.fault({"kind": "error", "service": "autoscaling", "count": None})
    done = run("stop", settings(autoscaling_group="llm"), tmp_path, folder)
    assert (done.returncode, done.stderr[:27]) == (1, "stop: autoscaling answers 5")
    assert log(folder) == []


@pytest.mark.parametrize("answer", [(404, b""), (500, b"")], ids=["no id", "broken"])
def test_without_its_id_a_host_in_a_group_keeps_running(command, aws, metadata, settings, tmp_path, answer):
    folder = command("systemctl")
    metadata.answers["GET", "/latest/meta-data/instance-id"] = answer
    done = run("stop", settings(autoscaling_group="llm"), tmp_path, folder)
    assert done.returncode == 1
    assert "still running" in done.stderr
    assert log(folder) == []


def test_a_power_switch_that_fails_is_told(command, settings, tmp_path):
    done = run("stop", settings(), tmp_path, command("systemctl", "exit 5"))
    assert (done.returncode, "ended with 5; still running" in done.stderr) == (1, True)


def test_an_image_that_is_there_is_not_asked_for(command, settings, tmp_path):
    folder, made = command("docker"), settings()
    assert run("pull", made, tmp_path, folder).returncode == 0
    assert log(folder) == [f"docker image inspect {made.image}"]


def test_an_image_comes_from_ecr_by_its_digest(command, aws, settings, tmp_path):
    folder, made = (
        command("docker", '[ "$1" = image ] && exit 1; [ "$1" = login ] && cat > "$0.password"; exit 0'),
        settings(),
    )
    done = run("pull", made, tmp_path, folder)
    assert done.returncode == 0, done.stderr
    registry = "111111111111.dkr.ecr.us-east-1.amazonaws.com"
    assert log(folder)[1:] == [
        f"docker login --username AWS --password-stdin {registry}",
        f"docker pull --quiet {made.image}",
    ]
    assert (folder / "docker.password").read_text() == Aws("us-east-1").registry_password()


@pytest.mark.parametrize("fails", ["login", "pull"])
def test_a_registry_that_refuses_is_told(command, aws, settings, tmp_path, fails):
    script = f'case "$1" in image) exit 1;; {fails}) echo "denied: no" >&2; exit 1;; esac; exit 0'
    done = run("pull", settings(), tmp_path, command("docker", script))
    assert done.returncode == 1
    assert done.stderr.startswith(f"pull: docker {fails} 111111111111.dkr")
    assert done.stderr.endswith("denied: no\n")


def test_another_registry_needs_no_login(command, settings, tmp_path):
    folder = command("docker", '[ "$1" = image ] && exit 1; exit 0')
    image = f"ghcr.io/huggingface/text-generation-inference@sha256:{'1' * 64}"
    assert run("pull", settings(image=image), tmp_path, folder).returncode == 0
    assert log(folder)[1:] == [f"docker pull --quiet {image}"]


def test_the_engine_becomes_the_container_with_the_model_itself(command, settings, tmp_path):
    folder, made = command("docker", 'echo "$*"'), settings()
    model = Path(made.models) / ("a" * 32)
    model.mkdir(parents=True)
    made.current.symlink_to(model.name)
    done = run("engine", made, tmp_path, folder)
    assert done.returncode == 0
    assert f"--volume={model}:/model:ro" in done.stdout
    assert log(folder)[0] == "docker rm --force slipway-llm"


def test_without_a_complete_model_there_is_no_engine(command, settings, tmp_path):
    folder = command("docker")
    done = run("engine", settings(), tmp_path, folder)
    assert (done.returncode, "no complete model" in done.stderr, log(folder)) == (1, True, [])


@pytest.mark.parametrize(
    ("kind", "path", "answer", "why"),
    [
        ("vllm", "/health", (200, b""), ""),
        ("vllm", "/health", (503, b""), "/health answers 503"),
        ("vllm", "/v1/models", (404, b""), "/v1/models answers 404"),
        ("vllm", "/v1/models", (200, b'{"data": [{"id": "other"}]}'), "it serves other, not llama"),
        ("vllm", "/v1/models", (200, b'{"data": []}'), "it serves no model, not llama"),
        ("tgi", "/v1/models", (200, b'{"data": [{"id": "/model"}]}'), ""),
        ("vllm", "/v1/models", (200, b"<html>"), "/v1/models is not OpenAI's list"),
        ("vllm", "/v1/models", (200, b"[]"), "/v1/models is not OpenAI's list"),
    ],
    ids=["ready", "sick", "no list", "another model", "no model", "tgi", "a page", "a list"],
)
def test_readiness(engine, settings, kind, path, answer, why):
    engine.answers["GET", path] = answer
    assert ready.why_not(settings(engine=kind, engine_port=engine.port)).startswith(why)
    assert bool(why) == bool(ready.why_not(settings(engine=kind, engine_port=engine.port)))


def test_readiness_is_waited_for(engine, settings, monkeypatch, capsys):
    monkeypatch.setattr(ready, "EVERY", 0.05)
    good, engine.answers["GET", "/health"] = engine.answers["GET", "/health"], (503, b"")
    timer = threading.Timer(0.2, engine.answers.update, [{("GET", "/health"): good}])
    timer.start()
    ready.wait(settings(engine_port=engine.port))
    assert capsys.readouterr().out == "vllm serves llama\n"


def test_readiness_that_does_not_come_is_told(settings, monkeypatch):
    monkeypatch.setattr(ready, "EVERY", 0.01)
    with pytest.raises(HostError, match=r"vllm is not ready after 0 s: it does not answer"):
        ready.wait(settings(ready_timeout=0))


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "Expecting"), ('{"name": "x"}', "missing"), ('{"nobody": 1}', "nobody"), (None, "No such file")],
    ids=["no JSON", "too few", "too many", "no file"],
)
def test_settings_that_are_none(tmp_path, text, message):
    path = tmp_path / "config.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(HostError, match=message):
        settings_module.load(str(path))


def role(metadata, minutes):
    """The instance has a role, whose keys expire in so many minutes."""
    path = "/latest/meta-data/iam/security-credentials/"
    until = (datetime.now(UTC) + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")
    keys = {"AccessKeyId": f"AKIA{minutes}", "SecretAccessKey": "s", "Token": "t", "Expiration": until}
    metadata.answers["GET", path] = (200, b"slipway-llm")
    metadata.answers["GET", f"{path}slipway-llm"] = (200, json.dumps(keys).encode())


def test_credentials_of_the_instance_are_renewed_before_they_expire(metadata, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    credentials = Credentials()
    role(metadata, 4)
    assert credentials.keys() == Keys("AKIA4", "s", "t")
    role(metadata, 60)
    assert credentials.keys().access == "AKIA60"
    asked = len(metadata.asked)
    assert credentials.keys().access == "AKIA60"
    assert len(metadata.asked) == asked
    sent = [{name.lower() for name in headers} for how, _path, headers, _body in metadata.asked if how == "GET"]
    assert all("x-aws-ec2-metadata-token" in names for names in sent)


def test_an_instance_without_a_role_is_told_so(metadata, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    with pytest.raises(HostError, match="the instance has no role"):
        Credentials().keys()
    metadata.answers.clear()
    with pytest.raises(HostError, match="gives no credentials"):
        Credentials().keys()


@pytest.mark.parametrize(
    ("service", "region", "url"),
    [
        ("s3", "us-east-1", "https://s3.us-east-1.amazonaws.com"),
        ("ecr", "eu-central-1", "https://api.ecr.eu-central-1.amazonaws.com"),
        ("monitoring", "cn-north-1", "https://monitoring.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_endpoints(monkeypatch, service, region, url):
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    assert endpoint(service, region) == url


@pytest.mark.parametrize(
    ("bucket", "given", "url"),
    [
        ("models", None, "https://models.s3.us-east-1.amazonaws.com/a%20b/c"),
        ("my.models", None, "https://s3.us-east-1.amazonaws.com/my.models/a%20b/c"),
        ("models", "http://127.0.0.1:4566/", "http://127.0.0.1:4566/models/a%20b/c"),
    ],
    ids=["own host", "with a dot", "another endpoint"],
)
def test_where_an_object_is(monkeypatch, bucket, given, url):
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    if given:
        monkeypatch.setenv("AWS_ENDPOINT_URL", given)
    assert Source(bucket, "us-east-1", Credentials()).url("a b/c") == url


def test_a_service_that_does_not_answer_is_told(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with pytest.raises(HostError, match=r"autoscaling at http://127.0.0.1:9/ does not answer"):
        Aws("us-east-1").leave_group("i-1")
