# SPDX-License-Identifier: GPL-3.0-or-later
"""Real local clouds for the tests of this folder."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from localcloud.settings import Settings

ROOT = Path(__file__).resolve().parents[3]


def run(*arguments, env=None):
    """Run `python -m localcloud` as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "localcloud", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120, env=env
    )


@dataclasses.dataclass(frozen=True)
class Cloud:
    """A cloud that is up."""

    state: Path

    @property
    def settings(self):
        return Settings.load(self.state / "settings.json")

    def account(self, name="local"):
        return next(account for account in self.settings.accounts if account.name == name)

    def client(self, service, environment="local", **overrides):
        account = self.account(environment)
        return boto3.client(
            service,
            **{
                "endpoint_url": self.settings.endpoint_url,
                "region_name": "us-east-1",
                "aws_access_key_id": account.access_key,
                "aws_secret_access_key": account.secret_key,
                "config": Config(retries={"max_attempts": 0}),
                **overrides,
            },
        )

    def http(self, url, method="GET", body=None):
        """(status, headers, body) of a plain HTTP request, whatever the status."""
        request = urllib.request.Request(url, data=body, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return response.status, response.headers, response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def admin(self, path, method="GET", body=None):
        """(status, JSON) of the admin API."""
        data = None if body is None else json.dumps(body).encode()
        status, _, text = self.http(f"{self.settings.endpoint_url}/_localcloud/{path}", method, data)
        return status, json.loads(text)


def wait_for(condition, seconds=20):
    """Poll until the condition holds; its value."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "condition did not come true"
        time.sleep(0.05)
    return value


@pytest.fixture(scope="session")
def cloud(tmp_path_factory):
    """One cloud that all tests which do not harm it share."""
    state = tmp_path_factory.mktemp("cloud") / "state"
    started = run("up", "--state", str(state))
    assert started.returncode == 0, started.stderr
    yield Cloud(state)
    assert run("down", "--state", str(state)).returncode == 0


@pytest.fixture
def network(cloud):
    """VPC, subnets and security group of a test's own."""
    ec2 = cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{index}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"][
            "SubnetId"
        ]
        for index, zone in enumerate("ab")
    ]
    return {"vpc": vpc, "subnets": subnets}
