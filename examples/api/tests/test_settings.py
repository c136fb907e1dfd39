# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings: defaults, what is taken from the environment, and what stops the start."""

from __future__ import annotations

import pytest
from service import settings


def test_defaults():
    given = settings.read({})
    assert (given.host, given.port, given.color, given.digest) == ("0.0.0.0", 8080, "none", "unknown")
    assert given.bucket is None
    assert given.providers == {}


def test_everything_set():
    given = settings.read(
        {
            "HOST": "127.0.0.9",
            "PORT": "9",
            "SLIPWAY_COLOR": "green",
            "SLIPWAY_IMAGE_DIGEST": "sha256:1",
            "BUCKET": "b",
            "GRACE_SECONDS": "0",
            "OPEN_AI_BASE_URL": "https://api.example.com/v1",
            "OPEN_AI_API_KEY": "k-1",
        }
    )
    assert (given.host, given.port, given.color, given.grace) == ("127.0.0.9", 9, "green", 0)
    assert set(given.providers) == {"open-ai"}
    assert given.providers["open-ai"].api_key == "k-1"


def test_the_key_is_in_no_repr():
    given = settings.read({"A_BASE_URL": "https://a.example", "A_API_KEY": "k-secret"})
    assert "k-secret" not in repr(given)


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"PORT": "0"}, "PORT must be a whole number from 1 to 65535"),
        ({"PORT": "65536"}, "PORT"),
        ({"PORT": "٣"}, "PORT"),
        ({"PORT": "-1"}, "PORT"),
        ({"GRACE_SECONDS": "1.5"}, "GRACE_SECONDS"),
        ({"A_BASE_URL": "https://a.example"}, "A_API_KEY must be set"),
        ({"A_BASE_URL": "https://a.example", "A_API_KEY": "k\nX-Evil: 1"}, "A_API_KEY must be set, in one line"),
        ({"A_BASE_URL": "http://a.example", "A_API_KEY": "k"}, "must be https"),
        ({"A_BASE_URL": "http://169.254.169.254/", "A_API_KEY": "k"}, "must be https"),
        ({"A_BASE_URL": "http://127.0.0.1.example/", "A_API_KEY": "k"}, "must be https"),
        ({"A_BASE_URL": "ftp://a.example", "A_API_KEY": "k"}, "must be https"),
        ({"A_BASE_URL": "https://user:pw@a.example", "A_API_KEY": "k"}, "without user"),
        ({"A_BASE_URL": "https://a.example?x=1", "A_API_KEY": "k"}, "without user, query"),
        ({"A_BASE_URL": "a.example", "A_API_KEY": "k"}, "must be"),
        ({"A_BASE_URL": "https://a.example:port", "A_API_KEY": "k"}, "is not a URL"),
        ({"A_BASE_URL": "http://a.internal", "A_FALLBACK": "b"}, "the fallback of provider a must be another one"),
        ({"A_BASE_URL": "http://a.internal", "A_FALLBACK": "a"}, "the fallback of provider a must be another one"),
    ],
)
def test_refused(environ, said):
    with pytest.raises(settings.SettingsError, match=said) as refused:
        settings.read(environ)
    assert "\n" not in str(refused.value)
    assert "X-Evil" not in str(refused.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "[::1]", "localhost"])
def test_plain_http_is_for_loopback(host):
    given = settings.read({"A_BASE_URL": f"http://{host}:1/", "A_API_KEY": "k"})
    assert "a" in given.providers


def test_a_model_of_ones_own_needs_no_key_and_may_have_a_fallback():
    own = {"LLM_BASE_URL": "http://llm.slipway-local.internal/v1", "LLM_FALLBACK": "open-ai"}
    theirs = {"OPEN_AI_BASE_URL": "https://api.example.com/v1", "OPEN_AI_API_KEY": "k-1"}
    found = settings.read(own | theirs).providers
    assert (found["llm"].api_key, found["llm"].fallback, found["open-ai"].fallback) == ("", "open-ai", "")
