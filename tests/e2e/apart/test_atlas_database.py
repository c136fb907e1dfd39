# SPDX-License-Identifier: GPL-3.0-or-later
"""Cluster and users by community.mongodb, unmodified, over real TLS to the local Atlas; its faults fenced in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.unit.atlas_cloud import AtlasCloud
from tests.unit.atlas_playground import CIDR, Playground

ROOT = Path(__file__).resolve().parents[3]
USER = {"name": "api", "secret_name": "atlas/api", "roles": [{"role_name": "readWrite", "database_name": "app"}]}


class Database:
    """One project with its playbook."""

    def __init__(self, cloud, folder):
        self.cloud = cloud
        self.ground = Playground(cloud)
        self.folder = folder
        self.secrets = cloud.client("secretsmanager")
        self.user = USER | {"secret_name": f"atlas/{self.ground.identity.project}"}
        (folder / "ca.pem").write_text(cloud.ca)

    def env(self, **changes):
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        aws = {"AWS_ENDPOINT_URL": self.cloud.aws_url, "AWS_REGION": "us-east-1"}
        keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
        way = {"HTTPS_PROXY": self.cloud.proxy, "SSL_CERT_FILE": str(self.folder / "ca.pem")}
        ansible = {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections")}
        return kept | aws | keys | way | ansible | self.ground.identity.env(self.cloud.url) | changes

    def run(self, *options, user=None, env=None, **changes):
        """Run the role; (status, output, number of changes)."""
        given = {
            "ansible_python_interpreter": sys.executable,  # as the inventories have it, which the warm process asks for
            "atlas_peering_enabled": True,
            "atlas_peering_project_id": self.ground.identity.project,
            "atlas_peering_region": "us-east-1",
            "atlas_peering_cidr": CIDR,
            "atlas_peering_vpc_id": self.ground.vpc,
            "atlas_peering_route_table_ids": self.ground.tables,
            "atlas_peering_poll_interval": 0.05,
            "atlas_peering_cluster": {"name": "main", "instance_size": "M10"},
            "atlas_peering_users": [self.user | (user or {})],
        }
        output = {"name": "Output", "ansible.builtin.debug": {"var": "atlas_peering_output.secret_arns"}}
        tasks = [{"name": "Role", "ansible.builtin.include_role": {"name": "slipway.ops.atlas_peering"}}, output]
        play = {"name": "Play", "hosts": "localhost", "gather_facts": False, "vars": given | changes, "tasks": tasks}
        (self.folder / "play.yml").write_text(yaml.safe_dump([play]))
        done = subprocess.run(
            ["ansible-playbook", "-i", "localhost,", "-c", "local", str(self.folder / "play.yml"), *options],
            cwd=ROOT,
            env=self.env(**(env or {})),
            text=True,
            capture_output=True,
            timeout=300,
        )
        return done.returncode, done.stdout + done.stderr, "changed=0" not in done.stdout

    @property
    def secret(self):
        return json.loads(self.secrets.get_secret_value(SecretId=self.user["secret_name"])["SecretString"])

    @property
    def stored(self):
        """The user as Atlas keeps it, password and all."""
        return self.ground.project.users["admin", "api"]


@pytest.fixture(scope="module")
def cloud():
    started = AtlasCloud()
    started.reset()
    yield started
    started.close()


@pytest.fixture(scope="module")
def database(cloud, tmp_path_factory):
    made = Database(cloud, tmp_path_factory.mktemp("database"))
    status, output, _ = made.run()
    assert status == 0, output
    return made


def test_cluster_user_and_secret_are_made(database):
    cluster = database.ground.project.clusters["main"]
    assert (cluster.state, cluster.size, cluster.region) == ("IDLE", "M10", "US_EAST_1")
    assert len(database.ground.project.containers) == 1  # the peering's, not one of the cluster's own choice
    assert database.stored["roles"] == [{"databaseName": "app", "roleName": "readWrite"}]
    password = database.stored["password"]
    assert len(password) == 40
    assert database.secret == {
        "url": f"mongodb+srv://api:{password}@main.{database.ground.identity.project[:5]}.mongodb.net",
        "username": "api",
        "password": password,
        "password_version": "1",
    }


def test_again_nothing_changes_and_the_secret_is_named(database):
    before = database.secret
    status, output, changed = database.run()
    assert (status, changed) == (0, False), output
    assert database.secrets.describe_secret(SecretId=database.user["secret_name"])["ARN"] in output
    assert before["password"] not in output
    assert database.secret == before
    assert database.run("--check")[::2] == (0, False)


def test_a_new_version_rotates_the_password_once(database):
    old = database.secret["password"]
    status, output, changed = database.run(user={"password_version": "2"})
    assert (status, changed) == (0, True), output
    assert (database.secret["password_version"], database.secret["password"] != old) == ("2", True)
    assert database.stored["password"] == database.secret["password"]
    assert database.run(user={"password_version": "2"})[::2] == (0, False)


def test_roles_in_another_order_are_no_change_and_other_roles_are(database):
    more = [{"role_name": "read", "database_name": "logs"}, *USER["roles"]]
    version = database.secret["password_version"]
    assert database.run(user={"roles": more, "password_version": version})[::2] == (0, True)
    assert {role["roleName"] for role in database.stored["roles"]} == {"read", "readWrite"}
    assert database.run(user={"roles": more[::-1], "password_version": version})[::2] == (0, False)
    assert database.stored["password"] == database.secret["password"]


@pytest.mark.parametrize(("status", "code"), [(401, "UNAUTHORIZED"), (429, "RATE_LIMITED"), (500, "UNEXPECTED_ERROR")])
def test_a_refused_read_is_a_failure_and_not_absence(database, status, code):
    faults = [
        {"operation": operation, "kind": "error", "status": status, "code": code, "headers": {"Retry-After": "0"}}
        for operation in ("getCluster", "getLegacyCluster", "getUser", "getLegacyUser")
    ]
    database.cloud.admin("PUT", "faults", faults)
    failed, output, _ = database.run()
    calls = dict(database.cloud.atlas.faults.calls)
    database.cloud.admin("PUT", "faults", [])
    assert failed != 0
    assert f"Atlas refused to read the cluster main ({code}, HTTP {status})" in output
    assert not {"createLegacyCluster", "createLegacyUser", "getLegacyCluster"} & set(calls)


@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        pytest.param({"kind": "drop"}, 0, '"changed": false', id="a broken connection is success"),
        pytest.param(
            {"kind": "error", "status": 404, "code": "GROUP_NOT_FOUND"},
            0,
            '"changed": false',
            id="so is a wrong project",
        ),
        pytest.param(
            {"kind": "error", "status": 403, "code": "NO"}, 2, "Expecting value: line 1", id="a refusal is a traceback"
        ),
    ],
)
def test_what_the_fence_is_for(database, fault, status, words):
    """Their module alone, told to delete a user that exists, when the read before that fails."""
    database.cloud.admin("PUT", "faults", [{"operation": "getLegacyUser"} | fault])
    identity = database.ground.identity
    key = {"api_username": identity.public_key, "api_password": identity.private_key, "group_id": identity.project}
    given = key | {"username": "api", "password": "irrelevant1", "state": "absent", "roles": []}
    done = subprocess.run(
        ["ansible", "localhost", "-m", "community.mongodb.mongodb_atlas_user", "-a", json.dumps(given)],
        cwd=ROOT,
        env=database.env(),
        text=True,
        capture_output=True,
        timeout=120,
    )
    database.cloud.admin("PUT", "faults", [])
    assert done.returncode == status, done.stdout + done.stderr
    assert words in done.stdout
    assert "api" in {name for _, name in database.ground.project.users}


def test_the_contract_was_kept(database):
    assert database.cloud.violations == {"count": 0, "last": []}
