# SPDX-License-Identifier: GPL-3.0-or-later
"""What the picture of a backend says about its snapshot."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.diagram import scene_plan as scene
from ansible_collections.slipway.ops.plugins.module_utils.diagram import words_plan as words

from tests.unit.plugins.module_utils.diagram import diagram_environments as made


def only(**more):
    """The one service of an environment, as the picture has it."""
    return scene.backend(made.environment(services=[made.service(**more)])).services[0]


def color(**more):
    """The blue of a service that has nothing to say but this, as the picture has it."""
    quiet = {"colors": [made.color("blue", 100, 2, **more)]}
    return only(**quiet).colors[0]


def targets(**more):
    """Kind -> target of an environment whose network has MORE."""
    return {each.kind: each for each in scene.backend(made.environment(network=made.network(2, **more))).targets}


def test_an_environment_without_anything_is_nothing():
    nothing = scene.backend({"name": "new"})
    assert nothing == scene.Backend("VPC", "", (), None, (), (), None)
    assert words.account({}) == "AWS account unknown · unknown region"
    assert words.problems({"name": "new"}) == []
    assert words.read_at([{}]) == ""


def test_the_moment_is_the_last_one():
    early = {"read_at": "2026-11-24T19:29:59Z"}
    assert words.read_at([made.environment(), early]) == "read 2026-11-24 19:30 UTC"


def test_what_was_not_read_is_said_in_one_line():
    problem = {"part": "alarms", "message": "AccessDenied:\n  no such luck"}
    said = words.problems(made.environment("staging", problems=[problem]))
    assert said == ["Not read in staging, so not drawn: alarms (AccessDenied: no such luck)"]


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("environment", ("not read", "not read", "health not read")),
        ("ecs", ("not read", "not read", "")),
        ("definitions arn:one", ("not read", "0 tasks", "")),
        ("health arn:group", ("no release", "0 tasks", "health not read")),
        ("alarms", ("no release", "0 tasks", "")),
    ],
    ids=["all", "services", "definition", "health", "something else"],
)
def test_what_was_not_read_is_not_said_to_be_absent(part, said):
    blank = made.color("blue", 100, 0, git_sha=None, digest=None, task_definition="arn:one", target_group="arn:group")
    given = made.environment(services=[made.service(colors=[blank])], problems=[{"part": part, "message": "denied"}])
    found = scene.backend(given).services[0].colors[0]
    assert (found.release, found.tasks, found.note[0]) == said


def test_zones_have_their_subnets():
    drawn = scene.backend(made.environment(zones=2))
    assert [(zone.name, zone.public, zone.private) for zone in drawn.zones] == [
        ("us-east-1a", "10.30.0.0/19", "10.30.128.0/19"),
        ("us-east-1b", "10.30.32.0/19", "10.30.160.0/19"),
    ]
    assert drawn.zones[1].titles[1] == "subnet: subnet-private-1\nname: private-1"
    assert (drawn.vpc, drawn.vpc_title.splitlines()[1:]) == ("VPC · 10.30.0.0/16", ["NAT: none", "flow log: True"])


def test_a_zone_is_known_from_either_side():
    lone = {"id": "subnet-1", "name": "one", "cidr": "10.0.0.0/24", "zone": "us-east-1b", "kind": "public"}
    drawn = scene.backend({"network": {"zones": ["us-east-1a"], "subnets": [lone]}})
    assert [(zone.name, zone.public, zone.private) for zone in drawn.zones] == [
        ("us-east-1a", "", ""),
        ("us-east-1b", "10.0.0.0/24", ""),
    ]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, "HTTPS 443 · preview HTTPS 8443"),
        ({"firewall": "wall"}, "HTTPS 443 · preview HTTPS 8443 · firewall wall"),
        ({"listeners": []}, "slipway-production"),
        (
            {
                "listeners": [
                    {"port": 80, "protocol": "HTTP", "kind": "redirect"},
                    {"port": 8443, "protocol": "HTTPS", "kind": "preview"},
                    {"port": 443, "protocol": "HTTPS", "kind": "production"},
                ]
            },
            "HTTPS 443 · preview HTTPS 8443 · redirect HTTP 80",
        ),
    ],
    ids=["two listeners", "firewall", "none", "redirect"],
)
def test_the_load_balancer_has_its_listeners(more, said):
    given = made.environment()
    assert scene.backend({**given, "load_balancer": {**given["load_balancer"], **more}}).balancer.about == said


def test_services_stand_as_their_rules_are_asked_and_workers_last():
    services = [made.worker("a"), made.service("c", 2), made.service("b", 1), made.service("d", priority=None)]
    assert [each.name for each in scene.backend(made.environment(services=services)).services] == ["d", "b", "c", "a"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, ("scales 2 to 6", words.DIM)),
        ({"scaling": None}, ("", words.DIM)),
        ({"scaling": {"min": 2, "max": 6, "suspended": True}}, ("scaling suspended", words.BAD)),
        ({"lock": {"holder": "ada", "until": "2026-11-24T20:00:00Z"}}, ("deployment running", words.INK)),
        ({"alarms": [{"name": "a", "state": "ALARM"}, {"name": "b", "state": "OK"}]}, ("1 alarm", words.BAD)),
        ({"alarms": [{"name": "a", "state": "ALARM"}] * 2, "lock": {"holder": "ada"}}, ("2 alarms", words.BAD)),
    ],
    ids=["scaling", "none", "suspended", "lock", "alarm", "alarms first"],
)
def test_the_mark_is_what_an_operator_should_see_first(more, said):
    assert only(**more).mark == said


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, "/*"),
        ({"host": "api.example.com", "path_patterns": ["/v1/*", "/v2/*"]}, "api.example.com /v1/* /v2/*"),
        ({"host": None, "path_patterns": []}, ""),
        ({"scheduled": [{"name": "report", "schedule": "rate(1 hour)"}]}, "/* · 1 schedule"),
        ({"kind": "worker", "host": "ignored"}, "worker"),
    ],
    ids=["path", "host", "neither", "schedule", "worker"],
)
def test_a_service_says_what_leads_to_it(more, said):
    assert only(**more).about == said


def test_a_service_stands_where_its_tasks_are():
    assert not only().private
    assert only(colors=[made.color("blue", 100, 2, subnets=["subnet-private-0"])]).private
    assert not only(colors=[made.color("blue", 100, 2, subnets=None)]).private


@pytest.mark.parametrize(
    ("weights", "shares"),
    [
        ((100, 0), [100, 0]),
        ((90, 10), [90, 10]),
        ((0, 0), [0, 0]),
        ((999, 1), [99, 1]),
        ((1, 998), [1, 99]),
        ((1, 1), [50, 50]),
        ((None, 256), [None, 100]),
    ],
    ids=["one", "both", "nobody", "hardly green", "hardly blue", "halves", "no rule"],
)
def test_a_share_never_hides_a_request(weights, shares):
    given = [made.color(name, weight, 1) for name, weight in zip(("blue", "green"), weights, strict=True)]
    assert [each.share for each in only(colors=given).colors] == shares


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, "2 tasks"),
        ({"running": 1, "desired": 1}, "1 task"),
        ({"running": 1, "desired": 3}, "1/3 tasks"),
        ({"running": None, "desired": None}, "0 tasks"),
    ],
    ids=["all", "one", "some", "none"],
)
def test_tasks_are_counted(more, said):
    assert color(**more).tasks == said


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"git_sha": "0123456789abcdef"}, "0123456"),
        ({"git_sha": None, "digest": "sha256:fedcba9876543210"}, "sha256:fedcba9"),
        ({"git_sha": None, "digest": None}, "no release"),
    ],
    ids=["commit", "digest", "neither"],
)
def test_a_release_has_the_shortest_name_there_is(more, said):
    assert color(**more).release == said


GREEN = {"preview_weight": 0, "healthy": 2, "targets": 2}


@pytest.mark.parametrize(
    ("service", "green", "said"),
    [
        ({}, {}, ("2 healthy", words.DIM)),
        ({}, {"healthy": 1}, ("1/2 healthy", words.BAD)),
        ({}, {"healthy": 0, "targets": 0}, ("", words.DIM)),
        ({}, {"preview_weight": 100}, ("preview", words.INK)),
        ({}, {"preview_weight": 100, "running": 0}, ("2 healthy", words.DIM)),
        ({"awaiting_approval": "green"}, {"preview_weight": 100}, ("awaits a person", words.INK)),
        ({"warm": {"color": "green", "until": "2026-11-24T20:30:00Z"}}, {}, ("warm until 20:30", words.INK)),
        ({"warm": {"color": "blue", "until": "2026-11-24T20:30:00Z"}}, {}, ("2 healthy", words.DIM)),
        ({"warm": {"color": "green", "until": None}}, {}, ("2 healthy", words.DIM)),
    ],
    ids=["healthy", "not all", "none", "preview", "gone", "approval", "warm", "other warm", "warm, unknown"],
)
def test_a_color_says_how_it_is(service, green, said):
    colors = [made.color("blue", 100, 2), made.color("green", 0, 2) | GREEN | green]
    assert only(colors=colors, **service).colors[1].note == said


def test_tasks_without_a_color_have_no_share():
    worker = scene.backend(made.environment(services=[made.worker()])).services[0]
    assert [(each.name, each.tone, each.share) for each in worker.colors] == [("tasks", "plain", None)]
    rows = only(workers=[{"name": "tally", "running": 0, "desired": 1, "digest": "sha256:1"}]).colors
    assert (rows[2].name, rows[2].tone, rows[2].share, rows[2].release) == ("worker tally", "plain", None, "")
    assert (rows[2].tasks, rows[2].title) == ("0/1 task", "digest: sha256:1")


def test_titles_have_what_is_too_long_to_be_shown():
    assert f"digest: {made.digest('apiblue')}" in color(digest=made.digest("apiblue")).title.splitlines()
    assert "subnets: subnet-public-0, subnet-public-1" in color().title
    assert "scheduled: report (rate(1 hour))" in only(scheduled=[{"name": "report", "schedule": "rate(1 hour)"}]).title


@pytest.mark.parametrize(
    ("count", "lines"),
    [(1, ["p0"]), (4, ["p0", "p1", "p2", "p3"]), (6, ["p0", "p1", "p2", "and 3 more"])],
    ids=["one", "four", "six"],
)
def test_providers_are_named_as_far_as_there_is_room(count, lines):
    providers = [{"name": f"p{at}", "url": None} for at in range(count)]
    services = [made.service(providers=providers), made.service("b", 1, providers=providers[:1])]
    found = scene.backend(made.environment(services=services)).targets[0]
    assert [line for line, _ in found.lines] == lines
    assert found.title.splitlines()[0] == "p0: used by api, b"


@pytest.mark.parametrize(
    ("nat", "said"), [("none", ""), ("single", "by one NAT"), ("per_zone", "by NAT"), (None, "")], ids=str
)
def test_requests_leave_by_nat_or_not(nat, said):
    assert targets(nat=nat)["providers"].below == (said, words.DIM)


def test_a_service_without_providers_reaches_none():
    assert [each.kind for each in scene.backend(made.environment(services=[made.service(providers=[])])).targets] == [
        "s3",
        "atlas",
    ]


def test_an_endpoint_that_is_not_available_says_so():
    assert targets()["s3"].up
    pending = targets(s3_endpoint={"id": "vpce-1", "state": "pending"})["s3"]
    assert (pending.up, pending.lines[-1]) == (False, ("pending", words.BAD))
    assert "s3" not in targets(s3_endpoint=None)


@pytest.mark.parametrize(
    ("peering", "atlas", "said"),
    [
        ({}, {}, ("VPC peering", words.DIM, True, True)),
        ({"state": "pending-acceptance"}, {}, ("pending acceptance", words.BAD, True, False)),
        ({"state": None}, {"peering_state": "AVAILABLE"}, ("VPC peering", words.DIM, True, True)),
        ({"state": None}, {"peering_state": "INITIATING"}, ("initiating", words.BAD, True, False)),
        (None, {}, ("", words.DIM, False, False)),
        ({}, None, ("VPC peering", words.DIM, True, True)),
    ],
    ids=["active", "pending", "as Atlas says", "initiating", "not peered", "Atlas not asked"],
)
def test_the_peering_says_whether_it_carries_anything(peering, atlas, said):
    given = made.environment(network=made.network(2))
    given["network"]["peering"] = None if peering is None else given["network"]["peering"] | peering
    given["atlas"] = None if atlas is None else given["atlas"] | atlas
    found = {each.kind: each for each in scene.backend(given).targets}["atlas"]
    assert (*found.label, found.connected, found.up) == said


@pytest.mark.parametrize(
    ("cluster", "lines"),
    [("shop", ["shop"]), ({"name": "shop", "state": "IDLE"}, ["shop"]), (None, [])],
    ids=["name", "document", "none"],
)
def test_a_cluster_is_named(cluster, lines):
    given = made.environment(atlas={"project_id": "p", "peering_state": "AVAILABLE", "cluster": cluster})
    assert [line for line, _ in scene.backend(given).targets[-1].lines] == lines


def test_without_atlas_there_is_none():
    assert [
        each.kind for each in scene.backend(made.environment(atlas=None, network=made.network(2, peering=None))).targets
    ] == [
        "providers",
        "s3",
    ]


def test_gpu_hosts_stand_in_their_zones():
    hosts = [
        {"id": "i-1", "type": "g5.12xlarge", "zone": "us-east-1b", "state": "InService", "lifecycle": "spot"},
        {"id": "i-2", "type": "g5.48xlarge", "zone": "elsewhere", "state": "Pending", "lifecycle": "on-demand"},
    ]
    found = scene.backend(made.environment(gpu=made.gpu(hosts=hosts, model=None))).gpu
    assert [(host.column, host.name, host.about) for host in found.hosts] == [
        (1, "g5.12xlarge", ("InService, spot", words.DIM)),
        (0, "g5.48xlarge", ("Pending", words.INK)),
    ]
    assert (found.about, found.cost) == ("slipway-production-llm", "$0.00 an hour")


@pytest.mark.parametrize("gpu", [None, made.gpu()], ids=["none", "no hosts"])
def test_gpu_hosts_are_drawn_only_if_there(gpu):
    assert scene.backend(made.environment(gpu=gpu)).gpu is None


def test_a_price_that_nobody_knows_is_not_given():
    assert scene.backend(made.environment(gpu=made.gpu("us-east-1a", cost_per_hour_usd=None))).gpu.cost == ""
