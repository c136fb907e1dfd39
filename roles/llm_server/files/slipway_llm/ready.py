# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the engine serves the model: it is alive, and names the model among those it answers for."""

from __future__ import annotations

import http.client
import json
import sys
import time

from slipway_llm.errors import HostError
from slipway_llm.settings import Settings, run

EVERY = 2.0
TIMEOUT = 5


def ask(settings: Settings, path: str) -> tuple[int, bytes]:
    """Status and body of a GET to the engine. Raises OSError or HTTPException."""
    connection = http.client.HTTPConnection("127.0.0.1", settings.engine_port, timeout=TIMEOUT)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read(4 * 1024 * 1024)
    finally:
        connection.close()


def why_not(settings: Settings) -> str:
    """Why the engine is not ready, or nothing if it is."""
    try:
        status, _body = ask(settings, "/health")
        if status != 200:
            return f"/health answers {status}"
        status, body = ask(settings, "/v1/models")
        if status != 200:
            return f"/v1/models answers {status}"
        names = [str(model["id"]) for model in json.loads(body)["data"]]
    except (OSError, http.client.HTTPException) as error:
        return f"it does not answer: {error or type(error).__name__}"
    except (ValueError, KeyError, TypeError) as error:
        return f"/v1/models is not OpenAI's list: {error}"
    # TGI names its folder, and answers to any name.
    if settings.engine == "vllm" and settings.model_name not in names:
        return f"it serves {', '.join(names) or 'no model'}, not {settings.model_name}"
    return ""


def wait(settings: Settings) -> None:
    """Until it is ready. Raises HostError after settings.ready_timeout seconds."""
    deadline = time.monotonic() + settings.ready_timeout
    while why := why_not(settings):
        if time.monotonic() + EVERY > deadline:
            raise HostError(f"{settings.engine} is not ready after {settings.ready_timeout} s: {why}")
        time.sleep(EVERY)
    print(f"{settings.engine} serves {settings.model_name}", flush=True)


if __name__ == "__main__":
    sys.exit(run("ready", wait))
