# SPDX-License-Identifier: GPL-3.0-or-later
"""A VPC and a project to peer, and the module run on them as Ansible runs it."""

from __future__ import annotations

import contextlib
import io
import json

from ansible.module_utils.testing import patch_module_args
from ansible_collections.slipway.ops.plugins.modules import atlas_peering

from tests.unit.atlas_cloud import REGION

CIDR = "10.8.0.0/21"
GROUP = "sg-0123456789abcdef0"


class Playground:
    def __init__(self, cloud, region=REGION):
        self.cloud = cloud
        self.identity = cloud.project()
        self.ec2 = cloud.client(region=region)
        self.region = region
        self.vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.tables = [self.ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"] for _ in range(2)]
        self.auth = "service_account"

    @property
    def project(self):
        return self.cloud.atlas.projects[self.identity.project]

    @property
    def peer(self):
        (peer,) = self.project.peers.values()
        return peer

    def hold(self, status):
        """Put the peer into a state in which the lifecycle leaves it."""
        self.peer.status, self.peer.due = status, 1e12

    def arguments(self, **changes):
        entries = [{"security_group": GROUP, "comment": "tasks"}, {"cidr_block": "10.0.0.0/16"}]
        given = {
            "project_id": self.identity.project,
            "vpc_id": self.vpc,
            "atlas_cidr": CIDR,
            "route_table_ids": self.tables,
            "access_list": entries,
            "auth": self.auth,
            "client_id": self.identity.client_id,
            "client_secret": self.identity.client_secret,
            "public_key": self.identity.public_key,
            "private_key": self.identity.private_key,
            "base_url": self.cloud.url,
            "poll_interval": 0.03,
            "wait_timeout": 20,
            "region": self.region,
            "endpoint_url": self.cloud.aws_url,
            "access_key": "testing",
            "secret_key": "testing",
        }
        return {name: value for name, value in (given | changes).items() if value is not None}

    def run(self, check=False, **changes):
        """Run the module; its JSON."""
        extra = {"_ansible_check_mode": check, "_ansible_diff": True, "_ansible_remote_tmp": "build"}
        output = io.StringIO()
        given = self.arguments(**changes) | extra
        with patch_module_args(given), contextlib.redirect_stdout(output), contextlib.suppress(SystemExit):
            atlas_peering.main()
        return json.loads(output.getvalue())

    def ok(self, check=False, **changes):
        result = self.run(check, **changes)
        assert not result.get("failed"), result["msg"]
        return result

    def fails(self, **changes):
        result = self.run(**changes)
        assert result.get("failed"), result
        assert "\n" not in result["msg"]
        return result

    def routes(self):
        """Table -> {destination: target} of peering routes."""
        tables = self.ec2.describe_route_tables(RouteTableIds=self.tables)["RouteTables"]
        return {
            table["RouteTableId"]: {
                route["DestinationCidrBlock"]: route["VpcPeeringConnectionId"]
                for route in table["Routes"]
                if route.get("VpcPeeringConnectionId")
            }
            for table in tables
        }

    def connection(self, name=None):
        name = name or self.peer.connection_id
        return self.ec2.describe_vpc_peering_connections(VpcPeeringConnectionIds=[name])["VpcPeeringConnections"][0]


def actions(result):
    return [step["name"].split(":")[0] for step in result["steps"]]
