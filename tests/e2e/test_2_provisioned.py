# SPDX-License-Identifier: GPL-3.0-or-later
"""What site.yml makes, in three accounts at once, and that it makes it once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.harness import everywhere, hosts_of

ACCOUNTS = {"local": "111111111111", "staging": "222222222222", "production": "333333333333"}
# Run again: production differs from staging in nothing that this could show, test_3_swap.py runs local again, and a run
# takes long.
AGAIN = ("staging",)


@pytest.fixture(scope="module")
def second_runs(environments, first_runs):
    """What site.yml returned when it was run again, also by stock Ansible, and beside that in production, where no
    DynamoDB is reached."""
    unreachable = {"AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}
    with ThreadPoolExecutor() as threads:
        runs = threads.submit(everywhere, {name: environments[name] for name in AGAIN})
        stock = threads.submit(environments[AGAIN[0]].playbook, "site", env={"SLIPWAY_FAST": "0"})
        refused = environments["production"].playbook("site", env=unreachable)
        return runs.result() | {"stock": stock.result(), "refused": refused}


@pytest.mark.parametrize("name", ACCOUNTS)
def test_the_first_run_builds_the_environment(first_runs, name):
    assert first_runs[name].status == 0, first_runs[name].output[-3000:]
    assert {host for host, _ in first_runs[name].changed} == hosts_of(name)


@pytest.mark.parametrize("name", AGAIN)
def test_the_second_run_changes_nothing(second_runs, name):
    assert second_runs[name].status == 0, second_runs[name].output[-3000:]
    assert second_runs[name].changed == []


def test_stock_ansible_does_the_same(second_runs):
    """Host by host, in each one's order; the order of the hosts is chance."""

    def came(done):
        return sorted(
            ((task["host"], task["task"], task["outcome"], task["changed"]) for task in done.tasks),
            key=lambda it: it[0],
        )

    assert second_runs["stock"].status == 0, second_runs["stock"].output[-3000:]
    assert came(second_runs["stock"]) == came(second_runs[AGAIN[0]])


def test_where_one_part_fails_the_others_are_done_and_services_are_left_alone(second_runs):
    """The release store cannot be read; the network, which is built beside it, can."""
    done = second_runs["refused"]
    assert done.status != 0
    assert done.changed == []
    assert next(task["host"] for task in done.tasks if task["outcome"] == "failed") == "production-releases"
    assert "production-releases failed, see above: services and site are as they were" in done.failures[-1]
    assert any(task["task"].startswith("slipway.ops.alb") for task in done.tasks)
    assert not any(task["task"].startswith("slipway.ops.ecs_service : Image repository") for task in done.tasks)


@pytest.mark.parametrize("name", ACCOUNTS)
def test_each_environment_is_in_its_own_account(environments, first_runs, name):
    elb = environments[name].client("elbv2")
    [balancer] = elb.describe_load_balancers()["LoadBalancers"]
    assert balancer["LoadBalancerName"] == f"slipway-{name}"
    assert f":{ACCOUNTS[name]}:" in balancer["LoadBalancerArn"]
    attributes = elb.describe_load_balancer_attributes(LoadBalancerArn=balancer["LoadBalancerArn"])["Attributes"]
    protected = {each["Key"]: each["Value"] for each in attributes}["deletion_protection.enabled"]
    assert protected == ("false" if name == "local" else "true")


def test_nothing_runs_and_nothing_is_weighed_until_a_release_is_deployed(local):
    traffic = local.traffic()
    assert {desired for desired, _ in traffic["services"].values()} == {0}
    assert traffic["weights"] == {"blue": 100, "green": 0}
    assert [each[:2] for each in traffic["scaling"].values()] == [(0, 0), (0, 0)]
