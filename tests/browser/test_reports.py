# SPDX-License-Identifier: GPL-3.0-or-later
"""The report pages in a real browser: light and dark, wide and narrow, and nothing loaded from anywhere."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils import site_report, swap_report

from tests.browser.conftest import FAINT
from tests.browser.test_application import OVERFLOW
from tests.unit.plugins.module_utils import test_site_report as site
from tests.unit.plugins.module_utils import test_swap_report as swap

SECOND = {"t": site.ZERO, "colors": {"blue": 90}, "errors": {}, "p50_ms": 1.0, "p99_ms": 2.0}
PAGES = {
    "site": site.page(seconds=[SECOND | {"t": site.ZERO + at} for at in range(12)], names={"blue": "1.0.0"}),
    "site that failed": site.page(site.FAILED),
    "swap": swap.full(),
    "swap and site": swap.full(more=site_report.parts(site.RESULT, "site", "local")),
}


@pytest.fixture(params=PAGES)
def address(request, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(PAGES[request.param], encoding="utf-8")
    return path.as_uri()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_can_be_read_and_loads_nothing(chromium, address, dark):
    page = chromium.page(dark=dark).open(address)
    assert page.problems == []
    assert [url for url in page.requests if not url.startswith(("file:", "data:"))] == []
    assert page.run(FAINT) == []
    assert (page.run("getComputedStyle(document.body).backgroundColor") == "rgb(20, 24, 31)") == dark


def test_it_fits_a_phone(chromium, address):
    assert chromium.page(width=390, height=844).open(address).run(OVERFLOW) == 0


def test_the_picture_alone_is_drawn(chromium, tmp_path):
    path = tmp_path / "swap.svg"
    path.write_text(swap_report.picture(PAGES["swap"]), encoding="utf-8")
    page = chromium.page().open(path.as_uri())
    assert page.problems == []
    assert page.run("document.querySelectorAll('text').length") > 5
