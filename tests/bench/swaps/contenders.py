# SPDX-License-Identifier: GPL-3.0-or-later
"""The contenders: what each one's user types to deploy an image, and to go back to the one before."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.swaps.cloud import NEW, OLD, PREFIX, SERVICE

if TYPE_CHECKING:
    from tests.bench.swaps.cloud import Cloud

HERE = Path(__file__).parent
# Seconds between two looks of the community.aws playbook.
COMMUNITY_DELAY = 5


@dataclass(frozen=True)
class Contender:
    """name: of its service too. title: for the table."""

    name: str
    title: str

    def deploy(self, cloud: Cloud) -> list[str]:
        """The command that brings the new image."""
        raise NotImplementedError

    def back(self, cloud: Cloud) -> list[str]:
        """The command that brings the previous release back, made while the new one is deployed."""
        raise NotImplementedError

    def note(self, cloud: Cloud) -> None:
        """Look at what the way back will need, before the deployment."""

    def reset(self, cloud: Cloud) -> None:
        """After the way back: the state from which every round begins."""
        cloud.settle(self.name)


class Slipway(Contender):
    """deploy_backend.yml and rollback_backend.yml, as a whole."""

    def _command(self, cloud: Cloud, playbook: str, *extra: str) -> list[str]:
        files = ["-i", "inventories/local", f"playbooks/{playbook}.yml"]
        return ["ansible-playbook", *files, "-e", f"@{cloud.variables}", *extra]

    def deploy(self, cloud: Cloud) -> list[str]:
        return self._command(cloud, "deploy_backend", "-e", f"image={cloud.images[NEW]}")

    def back(self, cloud: Cloud) -> list[str]:
        return self._command(cloud, "rollback_backend")

    def reset(self, cloud: Cloud) -> None:
        cloud.cool()


class EcsDeploy(Contender):
    """fabfuel's `ecs deploy`, with its defaults: it waits, and deregisters the previous revision."""

    def _command(self, image: str) -> list[str]:
        return ["ecs", "deploy", PREFIX, self.name, "--image", SERVICE, image]

    def deploy(self, cloud: Cloud) -> list[str]:
        return self._command(cloud.images[NEW])

    def back(self, cloud: Cloud) -> list[str]:
        return self._command(cloud.images[OLD])


class Community(Contender):
    """A playbook with community.aws: ecs_taskdefinition, ecs_service with force_new_deployment, ecs_service_info."""

    def _command(self, cloud: Cloud, image: str) -> list[str]:
        service = cloud.describe(self.name)
        network = service["networkConfiguration"]["awsvpcConfiguration"]
        variables = {
            "service_name": self.name,
            "cluster": PREFIX,
            "delay": COMMUNITY_DELAY,
            "load_balancers": service["loadBalancers"],
            "network": {
                "subnets": network["subnets"],
                "security_groups": network["securityGroups"],
                "assign_public_ip": network["assignPublicIp"] == "ENABLED",
            },
            "definition": cloud.definition(self.name, service["taskDefinition"]),
        }
        path = cloud.folder / "community.json"
        path.write_text(json.dumps(variables))
        return ["ansible-playbook", str(HERE / "community.yml"), "-e", f"@{path}", "-e", f"image={image}"]

    def deploy(self, cloud: Cloud) -> list[str]:
        return self._command(cloud, cloud.images[NEW])

    def back(self, cloud: Cloud) -> list[str]:
        return self._command(cloud, cloud.images[OLD])


@dataclass(frozen=True)
class Rolling(Contender):
    """UpdateService through boto3 and its services_stable waiter. poll: seconds between looks, None for boto3's 15."""

    poll: int | None = None

    def _command(self, *what: str) -> list[str]:
        poll = ["--poll", str(self.poll)] if self.poll else []
        return [sys.executable, "-m", "tests.bench.swaps.rolling", PREFIX, self.name, *what, *poll]

    def note(self, cloud: Cloud) -> None:
        (cloud.folder / self.name).write_text(cloud.describe(self.name)["taskDefinition"])

    def deploy(self, cloud: Cloud) -> list[str]:
        return self._command("--image", cloud.images[NEW])

    def back(self, cloud: Cloud) -> list[str]:
        return self._command("--revision", (cloud.folder / self.name).read_text())


CONTENDERS: tuple[Contender, ...] = (
    Slipway(SERVICE, "Slipway"),
    EcsDeploy("ecs-deploy", "ecs-deploy 1.17"),
    Community("community", "community.aws.ecs_service"),
    Rolling("boto3", "boto3, services_stable (looks each 15 s)"),
    Rolling("boto3-eager", "boto3, services_stable (looks each 1 s)", 1),
)
