# SPDX-License-Identifier: GPL-3.0-or-later
"""Real credentials stay away from this machine's endpoints, and the local cloud's from everybody else's."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.endpoint_plan import (
    access,
    access_problem,
    host_of,
    is_here,
)

REAL, SESSION = "AKIA" + "Q2R7WXYZABCDEFGH", "ASIA" + "Q2R7WXYZABCDEFGH"
LOCAL, LOCAL_SESSION = "AKIASLIPWAYLOCAL2222", "ASIASLIPWAYLOCALQ2R7WXYZ"
AWS, HERE = "https://sts.us-east-1.amazonaws.com", "http://127.20.0.1:4566"
ATLAS_HERE = {"SLIPWAY_ATLAS_URL": "http://127.20.0.2:8080"}
LOCAL_ATLAS = {"MONGODB_ATLAS_CLIENT_SECRET": "mdb_sa_sk_not-a-secret-of-the-local-atlas-111111111111"}
REAL_ATLAS = {"MONGODB_ATLAS_CLIENT_SECRET": "mdb_sa_sk_" + "Ab3" * 9}
REAL_KEY = {"MONGODB_ATLAS_PRIVATE_API_KEY": "01234567-89ab-cdef-0123-456789abcdef"}
CROSSED_LOCAL = "the credentials are the local cloud's, and "
CROSSED_REAL = "the credentials look like real ones, and "


@pytest.mark.parametrize(
    ("key", "endpoint", "environ", "said"),
    [
        pytest.param(REAL, AWS, {}, "", id="real to AWS"),
        pytest.param(SESSION, AWS, REAL_ATLAS, "", id="real session to AWS and Atlas"),
        pytest.param(LOCAL, HERE, {}, "", id="local to the local cloud"),
        pytest.param(LOCAL_SESSION, HERE, LOCAL_ATLAS | ATLAS_HERE, "", id="local session, local Atlas"),
        pytest.param("testing", HERE, {}, "", id="a stub's key to another emulator"),
        pytest.param("testing", AWS, {}, "", id="a stub's key to AWS, which refuses it"),
        pytest.param(REAL, HERE, {}, f"AWS: {CROSSED_REAL}127.20.0.1", id="real to loopback"),
        pytest.param(SESSION, "http://localhost:4566", {}, f"AWS: {CROSSED_REAL}localhost", id="session to localhost"),
        pytest.param(REAL, "http://[::1]:1", {}, f"AWS: {CROSSED_REAL}::1", id="real to IPv6 loopback"),
        pytest.param(LOCAL, AWS, {}, f"AWS: {CROSSED_LOCAL}sts.us-east-1.amazonaws.com", id="local to AWS"),
        pytest.param(LOCAL_SESSION, AWS, {}, f"AWS: {CROSSED_LOCAL}sts.us", id="local session to AWS"),
        pytest.param(
            REAL, AWS, {"AWS_ENDPOINT_URL_S3": HERE}, f"AWS: {CROSSED_REAL}127.20.0.1", id="one service's endpoint here"
        ),
        pytest.param(
            LOCAL,
            HERE,
            {"AWS_ENDPOINT_URL_S3": "https://s3.amazonaws.com"},
            "s3.amazonaws.com",
            id="one service's away",
        ),
        pytest.param(REAL, AWS, {"AWS_ENDPOINT_URL": ""}, "", id="an empty endpoint is none"),
        pytest.param(
            REAL,
            AWS,
            {"AWS_ENDPOINT_URL_S3": HERE, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
            "",
            id="endpoints that boto3 is told to ignore",
        ),
        pytest.param(LOCAL, HERE, LOCAL_ATLAS, f"Atlas: {CROSSED_LOCAL}cloud.mongodb.com", id="local Atlas key away"),
        pytest.param(LOCAL, HERE, REAL_ATLAS | ATLAS_HERE, f"Atlas: {CROSSED_REAL}127.20.0.2", id="real Atlas, here"),
        pytest.param(LOCAL, HERE, REAL_KEY | ATLAS_HERE, f"Atlas: {CROSSED_REAL}127.20.0.2", id="real API key, here"),
        pytest.param(LOCAL, HERE, REAL_ATLAS, "AWS is asked at 127.20.0.1 and Atlas at cloud", id="only AWS is local"),
        pytest.param(
            REAL, AWS, LOCAL_ATLAS | ATLAS_HERE, "AWS is asked at sts.us-east-1.amazonaws.com", id="only Atlas is local"
        ),
    ],
)
def test_credentials_and_endpoints_belong_together(key, endpoint, environ, said):
    problem = access_problem(access(key, endpoint, environ))
    assert said in problem
    assert bool(said) == bool(problem)
    for secret in (key, *LOCAL_ATLAS.values(), *REAL_ATLAS.values(), *REAL_KEY.values()):
        assert secret not in problem
    assert "\n" not in problem


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("127.0.0.1", True),
        ("127.250.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("s3.localhost", True),
        ("localhost.example.com", False),
        ("127.0.0.1.example.com", False),
        ("10.0.0.1", False),
        ("sts.amazonaws.com", False),
    ],
)
def test_loopback(host, here):
    assert is_here(host) is here


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://user:secret@sts.amazonaws.com/x", "sts.amazonaws.com"),
        ("not a url", "a URL without a host"),
        ("http://[broken", "a URL without a host"),
    ],
)
def test_a_host_is_shown_without_what_may_be_secret(url, host):
    assert host_of(url) == host
