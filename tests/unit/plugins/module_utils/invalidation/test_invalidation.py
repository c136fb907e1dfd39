# SPDX-License-Identifier: GPL-3.0-or-later
"""An invalidation is made once, whatever happens to the answers, and waited for; against the local cloud."""

from __future__ import annotations

import itertools
import time

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.slipway.ops.plugins.module_utils.invalidation import invalidation as made
from ansible_collections.slipway.ops.plugins.module_utils.invalidation import observe
from moto.cloudfront.models import cloudfront_backends

from localcloud.mends.cloudfront.store import store_of
from tests.unit.plugins.cloudfront_cloud import CloudFrontCloud


@pytest.fixture(scope="module")
def running_cloud(tmp_path_factory):
    cloud = CloudFrontCloud(tmp_path_factory.mktemp("cloudfront"))
    cloud.start()
    yield cloud
    cloud.stop()


@pytest.fixture
def cloud(running_cloud):
    """The cloud with a distribution of the test's own."""
    running_cloud.delay = 0.0
    running_cloud.distribution = running_cloud.create()
    running_cloud.forget_calls()
    yield running_cloud
    running_cloud.fault()


class Told:
    """A pace whose time passes only by its pauses, and what it said."""

    def __init__(self, seconds=60.0, on_pause=lambda: None):
        self.lines, self.now, self.pauses, self._on_pause = [], 0.0, [], on_pause
        self.pace = made.Pace(
            self.lines.append, seconds, "run site_release again", pause=self._pause, clock=lambda: self.now
        )

    def _pause(self, seconds):
        self.pauses.append(seconds)
        self.now += seconds
        self._on_pause()


def invalidate(cloud, items, reference="r1", told=None, **more):
    return made.invalidate(cloud.client, cloud.distribution, items, reference, (told or Told()).pace, **more)


def test_the_items_are_sent_sorted_and_once(cloud):
    found = invalidate(cloud, ["/index.html", "/", "/index.html"])
    assert (found.adopted, cloud.paths_of(found.id)) == (False, ["/", "/index.html"])


def test_the_same_reference_with_the_same_items_in_another_order_is_the_same(cloud):
    first = invalidate(cloud, ["/", "/index.html"])
    again = invalidate(cloud, ["/index.html", "/"], before=cloud.listed())
    assert (again.id, again.adopted, len(cloud.listed())) == (first.id, True, 1)


def test_one_in_progress_with_the_same_reference_is_adopted(cloud):
    cloud.delay = 60
    first = invalidate(cloud, ["/"])
    known = observe.running(cloud.client, observe.observe(cloud.client, cloud.distribution))
    again = invalidate(cloud, ["/"], known=known)
    assert (again.id, again.adopted) == (first.id, True)


def test_another_reference_is_another_one(cloud):
    assert invalidate(cloud, ["/"]).id != invalidate(cloud, ["/"], "r2").id


def test_a_reference_that_was_used_for_other_paths_is_an_error_that_names_what_to_do(cloud):
    first = invalidate(cloud, ["/"])
    with pytest.raises(made.InvalidationError) as caught:
        invalidate(cloud, ["/about.html"])
    for part in (first.id, "'r1'", "/about.html", "another reference", "aws cloudfront list-invalidations"):
        assert part in str(caught.value)


def test_the_words_that_aws_has_for_it_too_are_understood(cloud, monkeypatch):
    """Users report InvalidArgument where the API reference promises InvalidationBatchAlreadyExists."""
    first = invalidate(cloud, ["/"])
    text = "Your request contains a caller reference that was used for a previous invalidation batch"
    error = made.ClientError({"Error": {"Code": "InvalidArgument", "Message": text}}, "CreateInvalidation")

    def refuse(*_arguments):
        raise AnsibleAWSError(message="Failed", exception=error)

    monkeypatch.setattr(made.api, "create_invalidation", refuse)
    again = invalidate(cloud, ["/"])
    assert (again.id, again.adopted) == (first.id, True)
    with pytest.raises(made.InvalidationError, match="was used before"):
        invalidate(cloud, ["/about.html"])


def test_an_answer_that_got_lost_costs_no_second_invalidation(cloud):
    cloud.fault({"operation": "CreateInvalidation", "kind": "lost"})
    told = Told()
    found = invalidate(cloud, ["/"], told=told)
    assert ([found.id], found.adopted) == (cloud.listed(), False)
    assert "asked again with the same reference" in told.lines[0]


def test_answers_that_stay_away_until_the_deadline_are_told(cloud):
    cloud.fault({"operation": "CreateInvalidation", "kind": "lost", "count": 99})
    with pytest.raises(made.InvalidationTimeoutError) as caught:
        invalidate(cloud, ["/"], told=Told(10))
    assert "run site_release again, which makes no second one" in str(caught.value)
    assert caught.value.invalidation is None
    cloud.fault()
    assert len(cloud.listed()) == 1


def test_too_many_in_progress_are_waited_out(cloud):
    cloud.delay = 60
    for number in range(15):
        cloud.invalidate(f"/{number}/*", reference=f"other {number}")
    store = cloud_distribution(cloud)
    turns = itertools.count()

    def finish():
        if next(turns) == 2:
            store.invalidations[0].done = True

    told = Told(on_pause=finish)
    found = invalidate(cloud, ["/docs/*"], told=told)
    assert (told.pauses, found.adopted, len(cloud.listed())) == ([1, 2, 4], False, 16)
    assert "too many invalidations are in progress" in told.lines[0]


def test_too_many_in_progress_until_the_deadline_is_an_error(cloud):
    cloud.delay = 60
    for number in range(15):
        cloud.invalidate(f"/{number}/*", reference=f"other {number}")
    told = Told(20)
    with pytest.raises(made.InvalidationTimeoutError) as caught:
        invalidate(cloud, ["/docs/*"], told=told)
    for part in ("TooManyInvalidationsInProgress", "/docs/*", "20 s", "run site_release again"):
        assert part in str(caught.value)
    assert told.now == 20


def test_what_cloudfront_refuses_is_an_error_with_its_words(cloud):
    with pytest.raises(made.InvalidationError, match=r"refused to invalidate docs.*invalid invalidation paths"):
        invalidate(cloud, ["docs"])


def test_one_that_covers_all_and_is_younger_than_the_change_is_adopted(cloud):
    cloud.delay = 60
    other = cloud.invalidate("/*")
    known = observe.running(cloud.client, observe.observe(cloud.client, cloud.distribution))
    assert [one.id for one in known] == [other]
    changed = known[0].created - 30
    found = invalidate(cloud, ["/", "/index.html"], known=known, since=changed)
    assert (found.id, found.adopted, len(cloud.listed())) == (other, True, 1)


@pytest.mark.parametrize("since", [None, 0.0, 60.0], ids=["unknown", "at the same time", "later"])
def test_one_that_may_be_older_than_the_change_is_not(cloud, since):
    cloud.delay = 60
    other = cloud.invalidate("/*")
    known = observe.running(cloud.client, observe.observe(cloud.client, cloud.distribution))
    changed = None if since is None else known[0].created + since
    assert invalidate(cloud, ["/"], known=known, since=changed).id != other


def test_the_wait_looks_after_1_2_4_and_then_every_5_seconds(cloud):
    cloud.delay = 60
    found = invalidate(cloud, ["/"])
    store = cloud_distribution(cloud)

    def finish():
        if told.now > 20:
            store.invalidations[0].done = True

    told = Told(on_pause=finish)
    ended = made.wait(cloud.client, cloud.distribution, found, told.pace)
    assert (ended.status, told.pauses) == ("Completed", [1, 2, 4, 5, 5, 5])
    assert told.lines[0] == f"{found.id} InProgress after 1 s"
    assert told.lines[-1] == f"{found.id} Completed after 22 s"


def test_what_is_completed_is_not_waited_for(cloud):
    found = invalidate(cloud, ["/"])
    cloud.forget_calls()
    told = Told()
    assert found.completed
    assert made.wait(cloud.client, cloud.distribution, found, told.pace) == found
    assert cloud.calls("GetInvalidation") == 0


def test_at_the_deadline_it_tells_how_to_go_on(cloud):
    cloud.delay = 60
    found = invalidate(cloud, ["/"])
    with pytest.raises(made.InvalidationTimeoutError) as caught:
        made.wait(cloud.client, cloud.distribution, found, Told(9).pace)
    for part in (found.id, "still InProgress after 9 s", "aws cloudfront wait invalidation-completed", "site_release"):
        assert part in str(caught.value)
    assert caught.value.invalidation.id == found.id


def test_a_look_that_gets_no_answer_is_followed_by_another(cloud):
    cloud.delay = 60
    found = invalidate(cloud, ["/"])
    cloud_distribution(cloud).invalidations[0].done = True
    cloud.fault({"operation": "GetInvalidation", "kind": "lost"})
    told = Told()
    assert made.wait(cloud.client, cloud.distribution, found, told.pace).completed
    assert "no answer" in told.lines[0]


def test_a_look_that_is_refused_ends_the_wait(cloud):
    cloud.delay = 60
    found = invalidate(cloud, ["/"])
    cloud_distribution(cloud).invalidations.clear()
    with pytest.raises(made.InvalidationError, match="was accepted and goes on, but whether it is done cannot be read"):
        made.wait(cloud.client, cloud.distribution, found, Told().pace)


def test_only_what_is_in_progress_is_read(cloud):
    for number in range(5):
        cloud.invalidate("/", reference=f"done {number}")
    cloud.delay = 60
    running = [cloud.invalidate("/a", "/b*", reference=f"running {number}") for number in range(2)]
    seen = observe.observe(cloud.client, cloud.distribution)
    cloud.forget_calls()
    found = observe.running(cloud.client, seen)
    assert [one.id for one in found] == running[::-1]
    assert (cloud.calls("ListInvalidations"), cloud.calls("GetInvalidation")) == (1, 2)


def test_as_many_pages_are_read_as_have_some_in_progress(cloud, monkeypatch):
    cloud.delay = 60
    running = [cloud.invalidate("/a", reference=f"running {number}") for number in range(5)]
    seen = observe.observe(cloud.client, cloud.distribution)
    monkeypatch.setattr(observe, "_PAGE", 2)
    assert [one.id for one in observe.running(cloud.client, seen)] == running[::-1]
    monkeypatch.setattr(observe, "MOST_READ", 3)
    cloud.forget_calls()
    assert [one.id for one in observe.running(cloud.client, seen)] == running[:1:-1]
    assert (cloud.calls("ListInvalidations"), cloud.calls("GetInvalidation")) == (2, 3)


def test_nothing_is_listed_when_nothing_is_in_progress(cloud):
    cloud.invalidate("/")
    seen = observe.observe(cloud.client, cloud.distribution)
    cloud.forget_calls()
    assert observe.running(cloud.client, seen) == ()
    assert cloud.calls("ListInvalidations") == 0


def test_a_late_count_does_not_read_the_history(cloud):
    for number in range(3):
        cloud.invalidate("/", reference=f"done {number}")
    late = made.replace(observe.observe(cloud.client, cloud.distribution), in_progress=2)
    cloud.forget_calls()
    assert observe.running(cloud.client, late) == ()
    assert cloud.calls("ListInvalidations") == 1


def test_what_cannot_be_read_is_a_failure(cloud):
    with pytest.raises(AnsibleAWSError, match="read distribution ENOSUCH"):
        observe.observe(cloud.client, "ENOSUCH")
    with pytest.raises(AnsibleAWSError, match="list the invalidations of distribution ENOSUCH"):
        observe.newest(cloud.client, "ENOSUCH")


def test_check_mode_foresees_what_would_be_adopted(cloud):
    asked = cloud.client, cloud.distribution
    assert made.would_adopt(*asked, ["/"], "r1") is None
    first = invalidate(cloud, ["/"])
    invalidate(cloud, ["/"], "r2")
    assert made.would_adopt(*asked, ["/"], "r1").id == first.id
    with pytest.raises(made.InvalidationError, match="was used before"):
        made.would_adopt(*asked, ["/other"], "r1")


def test_the_opt_in_to_tags_is_seen(cloud):
    assert observe.observe(cloud.client, cloud.distribution).tag_header == ""
    tagged = cloud.create(CacheTagConfig={"HeaderName": "x-amz-meta-cache-tag"})
    assert observe.observe(cloud.client, tagged).tag_header == "x-amz-meta-cache-tag"
    cloud.distribution = tagged
    found = invalidate(cloud, ["#slipway-site"])
    assert cloud.paths_of(found.id) == ["#slipway-site"]


def test_real_time_passes_by_default():
    pace = made.Pace(print, time.monotonic() - 1)
    assert pace.over
    pace.rest(5)


def cloud_distribution(cloud):
    """The distribution as the local cloud keeps it."""
    return store_of(cloudfront_backends[cloud.account.id]["aws"]).distributions[cloud.distribution]
