# SPDX-License-Identifier: GPL-3.0-or-later
"""A local Atlas and moto's AWS API, both over real HTTP, in threads of the test process."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import json
import logging
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import boto3
from aiohttp import web
from ansible.module_utils import urls
from ansible_collections.slipway.ops.plugins.plugin_utils.warm_process import share_models
from moto.server import ThreadedMotoServer

from localcloud.atlas.aws import Aws
from localcloud.atlas.identities import Identity
from localcloud.atlas.server import Place, application, build, serve_tls

ACCOUNT = "123456789012"  # what moto takes an unknown key for
REGION = "us-east-1"
#: Each test gets a project of its own; moto's account is the same for all.
_PROJECTS = [f"{number:012d}" for number in range(1, 400)]
FAST = {"request": 0.05, "finalize": 0.05, "terminate": 0.05, "access": 0.05, "cluster": 0.05, "settle": 0.05}


@dataclasses.dataclass
class Answer:
    status: int
    body: object
    headers: dict


class AtlasCloud:
    """Started once a session; `project()` hands out projects that nobody used."""

    def __init__(self):
        logging.getLogger("werkzeug").setLevel(logging.WARNING)
        self.moto = ThreadedMotoServer(port=0, verbose=False)
        self.moto.start()
        host, port = self.moto.get_host_and_port()
        self.aws_url = f"http://{host}:{port}"
        self.atlas = build(_PROJECTS)
        self.aws = Aws(self.aws_url, "testing", "testing")
        self._projects = iter(_PROJECTS)
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop = None
        self.url = ""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(20)

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())

    async def _serve(self):
        self._stop = asyncio.Event()
        runner = web.AppRunner(application(self.atlas, self.aws), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        with tempfile.TemporaryDirectory() as folder:
            proxy = await serve_tls(runner, Place("127.0.0.1", 0, 0, Path(folder)))
            self.ca = (Path(folder) / "atlas-ca.pem").read_text()
        self.proxy = f"http://127.0.0.1:{proxy}"
        self._ready.set()
        await self._stop.wait()
        await runner.cleanup()

    def close(self):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        self._loop.close()
        self.moto.stop()

    def project(self):
        return Identity.of(next(self._projects))

    def reset(self):
        """No faults, full buckets, quick lifecycle, no violations."""
        self.admin("PUT", "faults", [])
        self.admin("PUT", "limits", {"capacity": 5000, "refill": 5000})
        self.admin("PUT", "deprecations", {})
        self.admin("PUT", "delays", FAST | {"expire": 600})
        self.atlas.contract.count.clear()
        self.atlas.contract.violations.clear()
        self.atlas.auth.token_seconds = 3600

    def admin(self, method, path, body=None):
        answer = self.call(method, f"/_atlas/{path}", body)
        assert answer.status == 200, answer
        return answer.body

    @property
    def violations(self):
        return self.admin("GET", "status")["violations"]

    def call(self, method, path, body=None, headers=None):
        """One plain request, without any of the client's care."""
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return _answer(response)
        except urllib.error.HTTPError as error:
            with error:
                return _answer(error)

    def client(self, service="ec2", region=REGION):
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.aws_url,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )


def _answer(response):
    text = response.read()
    body = json.loads(text) if "json" in response.headers.get("Content-Type", "") else text
    return Answer(response.status, body, dict(response.headers))


def load_once():
    """Each run of a module would parse AWS's service models and the CA bundle anew, which is most of its time."""
    share_models()
    urls.make_context = functools.cache(urls.make_context)


def wait_for(look, seconds=10.0):
    """The first true answer of `look`; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
