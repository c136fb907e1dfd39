# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host's programs talk to (the local cloud over HTTP, an engine, instance metadata), and their settings."""

from __future__ import annotations

import http.server
import json
import threading
import urllib.request

import boto3
import pytest
from moto.moto_api._internal import moto_api_backend

from localcloud import network
from localcloud.control import access, calls, dispatcher
from localcloud.control.server import Server
from localcloud.settings import Account
from slipway_llm.settings import Settings

ACCOUNT = Account("local", "111111111111", "AKIASLIPWAYLOCAL1111", "secret", "127.0.0.1", 8080, 8081)
IMAGE = "111111111111.dkr.ecr.us-east-1.amazonaws.com/vllm@sha256:" + "0" * 64


class Aws:
    """The API, with its log of calls and its faults."""

    def __init__(self, state):
        prefix, self._claim = network.claim_network(str(state))
        host = f"{prefix}.0.1"
        port = network.free_port(host, 4566)
        self.url = f"http://{host}:{port}"
        keys = access.Keys((ACCOUNT,))
        log = calls.Calls(keys)
        self._server = Server(host, port, access.Access(dispatcher.Dispatcher(), keys), log.routes, log)
        self._server.start()
        self.variables = {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": ACCOUNT.access_key,
            "AWS_SECRET_ACCESS_KEY": ACCOUNT.secret_key,
            "AWS_REGION": "us-east-1",
        }

    def client(self, service):
        keys = {"aws_access_key_id": ACCOUNT.access_key, "aws_secret_access_key": ACCOUNT.secret_key}
        return boto3.client(service, region_name="us-east-1", endpoint_url=self.url, **keys)

    def _ask(self, path, method="GET", body=None):
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(
            urllib.request.Request(f"{self.url}/_localcloud/{path}", data, method=method)
        ) as it:
            return json.load(it)

    def calls(self, operation):
        """The calls of an operation since the last `fresh`."""
        return [call for call in self._ask("calls") if call["operation"] == operation]

    def held(self):
        """How many calls are being held."""
        return len(self._ask("faults")["held"])

    def fault(self, *rules):
        self._ask("faults", "PUT", {"rules": list(rules)})

    def fresh(self):
        """No faults, and an empty log."""
        self._ask("faults", "DELETE")
        self._ask("calls", "DELETE")

    def close(self):
        self._server.stop()
        self._claim.close()
        moto_api_backend.reset()


# Not of the package: between two files a worker may run another one, whose cloud ends with a reset of moto.
@pytest.fixture(scope="module")
def _aws(tmp_path_factory):
    found = Aws(tmp_path_factory.mktemp("state"))
    yield found
    found.close()


@pytest.fixture
def aws(_aws, monkeypatch):
    """The API, and the environment that leads to it."""
    for name, value in _aws.variables.items():
        monkeypatch.setenv(name, value)
    _aws.fresh()
    yield _aws
    _aws.fresh()


class Http:
    """A server of fixed answers. answers: (method, path) to (status, body), or to a function of the handler."""

    def __init__(self):
        self.answers = {}
        self.asked = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                outer.asked.append((self.command, self.path, dict(self.headers), body))
                found = outer.answers.get((self.command, self.path), (404, b"{}"))
                if callable(found):
                    found(self)
                    return
                self.send_response(found[0])
                self.send_header("content-length", str(len(found[1])))
                self.end_headers()
                self.wfile.write(found[1])

            do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

            def log_message(self, *_arguments):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def engine():
    """An engine that serves the model of the settings, and does nothing."""
    found = Http()
    found.answers = {
        ("GET", "/health"): (200, b""),
        ("GET", "/v1/models"): (200, json.dumps({"object": "list", "data": [{"id": "llama"}]}).encode()),
    }
    yield found
    found.close()


@pytest.fixture
def metadata(monkeypatch):
    """Instance metadata with an instance id, and no role yet."""
    found = Http()
    found.answers = {
        ("PUT", "/latest/api/token"): (200, b"token"),
        ("GET", "/latest/meta-data/instance-id"): (200, b"i-0123456789abcdef0"),
    }
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f"http://127.0.0.1:{found.port}")
    yield found
    found.close()


@pytest.fixture
def settings(tmp_path):
    """A function that gives settings, with what is given in place of the usual."""

    def make(**given):
        usual = {
            "name": "slipway-test-llm",
            "region": "us-east-1",
            "engine": "vllm",
            "image": IMAGE,
            "mount": "/",
            "models": str(tmp_path / "models"),
            "manifest": "s3://models/llama/manifest.json",
            "manifest_sha256": "",
            "model_name": "llama",
            "tensor_parallel": 4,
            "max_model_len": 16384,
            "quantization": "",
            "gpu_memory_utilization": 0.9,
            "args": [],
            "environment": {},
            "bind": "127.0.0.1",
            "port": network.free_port("127.0.0.1", 18000),
            "engine_port": 9,
            "ready_timeout": 60,
            "idle_minutes": 30,
            "grace_minutes": 20,
            "autoscaling_group": "",
            "run": str(tmp_path / "run"),
        }
        return Settings(**{**usual, **given})

    return make
