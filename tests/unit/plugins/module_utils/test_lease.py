# SPDX-License-Identifier: GPL-3.0-or-later
"""The lease against a DynamoDB over HTTP: races, takeover, lost answers, wrong clocks."""

from __future__ import annotations

import multiprocessing
import time

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.slipway.ops.plugins.module_utils import lease
from ansible_collections.slipway.ops.plugins.module_utils.lease import Lease, LeaseHeldError, LeaseLostError, NoLease

from tests.unit.plugins.dynamo import Dynamo, Skewed, client
from tests.unit.plugins.module_utils import lease_racer


@pytest.fixture(scope="module")
def dynamo(tmp_path_factory):
    made = Dynamo(tmp_path_factory.mktemp("cloud"))
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _fresh(dynamo):
    dynamo.client.delete_table(TableName=dynamo.table)
    dynamo.create()


class Ticks:
    """A monotonic clock that the test moves; sleeping moves it, too."""

    def __init__(self):
        self.seconds = 1000.0

    def __call__(self):
        return self.seconds

    def sleep(self, seconds):
        self.seconds += seconds


def take(dynamo, owner="alice", wait=0, **options):
    said = []
    made = Lease(options.pop("client", dynamo.client), dynamo.table, "api", owner, f"https://ci/{owner}", **options)
    made.acquire(wait, said.append)
    return made, said


@pytest.fixture(scope="module")
def processes():
    """Eight, half of them ten minutes fast and half of them ten minutes slow."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([lease_racer.__name__])
    with context.Pool(8) as pool:
        yield pool


def test_eight_processes_race_and_never_two_of_them_hold_it(dynamo, processes, tmp_path):
    skews = [-600, 600] * 4
    processes.map(lease_racer.race, [(dynamo.url, str(tmp_path), skew) for skew in skews], chunksize=1)
    tokens = [int(line) for line in (tmp_path / "tokens").read_text().split()]
    assert tokens == list(range(1, 8 * lease_racer.TIMES + 1))


@pytest.mark.parametrize("skew", [-600, 600])
def test_a_wrong_clock_of_the_controller_changes_nothing(dynamo, processes, skew):
    """A lease is neither taken early nor kept from those that may have it."""
    take(dynamo, ttl=600)
    assert processes.apply(lease_racer.look_at, (dynamo.url, skew)) == {0: "held", 300: "held", 900: "took over"}
    # A minute after it was taken there, and not ten minutes to either side of that; the rest is a slow machine.
    assert 900 < int(dynamo.item("api")["expires"]["N"]) - time.time() < 1200


def test_a_second_run_is_told_who_holds_it_and_the_token_grows_also_after_the_release(dynamo):
    first, _ = take(dynamo)
    with pytest.raises(LeaseHeldError, match=r"^alice \(https://ci/alice\) holds the lease of api until .* token 1$"):
        take(dynamo, "bob")
    with pytest.raises(LeaseHeldError):  # two runs of one person differ
        take(dynamo, "alice")
    first.confirm()
    first.release()
    assert set(dynamo.item("api")) == {"service", "item", "token"}
    second, said = take(dynamo, "bob")
    assert (first.token, second.token, said) == (0, 2, [])
    with pytest.raises(LeaseLostError, match="bob"):
        Lease.confirm(first)


def test_waiting_says_who_holds_it_and_ends_when_it_is_free(dynamo):
    first, _ = take(dynamo)
    said = []
    waiting = Lease(dynamo.client, dynamo.table, "api", "bob", sleep=lambda _seconds: first.release())
    waiting.acquire(30, said.append)
    assert (waiting.token, said) == (2, ["waiting: alice (https://ci/alice) holds the lease of api"])
    assert waiting.holder() is None
    assert "bob (run " in first.holder()


def test_an_expired_lease_is_taken_over_with_a_message_and_its_owner_learns_it(dynamo):
    first, _ = take(dynamo, ttl=60)
    later = Skewed(dynamo.client, 61.0)
    second, said = take(dynamo, "bob", client=later)
    assert second.token == 2
    assert said[0].startswith("took over the lease of api, which alice (https://ci/alice) held with token 1 and which")
    with pytest.raises(LeaseLostError, match=r"bob \(https://ci/bob\) has it now with token 2"):
        first.confirm()
    first.release()
    second.confirm()


def test_a_write_whose_answer_gets_lost_is_adopted(dynamo):
    """botocore asks again, and the second try meets what the first one did."""
    dynamo.lose_answer("UpdateItem")
    first, said = take(dynamo)
    assert (first.token, said, dynamo.lost()) == (1, [], True)
    dynamo.lose_answer("UpdateItem")
    first.confirm()
    assert dynamo.lost()
    dynamo.lose_answer("UpdateItem")
    first.release()
    assert dynamo.lost()
    assert "run_id" not in dynamo.item("api")
    assert take(dynamo, "bob")[0].token == 2


def test_a_renewal_that_fails_is_told_and_tried_again(dynamo):
    ticks = Ticks()
    first, said = take(dynamo, ttl=60, monotonic=ticks)
    before = dynamo.item("api")["expires"]
    ticks.seconds += 19
    first.keep()
    assert dynamo.item("api")["expires"] == before
    ticks.seconds += 2
    first.client = client("dynamodb", "http://127.0.0.1:9", retries={"total_max_attempts": 1})
    first.keep()
    assert "the lease was not renewed, trying again" in said[0]
    with pytest.raises(AnsibleAWSError):
        first.confirm()
    first.lenient = True
    first.confirm()
    assert "going on without a proof of the lease" in said.pop()
    first.client = dynamo.client
    first.keep()
    assert dynamo.item("api")["expires"] != before
    first.client = client("dynamodb", "http://127.0.0.1:9", retries={"total_max_attempts": 1})
    first.release()
    assert "runs out within 60 s" in said[1]


def test_a_machine_that_slept_renews_by_the_date_it_wakes_up_at(dynamo):
    """The monotonic clock stood still for ten minutes, and nobody wanted the lease meanwhile."""
    clock = Skewed(dynamo.client)
    first, _ = take(dynamo, client=clock)
    clock.seconds = 600
    first.confirm()
    assert int(dynamo.item("api")["expires"]["N"]) > time.time() + 600


def test_what_cannot_be_is_said(dynamo):
    with pytest.raises(LeaseHeldError, match=r"^the release store elsewhere does not exist: run site.yml first$"):
        Lease(dynamo.client, "elsewhere", "api", "alice").acquire(0, print)
    with pytest.raises(AnsibleAWSError, match="no Date header"):
        lease.Clock().read({"ResponseMetadata": {"HTTPHeaders": {}}})
    assert "@" in lease.default_owner()


def test_without_a_store_nothing_is_asked():
    nothing = NoLease()
    nothing.acquire(0, print)
    nothing.confirm()
    nothing.keep()
    nothing.release()
    assert (nothing.holder(), nothing.token) == (None, 0)
