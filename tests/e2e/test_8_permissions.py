# SPDX-License-Identifier: GPL-3.0-or-later
"""What GitHub Actions' roles may do is what the playbooks have done: nothing is missing, and nothing is too much."""

from __future__ import annotations

import json
import urllib.request

import pytest
import yaml
from ansible_collections.slipway.ops.plugins.module_utils.deploy_permissions_plan import GRANTS, PUSH
from ansible_collections.slipway.ops.plugins.module_utils.github_oidc_roles_plan import roles_of

from localcloud.images import ROOT
from tests.e2e.permissions import asked
from tests.unit.iam_evaluator import allows

#: Environment to the account that its inventory names; and what its name is in the templates of services.yml.
ACCOUNTS = {"local": "111111111111", "staging": "222222222222", "production": "333333333333"}
#: Playbook to the repository (in inputs()) whose role runs it. Of promote these tests have a site's.
RUN_BY = {
    "deploy_backend": "backend",
    "rollback_backend": "backend",
    "deploy_frontend": "frontend",
    "rollback_frontend": "frontend",
    "promote": "frontend",
}
#: Why an action is granted that no playbook of these tests calls.
UNUSED = {
    "application-autoscaling:DeleteScheduledAction": "a rollback while the color that was left is still kept warm",
    "cloudfront:ListInvalidations": "somebody else's invalidations under way",
    "cloudwatch:GetMetricData": "with ecs_service_metrics",
    "dynamodb:Query": "the gate of a promotion and whoever reads the records, where there is one",
    "ecs:DescribeClusters": "a color that is missing, to say why",
    "ecs:StopTask": "a one-off task that takes longer than its timeout",
    "elasticloadbalancing:ModifyTargetGroup": "a release with another health check",
    "iam:SimulatePrincipalPolicy": "a service with secrets",
    "scheduler:DeleteSchedule": "a rollback to a release that had no such scheduled task",
    "ssm:DescribeParameters": "a service with parameters",
    "s3:DeleteObject": "a release that need be kept no longer",
}


@pytest.fixture(scope="module")
def policies(environments):
    """(environment, repository) to the policy of the role that deploys, as role github_oidc makes them."""
    return {
        (name, role["repository"]): role["policy"]
        for name, environment in environments.items()
        for role in roles_of(inputs(environment))
    }


def inputs(environment):
    """The role's inputs for a repository of the backend and one of the frontend."""
    name, account = environment.name, ACCOUNTS[environment.name]
    folder = ROOT / "inventories" / name / "group_vars" / "all"
    text = (folder / "services.yml").read_text()
    own = {"slipway_name": environment.prefix, "slipway_account_id": account, "slipway_region": "us-east-1"}
    for variable, value in own.items():
        text = text.replace(f"{{{{ {variable} }}}}", value)
    promotion = folder / "promotion.yml"
    distributions = environment.client("cloudfront").list_distributions()["DistributionList"].get("Items", [])
    some = {"owner_id": "1", "repository_id": "2"}
    return {
        "name": environment.prefix,
        "account_id": account,
        "region": "us-east-1",
        "environment": name,
        "repositories": [
            {"name": "backend", "repository": "example-org/api", "services": ["api"], **some},
            {"name": "frontend", "repository": "example-org/web", "site": True, **some},
        ],
        "services": yaml.safe_load(text)["services"],
        "table": f"{environment.prefix}-releases",
        "topic": "",
        "site_bucket": f"{environment.prefix}-site-{account}",
        "site_kms_key_arn": "",
        "distribution_arn": distributions[0]["ARN"],
        "promotion": yaml.safe_load(promotion.read_text())["slipway_promotion"] if promotion.exists() else {},
    }


@pytest.fixture(scope="module")
def wanted(environments, policies):
    """The same keys to (call, what IAM is asked for it), for all calls of the playbooks that a pipeline runs."""
    url = environments["local"].env["AWS_ENDPOINT_URL"]
    with urllib.request.urlopen(f"{url}/_localcloud/calls", timeout=30) as answer:
        recorded = json.load(answer)
    assert recorded[0]["n"] == 1, "the log has forgotten its first calls"
    of_key = {
        keys["AWS_ACCESS_KEY_ID"]: (name, RUN_BY[playbook])
        for name, environment in environments.items()
        for playbook, keys in environment.callers.items()
        if playbook in RUN_BY
    }
    found = {place: [] for place in policies}
    for call in recorded:
        if place := of_key.get(call["access_key"]):
            found[place] += [(call, each) for each in asked(call)]
    return found


def test_the_playbooks_have_run(environments, wanted):
    assert set(environments["local"].callers) >= set(RUN_BY) - {"promote"}
    assert "promote" in environments["production"].callers
    calls = {place: len(found) > 20 for place, found in wanted.items() if found}
    assert calls == dict.fromkeys(
        [("local", "backend"), ("local", "frontend"), ("staging", "frontend"), ("production", "frontend")], True
    )


def test_nothing_is_missing(policies, wanted):
    tags = {"aws:ResourceTag/slipway:service": "api"}
    refused = {
        (*place, call["operation"], each.action, each.resource)
        for place, found in wanted.items()
        for call, each in found
        if not allows(policies[place], each.action, each.resource, each.context | tags)
    }
    assert refused == set()


def test_the_rules_that_were_changed_bear_the_tag(environments, wanted):
    rules = {each.resource for _call, each in wanted["local", "backend"] if each.action.endswith(":ModifyRule")}
    described = environments["local"].client("elbv2").describe_tags(ResourceArns=sorted(rules))["TagDescriptions"]
    tagged = [{"Key": "slipway:service", "Value": "api"} in each["Tags"] for each in described]
    assert tagged == [True] * len(rules) != []


def test_nothing_is_too_much(policies, wanted):
    """Of the roles that did all of their work here; those of a backend in staging and production did none."""
    for place in [("local", "backend"), ("local", "frontend"), ("production", "frontend")]:
        used = {each.action for _call, each in wanted[place]}
        granted = {action for statement in policies[place]["Statement"] for action in statement["Action"]}
        assert (place, granted - used - set(UNUSED)) == (place, set())


def test_every_reason_is_for_something_that_is_granted():
    assert set(UNUSED) <= {action for grant in GRANTS if grant.part != PUSH for action in grant.actions}
