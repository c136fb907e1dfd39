# SPDX-License-Identifier: GPL-3.0-or-later
"""ECS clusters. Services, deployments and tasks are real and not moto's: localcloud.ecs."""

from __future__ import annotations

from typing import Any

from moto.ecs.models import Cluster, EC2ContainerServiceBackend

from localcloud.mends.patch import wrap


def install() -> None:
    """Put the mends in place."""
    wrap(Cluster, "__init__", _with_capacity_providers)
    wrap(EC2ContainerServiceBackend, "create_cluster", _once)
    wrap(EC2ContainerServiceBackend, "list_clusters", _active)


def _with_capacity_providers(original: Any, self: Cluster, *args: Any, **kwargs: Any) -> None:
    """A cluster without capacity providers shows empty lists.

    moto leaves the members out, and community.aws.ecs_cluster, which reads both, crashes on its second run. See the
    sample response of https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeClusters.html.
    """
    original(self, *args, **kwargs)
    self.capacity_providers = self.capacity_providers or []
    self.default_capacity_provider_strategy = self.default_capacity_provider_strategy or []


def _once(original: Any, self: EC2ContainerServiceBackend, cluster_name: str, *args: Any, **kwargs: Any) -> Cluster:
    """CreateCluster of a cluster that is ACTIVE answers with that cluster.

    moto puts a new one in its place, which loses the counts and settings of the old one. AWS names are unique and the
    call is idempotent (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html).
    """
    existing = self.clusters.get(cluster_name)
    if existing is not None and existing.status == "ACTIVE":
        return existing
    return original(self, cluster_name, *args, **kwargs)


def _active(original: Any, self: EC2ContainerServiceBackend) -> list[str]:  # noqa: ARG001 -- nothing of moto's answer stays
    """A deleted cluster is listed no more.

    moto lists it for ever. On AWS it is INACTIVE, and may be described but is not to be relied on
    (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteCluster.html).
    """
    return [cluster.arn for cluster in self.clusters.values() if cluster.status == "ACTIVE"]
