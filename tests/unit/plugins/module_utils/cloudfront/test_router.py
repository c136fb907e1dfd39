# SPDX-License-Identifier: GPL-3.0-or-later
"""The function at the edge, run by an engine: which paths get the application's document."""

from __future__ import annotations

import json

import pytest

from localcloud.edge.functions import Runner
from tests.unit.plugins.module_utils.cloudfront.site_example import ROLE

SOURCE = (ROLE / "files" / "router.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def router():
    return Runner(SOURCE)


@pytest.mark.parametrize(
    ("uri", "served"),
    [
        ("/", "/index.html"),
        ("/index.html", "/index.html"),
        ("/orders/17", "/index.html"),
        ("/orders/", "/index.html"),
        ("/v1.2/notes", "/index.html"),
        ("/apis", "/index.html"),
        ("/assets", "/index.html"),
        # Files, there or not: what is missing stays missing.
        ("/robots.txt", "/robots.txt"),
        ("/locales/de.json", "/locales/de.json"),
        ("/users/john.doe", "/users/john.doe"),
        # Not the application's.
        ("/.well-known/apple-app-site-association", "/.well-known/apple-app-site-association"),
        ("/api", "/api"),
        ("/api/", "/api/"),
        ("/api/orders/17", "/api/orders/17"),
    ],
)
def test_which_path_gets_what(router, uri, served):
    request = {"method": "GET", "uri": uri, "querystring": {"a": {"value": "1"}}, "headers": {}, "cookies": {}}
    event = {"version": "1.0", "context": {"eventType": "viewer-request"}, "viewer": {}, "request": request}
    assert json.loads(router.run(json.dumps(event))) == {**request, "uri": served}


def test_it_is_small_enough():
    """10 KB (CloudFront quotas, functions)."""
    assert len(SOURCE.encode()) < 10 * 1024
