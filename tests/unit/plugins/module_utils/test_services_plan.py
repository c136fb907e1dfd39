# SPDX-License-Identifier: GPL-3.0-or-later
"""Which services a playbook works on, and what is refused."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.services_plan import ServiceHost, ServicesError, select

INPUTS = {"name", "kind", "priority", "port", "workers", "schedules"}
API = {"name": "api", "port": 8080, "priority": 10}
WEB = {"name": "web", "kind": "web", "priority": 20}
JOBS = {"name": "jobs", "kind": "worker"}


def names(hosts):
    return [host.name for host in hosts]


@pytest.mark.parametrize(
    ("services", "arguments", "chosen"),
    [
        ([], {}, []),
        ([API, WEB, JOBS], {}, ["api", "web", "jobs"]),
        ([API, WEB, JOBS], {"only": "web"}, ["web"]),
        ([API, WEB, JOBS], {"only": "jobs", "single": True}, ["jobs"]),
        ([API, JOBS], {"single": True}, ["api"]),
    ],
)
def test_choice(services, arguments, chosen):
    assert names(select(services, inputs=INPUTS, **arguments)) == chosen


def test_every_key_becomes_an_input_of_the_role():
    assert select([API], inputs=INPUTS) == (
        ServiceHost("api", {"ecs_service_name": "api", "ecs_service_port": 8080, "ecs_service_priority": 10}),
    )


@pytest.mark.parametrize(
    ("services", "arguments", "message"),
    [
        ([{"port": 1}], {}, r"services\[1\]: name must be .* got None"),
        ([API, {"name": "a" * 27}], {}, r"services\[2\]: name must be 1 to 26 "),
        ([{"name": "Api"}], {}, "name must be"),
        (
            [{**API, "workers": [{"name": "mail"}]}, {"name": "api-mail", "kind": "worker"}],
            {},
            "both make something named",
        ),
        ([{**API, "workers": [{"name": "a"}], "schedules": [{"name": "a"}]}], {}, "both make something named api-a"),
        ([{"name": "api-"}], {}, "name must be"),
        ([{"name": "4pi"}], {}, "name must be"),
        ([{"name": 7}], {}, "name must be"),
        ([API, API], {}, "services api and api have the same name: api"),
        ([API, {"name": "web", "priority": "10"}], {}, "services api and web have the same priority: 10"),
        ([{"name": "api", "prot": 1, "cpus": 2}], {}, r"services\[1\] \(api\): unknown key cpus, prot;"),
        ([{"name": "local"}], {"taken": {"local"}}, "the inventory has a host named local already"),
        ([API], {"only": "web"}, "no service is named 'web'; this environment has: api"),
        ([], {"only": "web"}, "no service is named 'web'; this environment has: none"),
        ([API, WEB], {"single": True}, "choose a service with -e service=NAME; this environment has: api, web"),
        ([JOBS], {"single": True}, "choose a service with -e service=NAME; this environment has: jobs"),
        # One bad entry is an error even if another service is asked for.
        ([API, {"name": "Web"}], {"only": "api"}, "name must be"),
    ],
)
def test_refused_in_one_line(services, arguments, message):
    with pytest.raises(ServicesError, match=message) as caught:
        select(services, inputs=INPUTS, **arguments)
    assert "\n" not in str(caught.value)
