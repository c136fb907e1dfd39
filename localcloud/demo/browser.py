# SPDX-License-Identifier: GPL-3.0-or-later
"""A real headless Chromium, driven over its own DevTools protocol through two pipes: no driver program, no package.

The protocol is Chromium's (chromedevtools.github.io/devtools-protocol, domains Page, Runtime, Network, Log, Emulation):
JSON messages that a zero byte ends, on file descriptors 3 and 4 of a Chromium with --remote-debugging-pipe.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
FLAGS = (
    "--headless",
    # Its sandbox needs user namespaces, which containers and root do not have; what it opens here is our own.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
# Puts the pipes where Chromium looks for them; subprocess can only hand on a descriptor under its own number.
# Both are copied to high numbers first, so that neither is overwritten by the other.
_SHIM = """
import fcntl, os, sys
high = [fcntl.fcntl(int(each), fcntl.F_DUPFD, 64) for each in sys.argv[1:3]]
os.dup2(high[0], 3), os.dup2(high[1], 4), os.close(high[0]), os.close(high[1])
os.execv(sys.argv[3], sys.argv[3:])
"""
# Seconds for one answer, and for a page: a cold start on a busy machine takes most of that.
LIMIT = 40.0
# A page is at rest when for so long nothing was asked for.
QUIET = 0.3


class BrowserError(Exception):
    """Chromium did not do what it was asked; the message says what."""


def find() -> str | None:
    """The path of a Chromium, or None where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Browser:
    """One Chromium with a profile of its own, between `with` and the end of its block."""

    def __init__(self, path: str) -> None:
        self._profile = tempfile.mkdtemp(prefix="slipway-chromium-")
        theirs, self._write = os.pipe()
        self._read, reply = os.pipe()
        command = [path, *FLAGS, f"--user-data-dir={self._profile}", "about:blank"]
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SHIM, str(theirs), str(reply), *command],
            pass_fds=(theirs, reply),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(theirs)
        os.close(reply)
        self._buffer = b""
        self._count = 0
        self._answers: dict[int, dict[str, Any]] = {}
        self._pages: dict[str, Page] = {}

    def page(self, *, dark: bool = False, width: int = 1280, height: int = 800) -> Page:
        """A new page in a profile of its own (no cache or storage of the pages before)."""
        context = self.call("Target.createBrowserContext")["browserContextId"]
        target = self.call("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = self._pages[session] = Page(self, session)
        for domain in ("Page", "Runtime", "Network", "Log"):
            page.call(f"{domain}.enable")
        page.call("Page.setLifecycleEventsEnabled", enabled=True)
        page.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = "dark" if dark else "light"
        page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        return page

    def call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """One command and its answer; raises BrowserError."""
        self._count += 1
        number = self._count
        message = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        try:
            os.write(self._write, json.dumps(message).encode() + b"\0")
        except BrokenPipeError as error:
            raise BrowserError(f"Chromium ended (exit status {self._process.wait(timeout=10)})") from error
        self.until(lambda: number in self._answers, f"an answer to {method}")
        answer = self._answers.pop(number)
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error'].get('message')}")
        result: dict[str, Any] = answer["result"]
        return result

    def until(self, met: Callable[[], bool], what: str, limit: float = LIMIT) -> None:
        """Take in what Chromium tells until MET; raises BrowserError with WHAT after LIMIT seconds."""
        end = time.monotonic() + limit
        while not met():
            if time.monotonic() > end:
                raise BrowserError(f"Chromium gave no {what} within {limit:g} s")
            self._take(0.05)

    def _take(self, wait: float) -> None:
        if not select.select([self._read], [], [], wait)[0]:
            return
        data = os.read(self._read, 1 << 20)
        if not data:
            raise BrowserError(f"Chromium ended (exit status {self._process.wait(timeout=10)})")
        *whole, self._buffer = (self._buffer + data).split(b"\0")
        for text in whole:
            message = json.loads(text)
            if "id" in message:
                self._answers[message["id"]] = message
            elif page := self._pages.get(message.get("sessionId", "")):
                page.heard(message["method"], message["params"])

    def __enter__(self) -> Self:
        """Raises BrowserError when it does not start."""
        try:
            self.call("Browser.getVersion")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._write)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)
        # Its helpers, which are of its session and may outlive it, would write into the profile again.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._read)
        shutil.rmtree(self._profile, ignore_errors=True)


class Page:
    """A page. `problems` has what went wrong on it: failed requests, exceptions, errors of the console and the CSP."""

    def __init__(self, browser: Browser, session: str) -> None:
        self.problems: list[str] = []
        #: Path -> status of each request that the page made, the last one's.
        self.requests: dict[str, int] = {}
        self._browser, self._session = browser, session
        self._loaded: set[str] = set()
        self._flying: set[str] = set()
        self._last = 0.0
        self._urls: dict[str, str] = {}

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """A command for this page."""
        return self._browser.call(method, self._session, **parameters)

    def open(self, url: str) -> Self:
        """Go to URL and wait until it is loaded and at rest."""
        begun = self.call("Page.navigate", url=url)
        if failed := begun.get("errorText"):
            raise BrowserError(f"{url}: {failed}")
        # Of this very document: the one before may still be about to tell that it is loaded.
        self._browser.until(lambda: begun["loaderId"] in self._loaded, f"load event of {url}")
        return self.rest()

    def rest(self) -> Self:
        """Wait until the page asks for nothing more, and has done what it had to do."""
        self._last = time.monotonic()
        self._browser.until(lambda: not self._flying and time.monotonic() - self._last > QUIET, "quiet page")
        self.run("new Promise((done) => setTimeout(done))")
        return self

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression, of its promise where it is one."""
        found = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in found:
            raise BrowserError(f"{script}: {found['exceptionDetails'].get('exception', {}).get('description')}")
        return found["result"].get("value")

    def text(self, selector: str = "body") -> str:
        """The text that is seen of an element; empty when there is no such element."""
        return str(self.run(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''"))

    def click(self, selector: str) -> Self:
        """Click an element, and wait for what that asks for."""
        self.run(f"document.querySelector({json.dumps(selector)}).click()")
        return self.rest()

    def screenshot(self, *, whole: bool = False) -> bytes:
        """What is seen, as PNG; with WHOLE all of the page."""
        found = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole, **self._clip(whole))
        return base64.b64decode(found["data"])

    def _clip(self, whole: bool) -> dict[str, Any]:
        if not whole:
            return {}
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        return {"clip": {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}}

    def heard(self, method: str, given: dict[str, Any]) -> None:
        """Take in an event of this page."""
        if take := _EVENTS.get(method):
            take(self, given)

    def _lived(self, given: dict[str, Any]) -> None:
        if given["name"] == "load":
            self._loaded.add(given["loaderId"])

    def _asked(self, given: dict[str, Any]) -> None:
        self._flying.add(given["requestId"])
        self._urls[given["requestId"]] = given["request"]["url"]
        self._last = time.monotonic()

    def _answered(self, given: dict[str, Any]) -> None:
        self.requests[given["response"]["url"]] = given["response"]["status"]

    def _landed(self, given: dict[str, Any]) -> None:
        self._flying.discard(given["requestId"])
        self._last = time.monotonic()

    def _lost(self, given: dict[str, Any]) -> None:
        self._landed(given)
        if not given.get("canceled"):
            self.problems.append(f"{self._urls.get(given['requestId'], '?')}: {given['errorText']}")

    def _threw(self, given: dict[str, Any]) -> None:
        details = given["exceptionDetails"]
        self.problems.append(f"exception: {details.get('exception', {}).get('description', details.get('text'))}")

    def _logged(self, given: dict[str, Any]) -> None:
        entry = given["entry"]
        if entry["level"] == "error":
            self.problems.append(f"{entry['source']}: {entry['text']} {entry.get('url', '')}".strip())


_EVENTS: dict[str, Callable[[Page, dict[str, Any]], None]] = {
    "Page.lifecycleEvent": Page._lived,  # noqa: SLF001 - its own
    "Network.requestWillBeSent": Page._asked,  # noqa: SLF001
    "Network.responseReceived": Page._answered,  # noqa: SLF001
    "Network.loadingFinished": Page._landed,  # noqa: SLF001
    "Network.loadingFailed": Page._lost,  # noqa: SLF001
    "Runtime.exceptionThrown": Page._threw,  # noqa: SLF001
    "Log.entryAdded": Page._logged,  # noqa: SLF001
}
