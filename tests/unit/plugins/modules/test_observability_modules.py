# SPDX-License-Identifier: GPL-3.0-or-later
"""Dashboard, saved queries and topic over HTTP: what check mode promised the run did, and again is unchanged."""

from __future__ import annotations

import json

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.ops.plugins.module_utils import observability_plan as plan
from ansible_collections.slipway.ops.plugins.module_utils.observability_dashboard_plan import dashboard as body
from ansible_collections.slipway.ops.plugins.modules import alarm_topic, dashboard, saved_queries

from tests.unit.plugins.module_utils.observability_example import GROUPS, example
from tests.unit.plugins.modules.aws_harness import run
from tests.unit.plugins.modules.front_cloud import FrontCloud

INPUTS = example()
KEY = "arn:aws:kms:us-east-1:111111111111:key/00000000-0000-0000-0000-000000000001"
TOPIC = {"arn": plan.topic_arn(INPUTS), "kms_key_arn": KEY, "policy": plan.topic_policy(INPUTS), "tags": {"team": "a"}}
MAIL = {"protocol": "email", "endpoint": "oncall@example.com"}


@pytest.fixture(scope="module")
def _cloud(tmp_path_factory):
    made = FrontCloud(tmp_path_factory.mktemp("cloud"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def cloud(_cloud, monkeypatch):
    _cloud.empty()
    for name, value in _cloud.variables().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(AnsibleAWSModule, "client", lambda module, name: _cloud.client(name, module.region))
    return _cloud


@pytest.fixture
def contract(cloud, capsys):
    """Runs a module in check mode, for real and again; the first two must agree, the third change nothing."""

    def promised_and_done(module, **given):
        promise, done, again = (run(module.main, capsys, check=check, **given) for check in (True, False, False))
        assert "failed" not in done, done["msg"]
        assert (promise["changed"], promise["diff"]) == (done["changed"], done["diff"])
        assert again["changed"] is False, again["diff"]
        return done

    return promised_and_done


def test_a_dashboard(cloud, contract):
    client = cloud.client("cloudwatch")
    given = {"name": "slipway-test", "body": body(INPUTS, GROUPS)}
    assert contract(dashboard, **given)["action"] == "create"
    assert json.loads(client.get_dashboard(DashboardName="slipway-test")["DashboardBody"]) == given["body"]
    assert contract(dashboard, name="slipway-test", body={"widgets": []})["action"] == "update"
    assert contract(dashboard, name="slipway-test", state="absent")["action"] == "delete"
    assert client.list_dashboards()["DashboardEntries"] == []


def test_what_is_strange_in_a_dashboard_is_a_warning(cloud, capsys, monkeypatch):
    monkeypatch.setattr(dashboard, "put", lambda *_: ["/widgets/0: no such metric"])
    done = run(dashboard.main, capsys, name="slipway-test", body={"widgets": []})
    assert "dashboard slipway-test: /widgets/0: no such metric" in str(done["warnings"])


def test_queries_of_the_folder_and_no_others(cloud, contract):
    client = cloud.client("logs")
    client.put_query_definition(name="somebody else's", queryString="fields @message")
    queries = plan.queries(INPUTS)
    done = contract(saved_queries, folder=INPUTS["name"], queries=queries)
    assert [step["action"] for step in done["steps"]] == ["create"] * len(queries)
    changed = [queries[0] | {"query": "fields @message"}]
    actions = {step["action"] for step in contract(saved_queries, folder=INPUTS["name"], queries=changed)["steps"]}
    assert actions == {"update", "delete"}
    contract(saved_queries, folder=INPUTS["name"])
    assert [each["name"] for each in client.describe_query_definitions()["queryDefinitions"]] == ["somebody else's"]


def test_queries_of_several_pages(cloud, contract, monkeypatch):
    page = saved_queries.list_page
    short = {"maxResults": 1}

    class Paged:
        def __init__(self, client):
            self._client = client

        def describe_query_definitions(self, **given):
            return self._client.describe_query_definitions(**given | short)

    monkeypatch.setattr(saved_queries, "list_page", lambda client, *rest: page(Paged(client), *rest))
    contract(saved_queries, folder=INPUTS["name"], queries=plan.queries(INPUTS)[:3])


def test_a_topic_and_who_is_told(cloud, contract):
    client = cloud.client("sns")
    assert contract(alarm_topic, **TOPIC, subscriptions=[MAIL])["steps"] == [
        {"name": "topic", "action": "create"},
        {"name": "email oncall@example.com", "action": "create"},
    ]
    found = client.get_topic_attributes(TopicArn=TOPIC["arn"])["Attributes"]
    assert (found["KmsMasterKeyId"], json.loads(found["Policy"])) == (KEY, TOPIC["policy"])
    assert contract(alarm_topic, **TOPIC)["steps"] == [{"name": "email oncall@example.com", "action": "delete"}]
    other = TOPIC | {"policy": plan.topic_policy(INPUTS | {"account_id": "222222222222"})}
    assert contract(alarm_topic, **other)["steps"] == [{"name": "topic", "action": "update"}]
    assert contract(alarm_topic, arn=TOPIC["arn"], state="absent")["steps"] == [{"name": "topic", "action": "delete"}]
    assert client.list_topics()["Topics"] == []


def test_a_subscription_that_waits_to_be_confirmed_is_known_and_cannot_be_ended(cloud, contract, monkeypatch):
    contract(alarm_topic, **TOPIC)
    monkeypatch.setattr(alarm_topic, "subscriptions", lambda *_: {"email oncall@example.com": "PendingConfirmation"})
    assert contract(alarm_topic, **TOPIC, subscriptions=[MAIL])["steps"] == []
    assert contract(alarm_topic, **TOPIC)["steps"] == []


def test_a_topic_without_key_is_refused(cloud, capsys):
    refused = run(alarm_topic.main, capsys, arn=TOPIC["arn"])
    assert refused["msg"].endswith("needs kms_key_arn and policy: nothing was changed")
