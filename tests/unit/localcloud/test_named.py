# SPDX-License-Identifier: GPL-3.0-or-later
"""What the log of calls keeps of a request."""

from __future__ import annotations

import json

import pytest

from localcloud.control.named import named


def environ(path="/", query=""):
    return {"PATH_INFO": path, "QUERY_STRING": query}


@pytest.mark.parametrize(
    ("protocol", "request_environ", "body", "found"),
    [
        (
            "json",
            environ(),
            json.dumps({"tags": [{"key": "a"}], "cluster": "c", "tasks": ["t"], "desiredCount": 2, "none": None}),
            {"cluster": "c", "desiredCount": "2", "tasks.0": "t", "tags.0.key": "a"},
        ),
        ("json", environ(), json.dumps({"a": {"b": {"c": {"d": "deep"}}}, "n": "x" * 257}), {}),
        ("json", environ(), json.dumps({"SecretId": "s", "SecretString": "hidden"}), {"SecretId": "s"}),
        ("json", environ(), "no JSON", {}),
        ("json", environ(), '"text"', {"": "text"}),
        ("query", environ(), "Action=GetRole&RoleName=a%2Fb", {"Action": "GetRole", "RoleName": "a/b"}),
        ("ec2", environ("/", "Action=DescribeVpcs"), "", {"Action": "DescribeVpcs"}),
        (
            "rest",
            environ("/bucket/site/a b", "list-type=2&prefix="),
            "",
            {"path": "/bucket/site/a b", "list-type": "2", "prefix": ""},
        ),
        (
            "rest",
            environ("/schedules/report") | {"CONTENT_TYPE": "application/json"},
            json.dumps({"GroupName": "g", "path": "no", "Target": {"RoleArn": "r"}}),
            {"path": "/schedules/report", "GroupName": "g", "Target.RoleArn": "r"},
        ),
        ("cbor", environ(), "", {}),
        ("query", environ(), "&".join(f"n{i}={i}" for i in range(30)), {f"n{i}": str(i) for i in range(24)}),
    ],
    ids=[
        "shallow-first",
        "deep-or-long",
        "secret",
        "broken",
        "scalar",
        "query",
        "ec2",
        "rest",
        "rest-json",
        "cbor",
        "many",
    ],
)
def test_the_names_of_a_request(protocol, request_environ, body, found):
    assert named(protocol, request_environ, body.encode()) == found
