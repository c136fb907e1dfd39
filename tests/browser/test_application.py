# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped releases of the example frontend in a real browser."""

from __future__ import annotations

import pytest

from tests.browser.conftest import FAINT

BOTH = pytest.mark.parametrize("site", ["1.0.0", "2.0.0"], indirect=True, ids=lambda version: version)
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@BOTH
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_runs_under_the_roles_policy_and_can_be_read(chromium, site, request, dark):
    page = chromium.page(dark=dark).open(site.url)
    assert page.problems == []
    assert page.text(".release") == f"Release {request.node.callspec.params['site']}"
    assert page.text("footer").split("\n") == ["Environment: staging", "Backend: 1.4.2"]
    assert page.run(FAINT) == []
    background = page.run("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(16, 21, 28)") == dark


def test_a_deep_link_is_a_page_of_its_own(chromium, site):
    page = chromium.page().open(f"{site.url}/launches/do%C3%B1a-marina")
    assert (page.text("h1"), page.run("document.title")) == ("Doña Marina", "Doña Marina · Launch board")
    assert page.problems == []


def test_a_link_leads_on_without_loading_the_document_again(chromium, site):
    page = chromium.page().open(site.url)
    later = [url for url in page.requests if "tides" in url]
    page.run("window.same = true")
    page.click('nav a[href="/tides"]')
    assert later == []
    assert [url for url in page.requests if "tides-" in url and url.endswith(".js")]
    assert page.run("[window.same, location.pathname, document.activeElement.tagName]") == [True, "/tides", "H1"]
    assert page.text("h1") == "Tides"
    page.run("history.back()")
    page.rest()
    assert page.text("h1") == "Launch board"
    assert page.problems == []


def test_the_board_can_be_searched(chromium, site):
    page = chromium.page().open(site.url)
    page.run("document.querySelector('input').focus()")
    page.call("Input.insertText", text="ferry")
    assert page.run("[...document.querySelectorAll('tbody th')].map((e) => e.innerText)") == ["Bellwether"]


def test_a_page_whose_file_was_removed_offers_the_newest_release(chromium, site):
    page = chromium.page().open(site.url)
    for path in [path for path in site.files if "tides" in path]:
        del site.files[path]
    page.click('nav a[href="/tides"]')
    assert "may have been replaced" in page.text('[role="alert"]')
    assert any("404" in problem for problem in page.problems)
    page.click('nav a[href="/"]')
    assert page.text("tbody th") == "Aurora"


def test_without_configuration_and_backend_it_still_works(chromium, site):
    site.files["config.json"] = b"<!doctype html>"
    page = chromium.page().open(site.url)
    assert page.text("footer").startswith("Environment: unconfigured")
    assert page.problems == []


@pytest.mark.parametrize("path", ["/", "/launches/bellwether", "/tides", "/nowhere/at/all"])
def test_it_fits_a_phone_and_has_what_a_screen_reader_needs(chromium, site, path):
    page = chromium.page(width=360, height=740).open(f"{site.url}{path}")
    assert page.run(OVERFLOW) == 0
    counts = page.run("['h1', 'main', 'nav', 'header', 'footer'].map((e) => document.querySelectorAll(e).length)")
    assert counts == [1, 1, 1, 1, 1]
    assert page.run("[...document.images].every((e) => e.hasAttribute('alt'))")
    assert page.run("[...document.querySelectorAll('input')].every((e) => e.labels.length)")
    assert page.run("document.documentElement.lang") == "en"
