# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo's frontend: what is published, what its visitors got, and what a real browser shows."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localcloud import images
from localcloud.demo import browser, run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from localcloud.demo.run import Counted

# Relative to the checkout, in which playbooks are run: it may lie where a path has characters that -e must not have.
RELEASES = Path("examples", "web", "releases")
#: The application's page whose code is loaded only when somebody goes there.
LATER = "/tides"


def bundles(*versions: str) -> dict[str, Path]:
    """The built releases by name."""
    return {version: images.ROOT / RELEASES / version for version in versions}


class Window:
    """A browser window in which the site is open while it changes; none where there is no Chromium."""

    def __init__(self, say: Callable[[str], None]) -> None:
        #: Caption and PNG of each release.
        self.pictures: list[tuple[str, bytes]] = []
        self._say = say
        self._stack = contextlib.ExitStack()
        self._browser: browser.Browser | None = None
        self._first: browser.Page | None = None

    def __enter__(self) -> Window:
        path = browser.find()
        if path is None:
            self._say("no Chromium on this machine: no browser has looked at the site (Debian: apt install chromium)")
            return self
        try:
            self._browser = self._stack.enter_context(browser.Browser(path))
        except browser.BrowserError as error:
            self._say(f"{path} does not start: no browser has looked at the site ({error})")
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def look(self, url: str, version: str) -> None:
        """Open the site as a new visitor, who must see the release."""
        if self._browser is None:
            return
        page = self._browser.page(width=1280, height=760).open(url)
        _expect(page, version, "")
        self.pictures.append((f"Release {version}", page.screenshot()))
        self._first = self._first or page
        self._say(f"a browser shows release {version}")

    def go_on(self, version: str) -> None:
        """Whoever opened the site before the release goes on in the old one, to a page that was not loaded yet."""
        if self._first is None:
            return
        self._first.click(f'nav a[href="{LATER}"]')
        _expect(self._first, version, "Tides")
        self._say(f"the page that was open all the time still works, as release {version}")


def _expect(page: browser.Page, version: str, heading: str) -> None:
    seen = page.text(".release")
    if seen != f"Release {version}":
        raise run.StepFailedError(f"the browser shows {seen or 'no release'} instead of release {version}")
    if heading and page.text("h1") != heading:
        raise run.StepFailedError(f"the browser shows {page.text('h1')!r} instead of {heading!r}")
    if page.problems:
        raise run.StepFailedError("\n".join(["the browser had problems with the site:", *page.problems]))


def problems(counted: Counted, result: Mapping[str, Any], old: str, new: str) -> list[str]:
    """Why the demo must not end green; empty when it may."""
    summary, found = counted.summary, []
    if result.get("outcome") != "promoted":
        found.append(f"the site's outcome is {result.get('outcome')}, not promoted")
    if summary["mixed"]:
        found.append(f"{summary['mixed']} visitors got a mixture of releases: {summary['samples']}")
    if summary["failed"]:
        found.append(f"{summary['failed']} visitors missed something: {summary['samples']}")
    if set(summary["by_release"]) != {old, new}:
        found.append(f"visitors should have got {old} and {new}, and got {sorted(summary['by_release'])}")
    documents = [second["documents"] for second in counted.seconds if second["documents"]]
    if documents and set(documents[-1]) != {new}:
        found.append(f"the last visitors did not get {new}: {documents[-1]}")
    return found


def table(counted: Counted, result: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Rows of the closing table."""
    summary, told = counted.summary, result.get("invalidation") or {"paths": [], "seconds": 0.0}
    got = ", ".join(f"{name} {count:,}" for name, count in sorted(summary["by_release"].items()))
    return [
        ("visitors of the site", f"{summary['visits']:,}: {got}"),
        ("  mixed pages", f"{summary['mixed']:,}"),
        ("  missing or failed", f"{summary['failed']:,}"),
        ("  requests", f"{summary['requests']:,}, p50 {summary['p50_ms']} ms, p99 {summary['p99_ms']} ms"),
        ("site, invalidation", f"{len(told['paths'])} paths, {float(told['seconds']):.1f} s"),
        ("site, total", f"{float(result['timings']['total']):.1f} s"),
    ]
