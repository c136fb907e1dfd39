# SPDX-License-Identifier: GPL-3.0-or-later
"""Many pipelines write their records at once, and answers of AWS get lost: no record does, and none is there twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request

import pytest

from localcloud.demo import run
from tests.pipelines import shop, writer
from tests.pipelines.act import ROOT

TABLE = "slipway-production-releases"
WRITERS, COUNT = 4, 40
# Of the calls that write, by their number: written, and never answered; or refused for too many at once.
FAULTS = [
    *({"kind": "lost", "index": index, "count": 3} for index in (5, 40, 90)),
    *({"kind": "throttle", "index": index, "count": 4} for index in (20, 70, 120)),
]


@pytest.fixture(scope="module")
def written(made):
    """Ids that the writers were told are written, and the faults that struck them."""
    env = run.environment(made.state, "production") | {"TABLE": TABLE}
    env["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "collections")])
    admin = f"{env['AWS_ENDPOINT_URL']}/_localcloud/faults"
    rules = [rule | {"service": "dynamodb", "operation": "PutItem"} for rule in FAULTS]
    urllib.request.urlopen(urllib.request.Request(admin, json.dumps({"rules": rules}).encode(), method="PUT"))
    command = [sys.executable, "-m", "tests.pipelines.writer"]
    processes = [
        subprocess.Popen([*command, str(number), str(COUNT)], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)
        for number in range(WRITERS)
    ]
    told = [process.communicate()[0].split("\n") for process in processes]
    with urllib.request.urlopen(admin) as answer:
        struck = sum(rule["struck"] for rule in json.load(answer)["rules"])
    urllib.request.urlopen(urllib.request.Request(admin, method="DELETE"))
    assert [process.returncode for process in processes] == [0] * WRITERS
    return [line for lines in told for line in lines if line], struck


def test_none_is_lost_and_none_is_there_twice(made, written):
    told, struck = written
    found = shop.records(made, "production", writer.SERVICE)
    assert len(told) == len(set(told)) == WRITERS * COUNT
    assert sorted(record["id"] for record in found) == sorted(told)
    assert struck == sum(rule["count"] for rule in FAULTS)
    print(f"{len(found)} records of {WRITERS} writers, {struck} calls struck, 0 lost")


def test_none_can_be_changed(made):
    kept = shop.records(made, "production", writer.SERVICE)[0]
    client = made.client("production", "dynamodb")
    changed = writer.put_request(TABLE, kept | {"outcome": "failed"})
    assert writer.releases.put(client, changed) is False
    assert shop.records(made, "production", writer.SERVICE)[0] == kept
