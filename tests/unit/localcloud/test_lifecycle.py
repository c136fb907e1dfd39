# SPDX-License-Identifier: GPL-3.0-or-later
"""up, down, status with real clouds: what they leave, what they say, what they survive."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from localcloud import processes
from localcloud import supervisor as supervisor_module
from localcloud.settings import Settings
from tests.unit.localcloud.conftest import Cloud, run, wait_for


@pytest.fixture
def state(tmp_path):
    """A state folder whose cloud, if a test leaves one, is stopped."""
    folder = tmp_path / "state"
    yield folder
    run("down", "--state", str(folder))


def up(state, *arguments, **kwargs):
    result = run("up", "--state", str(state), *arguments, **kwargs)
    assert result.returncode == 0, result.stderr
    return result


def child(state, word, missing_ok=False):
    """The process of this cloud that has this word in its command line."""
    cloud_id = Settings.load(state / "settings.json").cloud_id
    for identity in processes.marked(cloud_id):
        with Path(f"/proc/{identity.pid}/cmdline").open() as stream:
            if f"\0{word}\0" in stream.read():
                return identity
    assert missing_ok, word
    return None


def supervisor(state):
    return processes.Identity(**json.loads((state / "status.json").read_text())["supervisor"])


def start_task(state):
    """Run a task whose image is another table's program; its process."""
    cloud = Cloud(state)
    assert run("push", "sleeper:1", "--state", str(state)).returncode == 1  # no such repository yet
    cloud.client("ecr").create_repository(repositoryName="sleeper")
    assert run("push", "sleeper:1", "--state", str(state)).returncode == 0
    ec2, ecs, iam = cloud.client("ec2"), cloud.client("ecs"), cloud.client("iam")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    role = iam.create_role(RoleName="execution", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    ecs.create_cluster(clusterName="c")
    ecs.register_task_definition(
        family="sleeper",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        executionRoleArn=role,
        containerDefinitions=[{"name": "main", "image": "111111111111.dkr.ecr.us-east-1.amazonaws.com/sleeper:1"}],
    )
    network = {"awsvpcConfiguration": {"subnets": [subnet], "assignPublicIp": "ENABLED"}}
    ecs.run_task(cluster="c", taskDefinition="sleeper", launchType="FARGATE", networkConfiguration=network)
    return wait_for(lambda: child(state, "86400", missing_ok=True))


@pytest.fixture
def sleeper(tmp_path):
    """An image table with a program that outlives its patience."""
    (tmp_path / "app").mkdir()
    (tmp_path / "images.json").write_text('{"sleeper:1": {"folder": "app", "command": ["sleep", "86400"]}}')
    return str(tmp_path / "images.json")


def listens(host, port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0


def test_up_and_down_beside_another_cloud(state, cloud, sleeper):
    state.mkdir()
    (state / "notes.txt").write_text("not the cloud's")
    up(state, "--images", sleeper)
    settings, top = Settings.load(state / "settings.json"), supervisor(state)
    assert listens(settings.control_host, settings.control_port)
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in state.iterdir() if path.is_file()}
    del modes["notes.txt"]
    accounts = ["credentials", "env", "env.staging", "env.production"]
    assert modes == dict.fromkeys([*accounts, "settings.json", "status.json"], 0o600)
    assert run("status", "--state", str(state)).returncode == 0

    assert settings.network != cloud.settings.network
    Cloud(state).client("ec2").create_vpc(CidrBlock="10.99.0.0/16")
    assert "10.99.0.0/16" not in [vpc["CidrBlock"] for vpc in cloud.client("ec2").describe_vpcs()["Vpcs"]]

    again = run("up", "--state", str(state))
    assert again.returncode == 0
    assert "already up" in again.stdout
    assert supervisor(state) == top

    task = start_task(state)
    assert run("down", "--state", str(state)).returncode == 0
    assert not top.alive
    assert not task.alive
    assert processes.marked(settings.cloud_id) == []
    assert not listens(settings.control_host, settings.control_port)
    assert [path.name for path in state.iterdir()] == ["notes.txt"]
    assert run("status", "--state", str(state)).returncode == 3
    assert run("down", "--state", str(state)).returncode == 0


def test_env_file_is_enough_for_any_tool(cloud):
    code = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'])"
    for name, account in (("env", "111111111111"), ("env.production", "333333333333")):
        shell = f'. {cloud.state / name} && exec {sys.executable} -c "{code}"'
        result = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, env={"PATH": os.environ["PATH"]})
        assert result.stdout.strip() == account, result.stderr


@pytest.mark.parametrize("module", ["localcloud.control", "localcloud.alb", "localcloud.edge"])
def test_death_of_a_child_takes_the_cloud_down_and_is_told(state, module):
    up(state)
    top, cloud_id = supervisor(state), Settings.load(state / "settings.json").cloud_id
    child(state, module).signal(signal.SIGKILL)
    assert top.wait_gone(20)
    assert processes.marked(cloud_id) == []
    assert not (state / "env").exists()
    told = run("status", "--state", str(state))
    assert told.returncode == 1
    assert f"{module.rpartition('.')[2]} (pid " in told.stderr
    assert "was killed by SIGKILL" in told.stderr


def test_death_of_the_supervisor_is_told_and_the_rest_ends_by_itself(state):
    up(state)
    cloud_id = Settings.load(state / "settings.json").cloud_id
    supervisor(state).signal(signal.SIGKILL)
    wait_for(lambda: not processes.marked(cloud_id))
    told = run("status", "--state", str(state))
    assert told.returncode == 1
    assert "was killed or the machine was restarted" in told.stderr
    assert "cleaned up after the crash" in run("down", "--state", str(state)).stdout
    assert not state.exists()


def test_down_finds_what_a_killed_cloud_left(state, sleeper):
    up(state, "--images", sleeper)
    task = start_task(state)
    stray = subprocess.Popen(
        ["sleep", "300"], env=Settings.load(state / "settings.json").marker, start_new_session=True
    )
    for identity in (supervisor(state), child(state, "localcloud.control"), child(state, "localcloud.alb")):
        identity.signal(signal.SIGKILL)
    assert run("down", "--state", str(state)).returncode == 0
    assert stray.wait(5) == -signal.SIGKILL
    assert not task.alive
    assert not state.exists()


def test_a_pid_of_before_the_reboot_is_not_taken_for_a_cloud(state):
    state.mkdir()
    (state / "log").mkdir()
    mine = processes.Identity.of(os.getpid())
    status = {"phase": "ready", "supervisor": {"pid": mine.pid, "start": mine.start, "boot": "another"}}
    status |= {"cloud_id": "none", "endpoint_url": "http://127.0.0.1:1", "reason": "", "log_tail": []}
    (state / "status.json").write_text(json.dumps(status))
    assert run("status", "--state", str(state)).returncode == 1
    assert "had crashed" in up(state).stdout


def test_control_that_cannot_start_is_told_with_its_log(state, tmp_path):
    (tmp_path / "moto.py").write_text("raise ValueError('broken on purpose')")
    result = run("up", "--state", str(state), env=dict(os.environ, PYTHONPATH=str(tmp_path)))
    assert result.returncode == 1
    assert "control did not start: control (pid " in result.stderr
    assert "broken on purpose" in result.stderr
    assert run("status", "--state", str(state)).returncode == 1


def test_the_user_s_own_aws_settings_do_no_harm(state):
    env = dict(os.environ, AWS_PROFILE="missing", MOTO_ACCOUNT_ID="999999999999", AWS_REGION="eu-north-1")
    up(state, env=env)
    assert Cloud(state).client("sts").get_caller_identity()["Account"] == "111111111111"
    pushed = run("push", "api:1.0.0", "--state", str(state), env=env)
    assert "RepositoryNotFoundException" in pushed.stderr


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (None, "cannot read the image table"),
        ("{", "not JSON"),
        ('{"api": {}}', "NAME:VERSION"),
        ('{"api:1": {"folder": "nowhere", "command": ["x"]}}', "is no folder"),
    ],
)
def test_bad_image_table_is_refused_before_anything_starts(state, tmp_path, table, message):
    path = tmp_path / "images.json"
    if table is not None:
        path.write_text(table)
    result = run("up", "--state", str(state), "--images", str(path))
    assert result.returncode == 1
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not state.exists()


def test_a_second_up_at_the_same_moment_is_told(state):
    (state / "log").mkdir(parents=True)
    with supervisor_module._claim_state(state):
        result = run("up", "--state", str(state))
    assert result.returncode == 1
    assert "another `up` is at work" in result.stderr


def test_no_network_leaves_nothing(state, tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.platform = 'darwin'")
    result = run("up", "--state", str(state), env=dict(os.environ, PYTHONPATH=str(tmp_path)))
    assert result.returncode == 1
    assert "the local cloud needs Linux" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not state.exists()


def test_help_documents_each_command():
    text = run("--help").stdout
    assert all(command in text for command in ("up", "down", "status", "push"))
    assert "--weight-delay" in run("up", "--help").stdout
    bad = run("up", "--weight-delay", "-1")
    assert bad.returncode == 2
