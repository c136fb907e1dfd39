# SPDX-License-Identifier: GPL-3.0-or-later
"""Layouts: nothing crosses and nothing is covered, in every size that a drawing has to bear."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.diagram import backend, cicd, frontend

from tests.unit.plugins.module_utils.diagram import diagram_environments as made
from tests.unit.plugins.module_utils.diagram.geometry import faults

LONG = "a-service-whose-name-fills"
PUBLIC = {"subnets": ["subnet-public-0"]}
PRIVATE = {"subnets": ["subnet-private-0"]}


def crowd(count: int, *, full: bool) -> list[dict]:
    """So many services: small ones, or each with as much to say as there can be."""
    if not full:
        return [made.service(f"svc{at}" if at else "api", at) for at in range(count)]
    return [
        made.service(
            f"{LONG[:-1]}{at}",
            at,
            (998, 1),
            host="a-rather-long-host-name.production.example.com",
            path_patterns=["/one/*", "/another/*", "/and/one/more/*"],
            colors=[
                made.color("blue", 998, 120, healthy=101, running=119, **(PRIVATE if at % 2 else PUBLIC)),
                made.color("green", 1, 12, git_sha=None, **(PRIVATE if at % 2 else PUBLIC)),
            ],
            workers=[{"name": "a-worker-with-a-long-name", "running": 1, "desired": 10, "digest": made.digest("w")}],
            warm={"color": "green", "until": "2026-11-24T20:30:00Z"},
            scheduled=[{"name": "report", "schedule": "rate(5 minutes)", "digest": None}] * 3,
            alarms=[{"name": "x", "state": "ALARM"}] * 12,
            providers=[{"name": f"a-provider-with-a-long-name-{at}-{n}", "url": None} for n in range(2)],
        )
        for at in range(count)
    ]


def environment(zones: int, services: int, *, full: bool, name: str = "production") -> dict:
    given = made.environment(name, zones, services=crowd(services, full=full))
    if not full:
        return given
    names = given["network"]["zones"]
    given["network"] |= {"nat": "per_zone", "s3_endpoint": {"id": "vpce-1", "state": "pendingAcceptance"}}
    given["network"]["peering"] |= {"state": "pending-acceptance", "atlas_cidr": "192.168.240.0/21"}
    given["load_balancer"] |= {"firewall": "a-web-acl-with-a-rather-long-name-in-production"}
    given["gpu"] = made.gpu(*names, names[0], names[-1], model="a-model-with-a-long-name-70b-instruct-awq")
    given["site"] |= {"aliases": ["a-long-name-of-the-application.example.com"] * 3, "invalidations_in_progress": 12}
    given["ci"] |= {"repositories": [f"an-organization/a-repository-{at}" for at in range(9)]}
    given["problems"] = [{"part": "alarms", "message": "AccessDenied: " + "no " * 90}] * 2
    return given


@pytest.mark.parametrize("full", [False, True], ids=["small", "full"])
@pytest.mark.parametrize("zones", [1, 2, 3])
def test_no_picture_has_a_fault(zones, full):
    for services in range(1, 7):
        given = environment(zones, services, full=full)
        first = environment(zones, services, full=full, name="staging")
        assert faults(backend.draw(given)) == {}
        assert faults(frontend.draw(given)) == {}
        assert faults(cicd.draw([given, first])) == {}


def bare(subnets):
    """A network that has subnets of these kinds alone."""
    network = made.network(2)
    return network | {"subnets": [subnet for subnet in network["subnets"] if subnet["kind"] in subnets]}


SPARSE = {
    "nothing": {"network": None, "load_balancer": None, "services": [], "site": None, "atlas": None, "ci": None},
    "network alone": {"load_balancer": None, "services": [], "atlas": None},
    "no traffic": {"load_balancer": None, "services": [], "atlas": None, "network": made.network(2, peering=None)},
    "no services": {"services": []},
    "no load balancer": {"load_balancer": None, "services": [made.worker()]},
    "workers alone": {"services": [made.worker(), made.worker("other")]},
    "public subnets alone": {"network": bare(["public"])},
    "private subnets alone": {"network": bare(["private"]), "services": [made.service(colors=[])]},
    "all in private subnets": {"services": [made.service(colors=[made.color("blue", 100, 2, **PRIVATE)])]},
    "hosts without services": {"services": [], "gpu": made.gpu("us-east-1a")},
    "hosts among workers": {"services": [made.worker()], "gpu": made.gpu("us-east-1b"), "atlas": None},
    "nothing outside": {"network": bare(["public"]) | {"s3_endpoint": None, "peering": None}, "atlas": None},
    "atlas not peered": {"network": made.network(2, peering=None)},
    "no firewall": {"site": made.site(firewall=None)},
    "nobody may deploy": {"ci": made.ci(repositories=[])},
    "no gate": {"ci": made.ci(gate=None)},
    "a mark and no room": {"services": [made.service("w" * 60, lock={"holder": "a"})]},
}


@pytest.mark.parametrize("more", SPARSE.values(), ids=SPARSE)
def test_what_is_missing_leaves_no_fault(more):
    given = made.environment(**more)
    assert faults(backend.draw(given)) == {}
    assert faults(frontend.draw(given)) == {}
    assert faults(cicd.draw([given])) == {}


def test_an_environment_that_was_not_read_is_not_drawn_as_empty():
    nothing = {"network": None, "load_balancer": None, "services": [], "site": None, "atlas": None}
    unread = [{"part": "environment", "message": "wrong account"}]
    for problems, said in ((unread, True), ([], False)):
        given = made.environment(**nothing, problems=problems, ci=made.ci(repositories=[]))
        texts = [text.value for drawn in (backend.draw(given), frontend.draw(given)) for text in drawn.texts]
        texts += [text.value for text in cicd.draw([given]).texts]
        absent = {"No network is here.", "No site is here.", "no services", "no repository may deploy here"}
        assert absent & set(texts) == (set() if said else absent)
        assert ({"The network was not read.", "The site was not read.", "not read"} <= set(texts)) == said


def test_what_is_not_there_is_not_drawn():
    def names(**more):
        return {text.value for text in backend.draw(made.environment(**more)).texts}

    assert {"GPU hosts", "MongoDB Atlas", "LLM providers", "Users"} - names(gpu=made.gpu("us-east-1a")) == set()
    assert "GPU hosts" not in names()
    assert not {"MongoDB Atlas", "LLM providers", "Users"} & names(**SPARSE["no traffic"])


def test_weights_stand_on_their_arrows():
    drawn = backend.draw(made.environment(services=[made.service(), made.service("b", 1, (90, 10))]))
    pills = [(text.value, text.tone) for text in drawn.texts if text.pill]
    assert pills == [("100 %", "blue"), ("0 %", "faint"), ("90 %", "blue"), ("10 %", "green")]
    arrows = [(edge.tone, edge.dashed) for edge in drawn.edges if edge.net == "traffic" and edge.heads]
    assert arrows == [("blue", False), ("faint", True), ("blue", False), ("green", False)]
