# SPDX-License-Identifier: GPL-3.0-or-later
"""The documents of a service: hardened, least privilege, and about both colors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from ansible_collections.slipway.ops.plugins.module_utils import service_documents_plan as plan
from ansible_collections.slipway.ops.plugins.module_utils import service_infrastructure_plan as infrastructure
from jinja2.nativetypes import NativeEnvironment

from tests.unit.plugins.module_utils.service_example import GROUPS, PARAMETER, SECRET, example


def statements(policy):
    return {item["Sid"]: item for item in policy["Statement"]}


def test_the_container_is_hardened_and_sized():
    definition = plan.task_definition(example(cpu=512, memory=1024))
    (container,) = definition["containers"]
    assert (definition["cpu"], definition["memory"], definition["network_mode"]) == ("512", "1024", "awsvpc")
    assert container["readonly_root_filesystem"] is True
    assert container["user"] == "10001:10001"
    assert container["linux_parameters"] == {"init_process_enabled": True, "capabilities": {"drop": ["ALL"]}}
    assert "image" not in container
    assert "health_check" not in container
    assert definition["volumes"] == container["mount_points"] == []


def test_settings_are_plain_and_secrets_are_references():
    (container,) = plan.task_definition(example(environment={"N": 5, "FLAG": True, "A": "b"}))["containers"]
    assert container["environment"] == [
        {"name": "A", "value": "b"},
        {"name": "FLAG", "value": "true"},
        {"name": "N", "value": "5"},
        {"name": "OPEN_AI_BASE_URL", "value": "https://api.example.com/v1"},
        {"name": "PORT", "value": "8080"},
    ]
    assert container["secrets"] == [
        {"name": "DB_URL", "value_from": SECRET},
        {"name": "OPEN_AI_API_KEY", "value_from": PARAMETER},
    ]


def test_writable_paths_get_volumes_and_a_command_checks_health():
    definition = plan.task_definition(example(writable_paths=["/tmp", "/cache"], health_check_command=["true"]))
    (container,) = definition["containers"]
    assert [mount["container_path"] for mount in container["mount_points"]] == ["/tmp", "/cache"]
    assert [mount["source_volume"] for mount in container["mount_points"]] == [
        volume["name"] for volume in definition["volumes"]
    ]
    assert container["health_check"]["command"] == ["CMD", "true"]


def test_only_tasks_of_this_account_and_region_take_the_roles():
    (statement,) = plan.trust_policy(example())["Statement"]
    assert statement["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "111111111111"},
        "ArnLike": {"aws:SourceArn": "arn:aws:ecs:us-east-1:111111111111:*"},
    }


def test_execution_role():
    found = statements(
        plan.execution_policy(example(secrets={"A": f"{SECRET}:key::"}, secrets_kms_key_arns=["arn:aws:kms:x"]))
    )
    assert {sid: item["Resource"] for sid, item in found.items()} == {
        "RegistryToken": "*",
        "Image": ["arn:aws:ecr:us-east-1:111111111111:repository/api"],
        "Logs": "arn:aws:logs:us-east-1:111111111111:log-group:/ecs/slipway-local/api:log-stream:*",
        "Secrets": [SECRET],
        "Parameters": [PARAMETER],
        "DecryptSecrets": ["arn:aws:kms:x"],
    }
    assert found["RegistryToken"]["Action"] == ["ecr:GetAuthorizationToken"]


def test_without_secrets_there_is_no_statement_about_them():
    assert set(statements(plan.execution_policy(example(secrets={}, llm_providers=[])))) == {
        "RegistryToken",
        "Image",
        "Logs",
    }


def test_task_role():
    buckets = [{"name": "in"}, {"name": "out", "access": "read_write"}]
    found = statements(plan.task_policy(example(s3_buckets=buckets)))
    assert {sid: (item["Action"], item["Resource"]) for sid, item in found.items()} == {
        "ListBuckets": (["s3:ListBucket"], ["arn:aws:s3:::in", "arn:aws:s3:::out"]),
        "ReadObjects": (["s3:GetObject"], ["arn:aws:s3:::in/*", "arn:aws:s3:::out/*"]),
        "WriteObjects": (["s3:DeleteObject", "s3:PutObject"], ["arn:aws:s3:::out/*"]),
    }


def test_a_service_without_buckets_may_do_nothing():
    assert plan.task_policy(example())["Statement"] == []


@pytest.mark.parametrize("make", [plan.execution_policy, plan.task_policy])
def test_no_action_is_a_wildcard(make):
    policy = make(example(s3_buckets=[{"name": "out", "access": "read_write"}]))
    assert not [action for item in policy["Statement"] for action in item["Action"] if "*" in action]


def test_egress():
    providers = [
        {"name": "a", "base_url": "https://a.example", "secret_arn": PARAMETER},
        {"name": "b", "base_url": "https://b.example:8443/v1", "secret_arn": PARAMETER},
    ]
    extra = [{"cidr": "192.168.0.0/16", "port": 27017, "description": "Atlas"}, {"cidr": "10.0.0.0/8", "port": "53"}]
    rules = plan.egress_rules(example(llm_providers=providers, egress=extra))
    assert [(rule["cidr_ip"], rule["ports"], rule["rule_desc"]) for rule in rules] == [
        (["0.0.0.0/0"], ["443"], "HTTPS"),
        (["0.0.0.0/0"], ["8443"], "HTTPS"),
        (["192.168.0.0/16"], ["27017"], "Atlas"),
        (["10.0.0.0/8"], ["53"], "port 53"),
    ]


def test_a_model_of_ones_own_is_reached_inside_the_vpc_without_a_key():
    own = {"name": "llm", "kind": "self_hosted", "base_url": "http://llm.slipway-local.internal/v1"}
    other = {**own, "name": "small", "base_url": "http://small.internal:8080"}
    theirs = {"name": "acme", "base_url": "https://acme.example", "secret_arn": PARAMETER}
    service = example(llm_providers=[{**own, "fallback": "acme"}, other, theirs])
    rules = plan.egress_rules(service)
    private = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]
    assert [(rule["cidr_ip"][0], rule["ports"][0]) for rule in rules if rule["rule_desc"] == "self-hosted model"] == [
        (network, port) for port in ("80", "8080") for network in private
    ]
    [container] = plan.task_definition(service)["containers"]
    variables = {item["name"]: item["value"] for item in container["environment"]}
    assert variables["LLM_BASE_URL"] == own["base_url"]
    assert variables["LLM_FALLBACK"] == "acme"
    assert "ACME_FALLBACK" not in variables
    assert {"ACME_API_KEY"} == {item["name"] for item in container["secrets"] if item["name"].endswith("_API_KEY")}


def test_each_color_scales_on_cpu_and_on_the_requests_of_both():
    policies = plan.scaling_policies(example(), GROUPS)
    assert [(item["name"], item["resource_id"]) for item in policies] == [
        ("api-blue-cpu", "service/slipway-local/api-blue"),
        ("api-blue-requests", "service/slipway-local/api-blue"),
        ("api-green-cpu", "service/slipway-local/api-green"),
        ("api-green-requests", "service/slipway-local/api-green"),
    ]
    for color, policy in (("blue", policies[1]), ("green", policies[3])):
        *queries, load = policy["target_tracking"]["customized_metric_specification"]["metrics"]
        dimensions = {
            query["id"]: {item["name"]: item["value"] for item in query["metric_stat"]["metric"]["dimensions"]}
            for query in queries
        }
        assert dimensions == {
            "blue": {"TargetGroup": "targetgroup/api-blue/blue1", "LoadBalancer": "app/slipway-local/0a1b"},
            "green": {"TargetGroup": "targetgroup/api-green/green1", "LoadBalancer": "app/slipway-local/0a1b"},
            "tasks": {"ClusterName": "slipway-local", "ServiceName": f"api-{color}"},
        }
        assert load["expression"] == "(FILL(blue, 0) + FILL(green, 0)) / tasks"
        assert [query["return_data"] for query in (*queries, load)] == [False, False, False, True]


def test_alarms_look_at_both_groups():
    errors, unhealthy = plan.alarms(example(alarm_actions=["arn:aws:sns:x"], alarm_5xx_percent=2), GROUPS)
    assert [errors["alarm_name"], unhealthy["alarm_name"]] == ["slipway-local-api-5xx", "slipway-local-api-unhealthy"]
    assert (errors["threshold"], unhealthy["threshold"]) == (2.0, 0.0)
    for alarm in (errors, unhealthy):
        *queries, value = alarm["metrics"]
        groups = [query["metric_stat"]["metric"]["dimensions"][0]["value"] for query in queries]
        assert set(groups) == {"targetgroup/api-blue/blue1", "targetgroup/api-green/green1"}
        assert all(f"FILL({query['id']}, 0)" in value["expression"] for query in queries)
        assert alarm["alarm_actions"] == alarm["ok_actions"] == ["arn:aws:sns:x"]


def test_a_deployment_goes_by_an_alarm_that_the_role_makes():
    role = Path(__file__).resolve().parents[4] / "roles" / "ecs_service" / "defaults" / "main.yml"
    written = yaml.safe_load(role.read_text(encoding="utf-8"))["ecs_service_alarms"]
    given = {"ecs_service_cluster": "slipway-local", "ecs_service_name": "api"}
    gate = NativeEnvironment().from_string(written).render(given)
    assert set(gate) < {alarm["alarm_name"] for alarm in plan.alarms(example(), GROUPS)}
    assert gate == ["slipway-local-api-5xx"]


def test_the_names_that_others_rely_on():
    assert plan.repository_uri(example()) == "111111111111.dkr.ecr.us-east-1.amazonaws.com/api"
    assert plan.log_group(example()) == "/ecs/slipway-local/api"
    assert plan.role_arn(example(), "task") == "arn:aws:iam::111111111111:role/slipway-local-api-task"


def test_documents_are_plain_data():
    for document in (plan.task_definition(example()), plan.alarms(example(), GROUPS)):
        assert json.loads(json.dumps(document)) == document


def test_who_elsewhere_pulls_and_from_whom_this_one_does():
    assert plan.repository_policy(example()) is None
    readers = example(repository_readers=["333333333333"])
    assert plan.repository_policy(readers)["Statement"][0]["Principal"] == {"AWS": ["arn:aws:iam::333333333333:root"]}
    found = statements(plan.execution_policy(example(image_accounts=["222222222222"])))
    assert found["Image"]["Resource"] == [
        f"arn:aws:ecr:us-east-1:{owner}:repository/api" for owner in ("111111111111", "222222222222")
    ]


def test_ecs_moves_the_traffic_of_this_service_and_no_other():
    native = example(engine="native")
    policy = infrastructure.infrastructure_policy(native)
    allowed = {each["Sid"]: each for each in policy["Statement"]}
    assert allowed["Targets"]["Resource"] == [
        f"arn:aws:elasticloadbalancing:us-east-1:111111111111:targetgroup/api-{color}/*" for color in ("blue", "green")
    ]
    assert allowed["Listeners"]["Resource"] == [native["listener_arn"], native["preview_listener_arn"]]
    assert allowed["Rules"]["Resource"].endswith(":listener-rule/app/slipway-local/*")
    assert allowed["Rules"]["Condition"] == {"StringEquals": {"aws:ResourceTag/slipway:service": "api"}}
    bare = infrastructure.infrastructure_policy(example(listener_arn="", preview_listener_arn=""))
    assert "Listeners" not in {each["Sid"] for each in bare["Statement"]}
    assert infrastructure.infrastructure_trust(native)["Statement"][0]["Principal"] == {"Service": "ecs.amazonaws.com"}


def test_the_one_service_of_engine_native_scales():
    policies = plan.scaling_policies(example(engine="native"), GROUPS)
    assert [(each["name"], each["resource_id"]) for each in policies] == [
        ("api-cpu", "service/slipway-local/api"),
        ("api-requests", "service/slipway-local/api"),
    ]
