# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of a session: their environment, their output, and the load generator's life."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from localcloud.demo import run


@pytest.fixture
def state(tmp_path):
    (tmp_path / "env").write_text("export AWS_REGION=us-east-1\nexport AWS_SECRET_ACCESS_KEY='with space'\n")
    return tmp_path


def test_the_environment_is_the_clouds_and_nothing_of_the_users(state, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("ANSIBLE_STRATEGY", "mine")
    monkeypatch.setenv("PATH", "/somewhere")
    env = run.environment(state, "local")
    assert (env["AWS_REGION"], env["AWS_SECRET_ACCESS_KEY"]) == ("us-east-1", "with space")
    assert not {"AWS_PROFILE", "ANSIBLE_STRATEGY"} & set(env)
    assert env["PATH"].endswith(":/somewhere")
    assert env["ANSIBLE_CONFIG"].endswith("ansible.cfg")


@pytest.mark.parametrize("status", [200, 400])
def test_a_setting_is_put_and_a_refusal_is_told(status):
    asked = []

    class Admin(BaseHTTPRequestHandler):
        def do_PUT(self):
            asked.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b"no such minute")

    with HTTPServer(("127.0.0.1", 0), Admin) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        told = contextlib.nullcontext() if status == 200 else pytest.raises(run.StepFailedError, match="no such minute")
        with told:
            run.setting({"AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}"}, "minute", 2.0)
        thread.join()
    assert asked == [("/_localcloud/settings", {"minute": 2.0})]


def test_output_comes_line_by_line_with_the_exit_status():
    lines = []
    program = "import sys; print('one'); print('two', file=sys.stderr); sys.exit(4)"
    status = run.stream({"PYTHONUNBUFFERED": "1"}, [sys.executable, "-c", program], lines.append)
    assert (status, sorted(lines)) == (4, ["one", "two"])


def test_a_command_that_fails_says_why(tmp_path):
    with pytest.raises(run.StepFailedError, match="no local cloud"):
        run.cloud(tmp_path, "push", "api:1.0.0")


def test_load_is_stopped_and_counted(tmp_path):
    with run.Load("http://127.0.0.1:1/", tmp_path, rate=100, seconds=30) as load:
        while not (tmp_path / "load.jsonl").exists() or not (tmp_path / "load.jsonl").read_text():
            time.sleep(0.05)
        counted = load.stop()
    assert counted.summary["failed"] == counted.summary["requests"] > 0
    assert sum(second["ended"] for second in counted.seconds) == counted.summary["ended"]


def test_load_that_cannot_run_is_an_error(tmp_path):
    with run.Load("https://127.0.0.1/", tmp_path) as load:
        load._process.wait()
        with pytest.raises(run.StepFailedError, match="exit status 2"):
            load.stop()


def test_load_does_not_outlive_its_block(tmp_path):
    with run.Load("http://127.0.0.1:1/", tmp_path, rate=1, seconds=60) as load:
        process = load._process
    assert process.poll() is not None


def test_old_counts_are_not_taken_for_new_ones(tmp_path):
    (tmp_path / "load.json").write_text(json.dumps({"requests": 1}))
    with run.Load("http://127.0.0.1:1/", tmp_path, rate=1, seconds=60):
        pass
    assert not (tmp_path / "load.json").exists()
