# SPDX-License-Identifier: GPL-3.0-or-later
"""A task's elastic network interface in moto's EC2, with the task's loopback address. Call under the lock on moto."""

from __future__ import annotations

import contextlib
import itertools
import uuid

from moto.core.exceptions import ServiceException
from moto.ec2.exceptions import EC2ClientError, InvalidNetworkInterfaceIdError
from moto.ec2.models import ec2_backends

from localcloud.ecs.model import Task

_turn = itertools.count()


def attach(task: Task, account_id: str, region: str) -> None:
    """Make the interface in one of the task's subnets, by turns, and note it in the task's attachments.

    LookupError, with ECS's words, when EC2 refuses.
    """
    config = task.network["awsvpcConfiguration"]
    subnet = config["subnets"][next(_turn) % len(config["subnets"])]
    backend = ec2_backends[account_id][region]
    try:
        interface = backend.create_network_interface(
            subnet=subnet,
            private_ip_address=task.address,
            group_ids=config.get("securityGroups") or [],
            description=task.task_arn.partition("/")[0].replace(":task", ":attachment") + f"/{uuid.uuid4()}",
        )
    except (EC2ClientError, ServiceException) as error:
        raise LookupError(
            f"Unexpected EC2 error while attempting to Create Network Interface in subnet '{subnet}': {error.code}"
        ) from error
    task.zone = interface.subnet.availability_zone
    interface.status, interface.device_index = "in-use", 0
    details = {
        "subnetId": subnet,
        "networkInterfaceId": interface.id,
        "macAddress": interface.mac_address,
        "privateDnsName": f"ip-{task.address.replace('.', '-')}.ec2.internal",
        "privateIPv4Address": task.address,
    }
    attachment = {
        "id": str(uuid.uuid4()),
        "type": "ElasticNetworkInterface",
        "status": "ATTACHED",
        "details": [{"name": name, "value": value} for name, value in details.items()],
    }
    task.attachments = [attachment]


def detach(task: Task, account_id: str, region: str) -> None:
    """Delete the interface; its attachment stays listed as DELETED."""
    for attachment in task.attachments:
        interface = next(item["value"] for item in attachment["details"] if item["name"] == "networkInterfaceId")
        with contextlib.suppress(InvalidNetworkInterfaceIdError):
            ec2_backends[account_id][region].delete_network_interface(interface)
        attachment["status"] = "DELETED"
