# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of a result, in real runs: a record in DynamoDB, a message on a topic, a webhook; a page."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from tests.unit.plugins.dynamo import Dynamo, client

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = "{{ lookup('pipe', 'touch pwned') }} <!channel> & <https://evil.example|x> \x1b[31m"
DEPLOYMENT = {
    "outcome": "rolled_back",
    "action": "deploy",
    "service": "api",
    "started": 1795500763.412,
    "digest": "sha256:2",
    "image": "repo@sha256:2",
    "previous_image": "repo@sha256:1",
    "colors": {"from": "blue", "to": "green"},
    "timings": {"total": 12.5},
    "steps": [{"name": "wait", "status": "failed", "started": 0.5, "seconds": 12.0, "detail": HOSTILE}],
    "smoke": [{"url": "http://x/", "status": 500, "passed": False}],
    "reason": HOSTILE,
    "msg": "longer",
    "run": {"by": "alice", "url": "https://ci/7", "git_sha": "3f78", "token": 4},
}

SITE = {
    "outcome": "failed",
    "action": "publish",
    "service": "site",
    "distribution_id": "E1",
    "started": 1795500763.412,
    "release": "2",
    "digest": "sha256:2",
    "previous": "1",
    "live": "",
    "timings": {"total": 12.5},
    "steps": [],
    "proof": {"checks": [{"path": "/", "status": 200, "fault": HOSTILE}]},
    "reason": HOSTILE,
    "msg": "longer",
    "run": {"by": "alice", "url": "", "git_sha": "3f78", "token": 7},
}


class Listener:
    """A webhook. hang: it takes the request and never answers."""

    def __init__(self, hang=False):
        self.got, self.released = [], threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                outer.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                if hang:
                    outer.released.wait(30)
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                """Silence."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/secret-path"

    def close(self):
        self.released.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def dynamo(tmp_path_factory):
    made = Dynamo(tmp_path_factory.mktemp("cloud"), "slipway-test-releases")
    yield made
    made.close()


def role(name):
    """A task that includes a task file of role ecs_service, as playbooks/tasks/keep_result.yml does."""
    return {"name": name, "ansible.builtin.include_role": {"name": "slipway.ops.ecs_service", "tasks_from": name}}


def start(home, dynamo, result=DEPLOYMENT, fact="ecs_service_deployment", tasks=None, **inputs):
    """A run of TASKS, by default both of the role's, about RESULT, which is in FACT as if a module had returned it."""
    home.mkdir(parents=True)
    tasks = [
        {"name": "Result", "ansible.builtin.slurp": {"src": str(home / "result.json")}, "register": "kept"},
        {
            "name": "Take it as a module gave it",
            "ansible.builtin.set_fact": {fact: "{{ kept.content | b64decode | from_json }}"},
        },
        *(tasks or [role("record"), role("notify")]),
    ]
    given = {
        "ansible_python_interpreter": sys.executable,
        "ecs_service_name": "api",
        "ecs_service_cluster": "slipway-test",
        "ecs_service_region": "us-east-1",
    }
    play = [{"hosts": "localhost", "gather_facts": False, "vars": {**given, **inputs}, "tasks": tasks}]
    (home / "result.json").write_text(json.dumps(result))
    (home / "play.yml").write_text(json.dumps(play))
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "AWS_", "GITHUB_"))},
        **dynamo.variables(),
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
        "ANSIBLE_HOME": str(home / "ansible"),
    }
    playbook = Path(sys.executable).with_name("ansible-playbook")
    log = (home / "log").open("w")
    return subprocess.Popen(
        [playbook, "-v", "-i", "localhost,", "-c", "local", home / "play.yml"],
        cwd=home,
        env=environment,
        stdout=log,
        stderr=subprocess.STDOUT,
    )


def test_a_result_is_recorded_and_told_and_nothing_stands_in_its_way(dynamo, tmp_path):
    """Two runs side by side: all is well; nothing that is told answers."""
    topic = client("sns", dynamo.url).create_topic(Name="told")["TopicArn"]
    sqs = client("sqs", dynamo.url)
    queue = sqs.create_queue(QueueName="told")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    client("sns", dynamo.url).subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    webhook, hanging = Listener(), Listener(hang=True)
    runs = {
        "well": start(
            tmp_path / "well",
            dynamo,
            ecs_service_notify_sns_topic_arn=topic,
            ecs_service_notify_webhook_url=webhook.url,
        ),
        "deaf": start(
            tmp_path / "deaf",
            dynamo,
            ecs_service_lock_table="elsewhere",
            ecs_service_notify_sns_topic_arn=f"{topic}-not",
            ecs_service_notify_webhook_url=hanging.url,
        ),
    }
    status = {name: process.wait(timeout=120) for name, process in runs.items()}
    log = {name: (tmp_path / name / "log").read_text() for name in runs}
    for listener in (webhook, hanging):
        listener.close()
    assert status == {"well": 0, "deaf": 0}, log
    assert not [text for text in log.values() if "secret-path" in text]
    assert not (tmp_path / "well" / "pwned").exists()

    records = dynamo.client.scan(TableName=dynamo.table)["Items"]
    assert len(records) == 1
    record = json.loads(records[0]["record"]["S"])
    assert (record["kind"], record["by"], record["previous_digest"], record["token"]) == (
        "deploy",
        "alice",
        "sha256:1",
        4,
    )
    assert record["reason"] == record["steps"][0]["detail"] == HOSTILE
    assert record["timings"] == {"total": 12.5}

    told = [json.loads(message["Body"]) for message in sqs.receive_message(QueueUrl=queue)["Messages"]]
    assert [message["Subject"] for message in told] == ["slipway-test api: rolled_back"]
    assert HOSTILE in told[0]["Message"]
    assert len(webhook.got) == 1
    assert webhook.got[0]["text"].startswith("slipway-test api: rolled_back, repo@sha256:2, {{ lookup(")
    assert "&lt;!channel&gt; &amp; &lt;https" in webhook.got[0]["text"]

    assert "was NOT written into the release store elsewhere" in log["deaf"]
    assert "WARNING: api: the webhook was not told how the run ended" in log["deaf"]
    assert f"WARNING: api: {topic}-not was not told how the run ended" in log["deaf"]


def test_a_sites_result_is_recorded_told_and_shown_alike(dynamo, tmp_path):
    webhook = Listener()
    keep = {"name": "Keep", "ansible.builtin.include_tasks": str(ROOT / "playbooks" / "tasks" / "keep_site_result.yml")}
    # A playbook's folder in a checkout, whose build/ gets the page.
    process = start(
        tmp_path / "checkout" / "playbooks",
        dynamo,
        result=SITE,
        fact="cloudfront_site_deployment",
        tasks=[keep],
        slipway_name="slipway-test",
        slipway_environment="test",
        cloudfront_site_name="slipway-test-site",
        cloudfront_site_lock_table=dynamo.table,
        ecs_service_notify_webhook_url=webhook.url,
    )
    status = process.wait(timeout=120)
    log = (tmp_path / "checkout" / "playbooks" / "log").read_text()
    webhook.close()
    assert status == 0, log
    [item] = [item for item in dynamo.client.scan(TableName=dynamo.table)["Items"] if item["service"]["S"] == "site"]
    record = json.loads(item["record"]["S"])
    assert (record["kind"], record["outcome"], record["digest"], record["previous_digest"], record["token"]) == (
        "deploy",
        "failed",
        "sha256:2",
        "sha256:1",
        7,
    )
    assert record["smoke"][0]["fault"] == record["reason"] == HOSTILE
    assert [told["text"].partition(",")[0] for told in webhook.got] == ["slipway-test site: failed"]
    page = (tmp_path / "checkout" / "build" / "deploy-test-site.html").read_text()
    assert "Failed" in page
    assert "pwned" not in [path.name for path in tmp_path.rglob("*")]


def test_check_mode_tells_nobody():
    files = [("ecs_service", "record"), ("ecs_service", "notify"), ("cloudfront_site", "record")]
    texts = [(ROOT / "roles" / role / "tasks" / f"{name}.yml").read_text() for role, name in files]
    tasks = [task for text in texts for task in yaml.safe_load(text)]
    sending = [task for task in tasks if "ansible.builtin.debug" not in task]
    assert len(sending) == 4
    assert all("not ansible_check_mode" in task["when"] for task in sending)
