# SPDX-License-Identifier: GPL-3.0-or-later
"""cloudfront_invalidate as Ansible runs it, against the local cloud's CloudFront over HTTP."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
import yaml
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.ops.plugins.modules import cloudfront_invalidate

from tests.unit.plugins.cloudfront_cloud import CloudFrontCloud
from tests.unit.plugins.modules.aws_harness import run


@pytest.fixture(scope="module")
def running_cloud(tmp_path_factory):
    cloud = CloudFrontCloud(tmp_path_factory.mktemp("cloudfront"))
    cloud.start()
    yield cloud
    cloud.stop()


@pytest.fixture
def cloud(running_cloud, monkeypatch):
    running_cloud.delay = 0.0
    running_cloud.distribution = running_cloud.create()
    running_cloud.forget_calls()
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setattr(AnsibleAWSModule, "client", lambda _module, _name: running_cloud.client)
    yield running_cloud
    running_cloud.fault()


@pytest.fixture
def invalidate(cloud, capsys):
    def call(check=False, **arguments):
        return run(
            cloudfront_invalidate.main, capsys, check=check, **{"distribution_id": cloud.distribution, **arguments}
        )

    return call


def test_what_changed_is_invalidated_and_waited_for(cloud, invalidate):
    cloud.delay = 0.5
    found = invalidate(changed=["index.html", "a b.txt", "assets/app-B1x9Yz82.js"])
    assert (found["changed"], found["status"], found["adopted"]) == (True, "Completed", False)
    assert found["paths"] == cloud.paths_of(found["invalidation_id"]) == ["/", "/a%20b.txt", "/index.html"]
    assert found["price"]["at_most"] == 0.015
    assert found["diff"]["after"] == "/\n/a%20b.txt\n/index.html\n"
    assert found["seconds"] > 1


def test_without_wait_it_goes_on(cloud, invalidate):
    cloud.delay = 60
    found = invalidate(paths=["/docs/*", "/docs/a.html"], wait=False)
    assert (found["changed"], found["status"], found["paths"]) == (True, "InProgress", ["/docs/*"])


def test_only_immutable_objects_need_nothing(cloud, invalidate):
    found = invalidate(changed=["assets/app-B1x9Yz82.js"])
    assert (found["changed"], found["invalidation_id"], found["text"]) == (False, "", "nothing to invalidate")
    assert (cloud.listed(), cloud.calls("CreateInvalidation")) == ([], 0)


@pytest.mark.parametrize("reference", [None, "import-7"])
def test_check_mode_promises_what_the_run_does_and_invalidates_nothing(cloud, invalidate, reference):
    given = {"changed": ["index.html"], "reference": reference}
    promised = invalidate(check=True, **given)
    assert (cloud.calls("CreateInvalidation"), promised["invalidation_id"]) == (0, "")
    done = invalidate(**given)
    for name in ("changed", "paths", "caller_reference", "price", "diff"):
        assert promised[name] == done[name]


def test_a_reference_makes_a_repetition_no_change(cloud, invalidate):
    given = {"changed": ["index.html"], "reference": "import-7"}
    first, promised, again = invalidate(**given), invalidate(check=True, **given), invalidate(**given)
    assert (first["changed"], promised["changed"], again["changed"], again["adopted"]) == (True, False, False, True)
    assert first["invalidation_id"] == promised["invalidation_id"] == again["invalidation_id"]
    clash = invalidate(changed=["other.html"], reference="import-7")
    assert clash["failed"]
    assert "give another reference" in clash["msg"]
    assert invalidate(check=True, changed=["other.html"], reference="import-7")["failed"]


def test_without_a_reference_each_run_clears_anew(cloud, invalidate):
    """A to B to A: the second A must not be answered with the invalidation of the first."""
    runs = [invalidate(changed=["index.html"]) for _ in range(3)]
    assert len({one["invalidation_id"] for one in runs}) == len({one["caller_reference"] for one in runs}) == 3
    assert all(one["changed"] for one in runs)


def test_a_lost_answer_makes_no_second_one(cloud, invalidate, monkeypatch):
    monkeypatch.setattr(cloudfront_invalidate.Pace, "rest", lambda *_: None)
    cloud.fault({"operation": "CreateInvalidation", "kind": "lost"})
    found = invalidate(changed=["index.html"])
    assert (found["changed"], cloud.listed()) == (True, [found["invalidation_id"]])


def test_one_in_progress_that_is_younger_than_the_change_is_waited_for(cloud, invalidate):
    cloud.delay = 1.0
    other = cloud.invalidate("/*")
    before = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    found = invalidate(changed=["index.html"], since=before)
    assert (found["invalidation_id"], found["changed"], found["status"]) == (other, False, "Completed")


def test_the_timeout_fails_and_tells_how_to_go_on(cloud, invalidate, monkeypatch):
    monkeypatch.setattr(cloudfront_invalidate.Pace, "rest", lambda *_: None)
    cloud.delay = 60
    found = invalidate(changed=["index.html"], timeout=0)
    assert found["failed"]
    assert f"aws cloudfront wait invalidation-completed --distribution-id {cloud.distribution}" in found["msg"]
    assert (found["changed"], found["status"], [found["invalidation_id"]]) == (True, "InProgress", cloud.listed())


def test_others_in_progress_leave_fewer_wildcards(cloud, invalidate):
    cloud.delay = 60
    for number in range(14):
        cloud.invalidate(f"/x{number}/*", reference=f"other {number}")
    many = [f"{folder}/{number}.html" for folder in "ab" for number in range(20)]
    assert invalidate(changed=many, wait=False)["paths"] == ["/*"]


def test_tags_need_the_opt_in(cloud, invalidate):
    refused = invalidate(tags=["slipway-site"])
    assert refused["failed"]
    assert "has not opted in to cache tags" in refused["msg"]
    cloud.distribution = cloud.create(CacheTagConfig={"HeaderName": "x-amz-meta-cache-tag"})
    found = invalidate(tags=["Slipway-Site"], distribution_id=cloud.distribution)
    assert (found["paths"], found["changed"]) == (["#slipway-site"], True)


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ({"paths": ["index.html", "/a b"]}, "'index.html': a path starts with a slash (and 1 more"),
        ({"changed": ["/index.html"]}, "a key has no slash before it"),
        ({"tags": ["a b"]}, "is no cache tag"),
        ({"changed": ["a"], "budget": 0}, "budget 0: from 1 to 3000"),
        ({"changed": ["a"], "since": "yesterday"}, "since 'yesterday' is no time"),
        ({}, "one of the following is required"),
        ({"changed": ["a"], "tags": ["b"]}, "mutually exclusive"),
        ({"changed": ["a"], "distribution_id": "ENOSUCH"}, "read distribution ENOSUCH"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_one_line(cloud, invalidate, arguments, part):
    found = invalidate(**arguments)
    assert found["failed"]
    assert part in found["msg"]
    assert cloud.calls("CreateInvalidation") == 0


@pytest.mark.parametrize(
    ("since", "seconds"),
    [(None, None), ("", None), ("1970-01-01T00:01:00Z", 60.0), ("1970-01-01T00:01:00", 60.0)],
)
def test_a_time_without_zone_is_utc(since, seconds):
    assert cloudfront_invalidate.seconds_of(since) == seconds


def test_the_examples_run(cloud, invalidate):
    cloud.distribution = cloud.create(CacheTagConfig={"HeaderName": "x-amz-meta-cache-tag"})
    values = {"{{ import.changed_keys }}": ["index.html"], "import-{{ import.number }}": "import-1"}
    for task in yaml.safe_load(cloudfront_invalidate.EXAMPLES):
        given = {key: values.get(str(value), value) for key, value in task["slipway.ops.cloudfront_invalidate"].items()}
        found = invalidate(**{**given, "distribution_id": cloud.distribution})
        assert (found["changed"], found.get("failed")) == (True, None), task["name"]


def test_the_progress_tells_price_id_status_and_time(cloud, invalidate, tmp_path):
    cloud.delay = 0.5
    path = tmp_path / "progress"
    found = invalidate(changed=["index.html"], progress_file=str(path))
    told = [json.loads(line)["text"] for line in path.read_text().splitlines()]
    assert told[0] == "/, /index.html (2 paths, each for itself)"
    assert told[1].startswith("2 paths: free within the account's first 1000 of the month")
    assert told[2] == f"{found['invalidation_id']} InProgress: created"
    assert told[-1] == f"{found['invalidation_id']} Completed after 1 s"
