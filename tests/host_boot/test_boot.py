# SPDX-License-Identifier: GPL-3.0-or-later
"""A GPU host from its first boot to its end, under a real systemd: `make host-boot` (root, Debian; some four minutes).

gpu.yml makes the group, the launch template and the boot's bundle in a local cloud; a Debian boots with that template's
user data, fetches the bundle from S3, installs the distribution's Ansible and converges itself. There is no GPU: in
docker's place is a program that serves what the weights say. The tests are one story and run in their order.
"""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import threading
import urllib.error
import urllib.request

import pytest

from localcloud import network
from localcloud.demo import run
from tests.e2e.harness import Environment
from tests.host_boot.machine import Machine, Metadata, until

WEIGHTS = "forty-two"
MODEL = "llama-3.3-70b"
BUCKET = "slipway-local-models-111111111111"
UNITS = ("slipway-llm-refill", "slipway-llm-engine", "slipway-llm-proxy", "slipway-llm-watch")
IDLE_MINUTES = 1


class Host:
    """The environment, the machine and what a backend asks of it."""

    def __init__(self, folder):
        self.env = Environment("local", folder / "local", folder)
        self.machine = Machine(folder)
        self.port = network.free_port("127.0.0.1", 18000)
        self.metadata = None
        self.template = {}
        self._users = threading.Event()

    def provision(self):
        """The stack with one GPU host, and its model in the bucket."""
        # Asked on loopback: this machine's network is the host's.
        server = {
            "llm_server_idle_minutes": IDLE_MINUTES,
            "llm_server_grace_minutes": 0,
            "llm_server_bind": "127.0.0.1",
        }
        gpu = {"gpu_host_state": "present", "gpu_host_port": self.port, **server}
        self._play("site")
        self._play("gpu", **gpu)
        self._upload()
        self._play("gpu", power="on", **gpu)
        versions = self.env.client("ec2").describe_launch_template_versions(LaunchTemplateName="slipway-local-llm")
        self.template = versions["LaunchTemplateVersions"][0]["LaunchTemplateData"]

    def _play(self, name, **extra):
        done = self.env.playbook(name, extra=extra)
        assert done.status == 0, done.output[-3000:]

    def _upload(self):
        """The model and its manifest, into the bucket that gpu.yml has made."""
        digest = hashlib.sha256(WEIGHTS.encode()).hexdigest()
        files = [{"path": "weights.safetensors", "size": len(WEIGHTS), "sha256": digest}]
        documents = {"weights.safetensors": WEIGHTS, "manifest.json": json.dumps({"version": 1, "files": files})}
        for name, text in documents.items():
            self.env.client("s3").put_object(Bucket=BUCKET, Key=f"llama-3.3-70b-awq/{name}", Body=text.encode())

    def group(self):
        """The Auto Scaling group."""
        groups = self.env.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
        return next(each for each in groups if each["AutoScalingGroupName"] == "slipway-local-llm")

    def start(self):
        """Boot with the launch template's user data, as the group's instance."""
        env = self.env.env
        self.metadata = Metadata(self.group()["Instances"][0]["InstanceId"], env)
        aws = {"AWS_ENDPOINT_URL": env["AWS_ENDPOINT_URL"], "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.metadata.url}
        self.machine.prepare(base64.b64decode(self.template["UserData"]).decode(), aws)
        self.machine.boot()
        threading.Thread(target=self._use, daemon=True).start()

    def _use(self):
        """Ask every few seconds, so that the host is not idle before it is to be."""
        while not self._users.wait(5):
            self.answer()

    def leave(self):
        """Nobody asks any more."""
        self._users.set()

    def ask(self, path, body=None):
        """Status and body of a request to the proxy; status 0 if nobody answers."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", data, {"content-type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def answer(self):
        """What the model says, or nothing."""
        message = {"role": "user", "content": "What is the answer?"}
        status, body = self.ask("/v1/chat/completions", {"model": MODEL, "messages": [message]})
        return json.loads(body)["choices"][0]["message"]["content"] if status == 200 else ""

    def properties(self, unit, *names):
        """Properties of a systemd unit, in this order."""
        shown = self.machine.run("systemctl", "show", *(f"--property={name}" for name in names), unit).stdout
        found = dict(line.partition("=")[::2] for line in shown.splitlines())
        return [found.get(name) for name in names]

    def close(self):
        """Leave nothing."""
        self.leave()
        self.machine.close()
        if self.metadata:
            self.metadata.close()


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    """A host that boots, in a cloud of its own."""
    folder = tmp_path_factory.mktemp("host")
    run.cloud(folder / "local", "up")
    found = Host(folder)
    try:
        found.provision()
        try:
            found.start()
        except subprocess.CalledProcessError as error:
            if error.returncode != 3:
                raise
            pytest.skip(f"NOT RUN: {error.stderr.strip()}")
        yield found
    finally:
        found.close()
        run.cloud(folder / "local", "down")


def test_the_first_boot_ends_in_a_model_that_answers(host):
    def served():
        return host.answer() == WEIGHTS and host.properties("user-data", "SubState") == ["exited"]

    until(lambda: served() or host.properties("user-data", "ActiveState") == ["failed"], 420)
    log = host.machine.run("journalctl", "--no-pager", "--unit=user-data", "--output=cat").stdout
    assert served(), log[-4000:]
    assert "failed=0" in log
    print(host.machine.run("ansible-playbook", "--version").stdout.splitlines()[0])


def test_every_unit_runs_and_none_has_failed(host):
    assert [host.properties(unit, "ActiveState") for unit in UNITS] == [["active"]] * len(UNITS)
    assert host.machine.run("systemctl", "list-units", "--failed", "--plain", "--no-legend").stdout == ""
    assert host.properties("slipway-llm-max-uptime.timer", "ActiveState", "SubState") == ["active", "waiting"]
    # Users of its own, from a range that systemd keeps for them.
    process = host.properties("slipway-llm-proxy", "MainPID")[0]
    assert int(host.machine.run("stat", "--format=%u", f"/proc/{process}").stdout) >= 61184


def test_only_the_model_is_behind_the_proxy(host):
    assert host.ask("/v1/models")[0] == 200
    assert [host.ask(path)[0] for path in ("/metrics", "/v1/../metrics", "/docs")] == [404, 404, 404]


def test_the_image_is_pulled_once_by_its_digest_and_run_without_asking_again(host):
    asked = host.machine.run("cat", "/var/lib/docker-asked").stdout.splitlines()
    pulls = [line for line in asked if line.startswith("pull")]
    assert len(pulls) == 1
    assert "@sha256:" in pulls[0]
    assert [line for line in asked if line.startswith("run") and "--pull=never" in line and "--cap-drop=ALL" in line]


def test_the_role_again_changes_nothing(host):
    done = host.machine.run("bash", "/opt/slipway/boot.sh")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert "changed=0" in done.stdout
    assert host.answer() == WEIGHTS


def test_the_watch_tells_cloudwatch(host):
    def told():
        metrics = host.env.client("cloudwatch").list_metrics(Namespace="Slipway/LLM")["Metrics"]
        return {"Ready", "TokensGenerated", "RefillSeconds"} <= {each["MetricName"] for each in metrics}

    assert until(told, 90)


def test_an_engine_that_dies_comes_back(host):
    before = host.properties("slipway-llm-engine", "MainPID")[0]
    host.machine.run("systemctl", "kill", "--signal=KILL", "--kill-whom=main", "slipway-llm-engine")
    assert until(lambda: host.answer() == "", 15)
    assert until(lambda: host.answer() == WEIGHTS, 90)
    assert host.properties("slipway-llm-engine", "MainPID")[0] != before


def test_after_a_reboot_the_units_alone_serve(host):
    assert host.machine.reboot(60)
    assert until(lambda: host.answer() == WEIGHTS, 120)
    assert host.properties("user-data", "ConditionResult", "ActiveState") == ["no", "inactive"]


def test_a_host_that_nobody_uses_leaves_its_group_and_switches_itself_off(host):
    assert host.group()["DesiredCapacity"] == 1
    host.leave()
    assert until(host.machine.ended, 240), host.machine.run("journalctl", "--no-pager", "--lines=60").stdout
    assert host.group()["DesiredCapacity"] == 0
    assert host.group()["Instances"] == []
