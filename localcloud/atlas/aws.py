# SPDX-License-Identifier: GPL-3.0-or-later
"""The AWS half: Atlas's own AWS account, used through the ordinary EC2 API."""

from __future__ import annotations

import threading
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from localcloud.atlas.store import aws_region

#: The AWS account that Atlas's networks are in.
ACCOUNT = "464646464646"


class Aws:
    """Calls of Atlas's account. Blocking: run them in a thread; one client a region, made when it is first needed."""

    def __init__(self, endpoint_url: str, access_key: str, secret_key: str) -> None:
        self._endpoint_url = endpoint_url
        self._keys = {"aws_access_key_id": access_key, "aws_secret_access_key": secret_key}
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def _ec2(self, region: str) -> Any:
        with self._lock:
            if region not in self._clients:
                self._clients[region] = self._client("ec2", region, self._assume(region))
            return self._clients[region]

    def _assume(self, region: str) -> dict[str, str]:
        """Credentials of Atlas's account, as any AWS tool gets those of another account."""
        role = f"arn:aws:iam::{ACCOUNT}:role/atlas"
        got = self._client("sts", region, self._keys).assume_role(RoleArn=role, RoleSessionName="atlas")["Credentials"]
        return {
            "aws_access_key_id": got["AccessKeyId"],
            "aws_secret_access_key": got["SecretAccessKey"],
            "aws_session_token": got["SessionToken"],
        }

    def _client(self, service: str, region: str, keys: dict[str, str]) -> Any:
        config = Config(connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 3, "mode": "standard"})
        return boto3.client(service, region_name=region, endpoint_url=self._endpoint_url, config=config, **keys)

    def create_vpc(self, region: str, cidr: str) -> str:
        """The VPC behind a container; its id."""
        vpc_id: str = self._ec2(aws_region(region)).create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]
        return vpc_id

    def delete_vpc(self, region: str, vpc_id: str) -> None:
        """Remove the VPC behind a container."""
        self._ec2(aws_region(region)).delete_vpc(VpcId=vpc_id)

    def request_peering(self, region: str, vpc_id: str, account: str, peer_vpc: str, peer_region: str) -> str | None:
        """Ask for a VPC peering; its pcx- id, None if AWS says that the other VPC is not there."""
        try:
            answer = self._ec2(aws_region(region)).create_vpc_peering_connection(
                VpcId=vpc_id, PeerOwnerId=account, PeerVpcId=peer_vpc, PeerRegion=peer_region
            )
        except ClientError as error:
            if error.response["Error"]["Code"].startswith("InvalidVpc"):
                return None
            raise
        connection: str = answer["VpcPeeringConnection"]["VpcPeeringConnectionId"]
        return connection

    def peering_status(self, region: str, connection: str) -> str:
        """The AWS status code of a VPC peering, "deleted" if there is none any more."""
        found = self._ec2(aws_region(region)).describe_vpc_peering_connections(VpcPeeringConnectionIds=[connection])
        codes = [entry["Status"]["Code"] for entry in found["VpcPeeringConnections"]]
        return codes[0] if codes else "deleted"

    def delete_peering(self, region: str, connection: str) -> None:
        """Delete a VPC peering; one that is gone is fine."""
        try:
            self._ec2(aws_region(region)).delete_vpc_peering_connection(VpcPeeringConnectionId=connection)
        except ClientError as error:
            if error.response["Error"]["Code"] != "InvalidVpcPeeringConnectionID.NotFound":
                raise
