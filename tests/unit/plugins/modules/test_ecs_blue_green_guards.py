# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person, or another tool, has done to the rule or the groups: seen by every action, and repaired when asked."""

from __future__ import annotations

from ansible_collections.slipway.ops.plugins.module_utils import ecs, elb
from ansible_collections.slipway.ops.plugins.modules import elb_listener_rule

from tests.unit.plugins.modules.aws_harness import run, world
from tests.unit.plugins.modules.blue_green_site import front, module, names, second_rule, site

__all__ = ["front", "module", "site", "world"]

REPAIR = "`ansible-playbook -i INVENTORY playbooks/repair_backend.yml -e service=api -e confirm=api`"
DOWN = {"url": "http://127.0.0.1:9/", "timeout": 0.2}


def scale(world, color, tasks):
    """Somebody starts or stops tasks."""
    ecs.update_service(world.client("ecs"), "c", f"api-{color}", {"desiredCount": tasks})


def blocked(site, said):
    """No action changes anything, and each one says why."""
    for action, tag in (("deploy", "v3"), ("rollback", None)):
        failed = site(action, tag)
        assert (failed["outcome"], failed["changed"]) == ("blocked", False)
        assert said in failed["msg"]
        assert "\n" not in failed["msg"]
    return failed["msg"]


def test_95_percent_to_an_empty_group(world, site):
    """The rule left 950/50 that took others an hour to find."""
    world.set_weights(50, 950)
    failed = site("repair", confirm="api")
    assert (failed["outcome"], failed["changed"]) == ("blocked", False)
    assert "neither blue nor green has a healthy target, so nothing may be moved. Bring up tasks of" in failed["msg"]
    world.set_weights(100, 0)
    site("deploy", "v1")
    world.set_weights(50, 950)
    said = blocked(site, "production weights are blue 50 (3 healthy), green 950 (0 healthy)")
    assert REPAIR in said

    asked = site("repair", confirm="web")
    assert (asked["outcome"], asked["changed"]) == ("blocked", False)
    assert "a repair would do this: production weights to blue 100, green 0; " in asked["msg"]
    assert asked["next"] == REPAIR.strip("`")
    assert world.weights() == {"blue": 50, "green": 950}

    promise, done = site("repair", check=True), site("repair", confirm="api")
    again = site("repair", confirm="api")
    assert (promise["outcome"], done["outcome"], again["outcome"]) == ("repaired", "repaired", "repaired")
    assert (promise["changed"], done["changed"], again["changed"]) == (True, True, False)
    assert names(promise) == names(done) == ["production weights to blue 100, green 0", "prove that blue answers"]
    assert promise["diff"] == done["diff"]
    assert done["diff"]["after"]["because"] == "it alone has healthy targets"
    assert done["digest"] == again["digest"] == world.digests["v1"]
    assert world.weights() == {"blue": 100, "green": 0}
    assert site("deploy", "v2")["outcome"] == "promoted"


def test_the_release_grows_to_what_the_other_color_carries_before_it_gets_all(world, site):
    site("deploy", "v1")
    scale(world, "green", 5)
    world.set_weights(10, 90)

    def grow(name, changes):
        if (name, changes.get("desiredCount")) == ("api-blue", 5):
            scale(world, "green", 6)

    world.on_update.append(grow)
    done = site("repair", confirm="api")
    assert done["outcome"] == "repaired"
    assert [name for name in names(done) if " blue to " in name] == [
        "scaling of blue to 3..6, scale-in suspended",
        "scale blue to 5",
        "scaling of blue to 5..6, scale-in suspended",
        "scale blue to 6",
        "scaling of blue to 2..6",
    ]
    assert (world.weights(), world.desired("blue")) == ({"blue": 100, "green": 0}, 6)
    assert (world.scaling("blue"), world.weights("preview")) == ((2, 6, False), {"blue": 0, "green": 100})


def test_a_group_of_neither_color_and_a_rule_too_many(world, site):
    site("deploy", "v1")
    client = world.client("elbv2")
    vpc = client.describe_target_groups(Names=["api-blue"])["TargetGroups"][0]["VpcId"]
    made = client.create_target_group(Name="other", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip")
    other = made["TargetGroups"][0]["TargetGroupArn"]
    rule = client.describe_rules(ListenerArn=world.ids["listener"])["Rules"][0]["RuleArn"]
    groups = [(world.ids["blue"], 1), (world.ids["green"], 0), (other, 9)]
    config = {"TargetGroups": [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in groups]}
    client.modify_rule(RuleArn=rule, Actions=[{"Type": "forward", "ForwardConfig": config}])
    blocked(site, f"sends traffic to {other}, which is neither color")
    second = second_rule(world, "production", 0, 100)
    blocked(site, "there are 2 production rules")

    assert site("repair", confirm="api")["outcome"] == "repaired"
    assert world.weights() == {"blue": 100, "green": 0}
    (action,) = client.describe_rules(RuleArns=[second])["Rules"][0]["Actions"]
    assert [group["Weight"] for group in action["ForwardConfig"]["TargetGroups"]] == [100, 0]
    client.delete_rule(RuleArn=second)

    twin = client.create_rule(
        ListenerArn=world.ids["preview"],
        Priority=12,
        Conditions=[{"Field": "path-pattern", "Values": ["/*"]}],
        Actions=[{"Type": "forward", "TargetGroupArn": world.ids["green"]}],
        Tags=[{"Key": "slipway:service", "Value": "api"}, {"Key": "slipway:rule", "Value": "preview"}],
    )["Rules"][0]["RuleArn"]
    assert "there are 2 preview rules" in site("deploy", "v2")["msg"]
    assert names(site("repair", confirm="api")) == [f"delete preview rule {twin}"], "it never sees a request"
    assert site("deploy", "v2")["outcome"] == "promoted"


def test_a_repair_that_meets_another_change_or_fails_takes_nothing_back(world, site, monkeypatch):
    site("deploy", "v1")
    world.set_weights(50, 50)
    real = elb.describe_rule

    def meddled(client, rule_arn):
        world.set_weights(40, 60)
        return real(client, rule_arn)

    with monkeypatch.context() as patch:
        patch.setattr(elb, "describe_rule", meddled)
        failed = site("repair", confirm="api")
    assert failed["outcome"] == "superseded"
    assert "was changed by somebody else: blue 40, green 60" in failed["msg"]
    failed = site("repair", confirm="api", probe=DOWN)
    assert (failed["outcome"], failed["changed"]) == ("failed", True)
    assert "did not answer from blue" in failed["msg"]
    assert "Nothing was taken back; production weights are blue 100 (3 healthy), green 0" in failed["msg"]
    assert (world.weights(), world.desired("blue")) == ({"blue": 100, "green": 0}, 3)


def test_a_lost_rule_is_explained_and_comes_back_where_the_tasks_are(world, site, capsys):
    for tag in ("v1", "v2"):
        site("deploy", tag)
    client = world.client("elbv2")
    client.delete_rule(RuleArn=client.describe_rules(ListenerArn=world.ids["listener"])["Rules"][0]["RuleArn"])
    said = blocked(site, "the production rule of api missing while green has 3 tasks (3 healthy)")
    assert "`ansible-playbook -i INVENTORY playbooks/site.yml -e service=api` makes the rule again" in said
    assert "the production rule of api missing" in site("repair", confirm="api")["msg"]
    groups = [{"arn": world.ids["blue"], "weight": 100}, {"arn": world.ids["green"], "weight": 0}]
    arguments = {"service": "api", "rule": "production", "priority": 10, "conditions": {"path": ["/*"]}, "cluster": "c"}
    arguments |= {"load_balancer": "lb", "listener_arn": world.ids["listener"], "target_groups": groups}
    run(elb_listener_rule.main, capsys, **arguments)
    assert world.weights() == {"blue": 0, "green": 100}
    assert site("rollback")["outcome"] == "rolled_back"


def earlier_rule(world, *conditions):
    answer = world.client("elbv2").create_rule(
        ListenerArn=world.ids["listener"],
        Priority=5,
        Conditions=list(conditions),
        Actions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}],
    )
    return answer["Rules"][0]["RuleArn"]


def test_rules_that_are_asked_first(world, site):
    query = {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "v", "Value": "2"}]}}
    arn = earlier_rule(world, query)
    done = site("deploy", "v1")
    assert done["outcome"] == "promoted"
    shown = done["diff"]["before"]["requests"]["any host /*"]
    assert shown[0] == f"may take part of them: {arn} (priority 5: query-string = v=2)"
    assert shown[1].endswith("(priority 10), this service's")
    assert [note for note in done["notes"] if "a rule before the production rule may take part of them" in note]

    world.client("elbv2").delete_rule(RuleArn=arn)
    arn = earlier_rule(world, {"Field": "path-pattern", "Values": ["*"]})
    said = blocked(site, f"requests for any host /* match rule {arn} (priority 5: path-pattern = *)")
    assert "before the production rule of api (priority 10)" in said
    assert site("converge")["outcome"] == "converged"
    assert site("repair", confirm="api")["changed"] is False


def check(world, color):
    group = world.client("elbv2").describe_target_groups(TargetGroupArns=[world.ids[color]])["TargetGroups"][0]
    return group["HealthCheckPath"], group["HealthCheckIntervalSeconds"]


def test_the_health_check_comes_and_goes_with_the_release(world, site):
    old, new = {"path": "/old", "interval": 7}, {"path": "/new", "interval": 9}
    site("deploy", "v1", health_check=old)
    assert check(world, "blue") == ("/old", 7)
    done = site("deploy", "v2", health_check=new)
    assert (check(world, "blue"), check(world, "green")) == (("/old", 7), ("/new", 9))
    order = names(done)
    told = next(name for name in order if name.startswith("health check of green to HealthCheck"))
    assert order.index(told) < order.index("register green task definition")

    elb.modify_target_group(world.client("elbv2"), world.ids["blue"], {"HealthCheckPath": "/new"})
    promise = site("rollback", check=True)
    back = site("rollback")
    assert names(promise) == names(back)
    assert "health check of blue to HealthCheckPath /old" in names(back)
    assert back["outcome"] == "rolled_back"
    assert (check(world, "blue"), check(world, "green")) == (("/old", 7), ("/new", 9))
