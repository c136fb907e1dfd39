# SPDX-License-Identifier: GPL-3.0-or-later
"""aws_account: its EXAMPLES entry in a real run against an HTTP stand-in for AWS STS, and credentials that fail."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
import yaml
from ansible.errors import AnsibleActionFail
from ansible_collections.slipway.ops.plugins.action import aws_account as action
from ansible_collections.slipway.ops.plugins.modules import aws_account

ROOT = Path(__file__).resolve().parents[4]
NAME = "slipway.ops.aws_account"
IDENTITY = (
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
    "<Arn>arn:aws:iam::222222222222:user/a</Arn><UserId>A</UserId><Account>222222222222</Account>"
    "</GetCallerIdentityResult></GetCallerIdentityResponse>"
)
REFUSAL = (
    "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code>\n"
    "<Message>The security token\nincluded in the request is invalid.</Message></Error></ErrorResponse>"
)


class Sts(BaseHTTPRequestHandler):
    """Knows one key."""

    asked: ClassVar[list[str]] = []

    def do_POST(self):
        self.asked.append(self.headers["Authorization"])
        self.rfile.read(int(self.headers["Content-Length"]))
        good = "Credential=GOOD/" in self.headers["Authorization"]
        body = (IDENTITY if good else REFUSAL).encode()
        self.send_response(200 if good else 403)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def sts():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Sts)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def asked():
    """What the stand-in was asked."""
    return Sts.asked


@pytest.fixture
def credentials(monkeypatch, sts, tmp_path):
    """Sets the only credentials that boto3 may find."""

    def use(**pairs):
        for key in [key for key in os.environ if key.startswith("AWS_")]:
            monkeypatch.delenv(key)
        nowhere = str(tmp_path / "nothing")
        for key, value in {
            "AWS_ENDPOINT_URL": sts,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": nowhere,
            "AWS_SHARED_CREDENTIALS_FILE": nowhere,
            **pairs,
        }.items():
            monkeypatch.setenv(key, value)

    return use


def test_the_example_passes_and_another_account_is_refused(credentials, tmp_path):
    credentials(AWS_ACCESS_KEY_ID="GOOD", AWS_SECRET_ACCESS_KEY="secret")
    example = yaml.safe_load(aws_account.EXAMPLES)[0]
    other = {NAME: {**example[NAME], "account_id": "333333333333", "environment": "production"}}
    playbook = tmp_path / "play.yml"
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [example, other]}
    playbook.write_text(yaml.safe_dump([play]))
    env = os.environ | {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_HOME": str(tmp_path / "ansible")}
    command = [sys.executable, "-m", "ansible.cli.playbook", str(playbook)]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert "ok=1 " in done.stdout
    assert "wrong account: the credentials belong to 222222222222, inventory production to 333333333333" in done.stdout


@pytest.mark.parametrize(
    "pairs",
    [
        {"AWS_ACCESS_KEY_ID": "AKIA" + "Q2R7WXYZABCDEFGH"},
        {"AWS_ACCESS_KEY_ID": "AKIASLIPWAYLOCAL1111", "AWS_ENDPOINT_URL": "http://192.0.2.1:1"},
    ],
    ids=["real ones to this machine", "the local cloud's to another"],
)
def test_credentials_that_do_not_belong_to_the_endpoint_are_not_sent(credentials, asked, pairs):
    credentials(AWS_SECRET_ACCESS_KEY="secret", **pairs)
    asked.clear()
    with pytest.raises(AnsibleActionFail, match="nothing was sent"):
        action.caller("us-east-1")
    assert asked == []


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({}, "Unable to locate credentials"),
        ({"AWS_ACCESS_KEY_ID": "BAD", "AWS_SECRET_ACCESS_KEY": "secret"}, "InvalidClientTokenId"),
        ({"AWS_PROFILE": "nobody"}, "nobody"),
    ],
    ids=["none", "refused", "a profile that is not there"],
)
def test_credentials_that_do_not_work_are_one_line(credentials, keys, said):
    credentials(**keys)
    with pytest.raises(AnsibleActionFail) as failure:
        action.caller("us-east-1")
    assert "no usable AWS credentials: " in str(failure.value)
    assert said in str(failure.value)
    assert "\n" not in str(failure.value)
