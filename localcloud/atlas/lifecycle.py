# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes on in Atlas without a request: peers, entries and clusters move from state to state."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from localcloud.atlas import access

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from localcloud.atlas.aws import Aws
    from localcloud.atlas.store import Delays, Peer, Project

_LOG = logging.getLogger(__name__)
_TICK = 0.05
#: Seconds between two looks at a peering that waits for somebody on the AWS side.
_LOOK = 0.15


class Lifecycle:
    """Moves everything that is due; the only one that talks to AWS."""

    def __init__(self, projects: Iterable[Project], aws: Aws, delays: Delays, clock: Callable[[], float]) -> None:
        self._projects = list(projects)
        self._aws = aws
        self._delays = delays
        self._clock = clock

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            for project in self._projects:
                await self.advance(project)
            await asyncio.sleep(_TICK)

    async def advance(self, project: Project) -> None:
        """Move what is due in one project. What AWS refuses is tried again later."""
        now = self._clock()
        for entry in project.access.values():
            if entry.status == "PENDING" and now >= entry.due:
                entry.status = "ACTIVE"
        self._advance_clusters(project, now)
        await self._delete_vpcs(project)
        for peer in list(project.peers.values()):
            if now < peer.due:
                continue
            try:
                await self._advance_peer(project, peer)
            except (BotoCoreError, ClientError) as error:
                _LOG.warning("peer %s: AWS: %s", peer.id, error)
                peer.due = self._clock() + 1.0

    async def _delete_vpcs(self, project: Project) -> None:
        while project.retired:
            region, vpc_id = project.retired.pop()
            try:
                await asyncio.to_thread(self._aws.delete_vpc, region, vpc_id)
            except (BotoCoreError, ClientError) as error:
                _LOG.warning("VPC %s of Atlas stays: %s", vpc_id, error)

    def _advance_clusters(self, project: Project, now: float) -> None:
        for cluster in list(project.clusters.values()):
            if now < cluster.due:
                continue
            if cluster.state == "DELETING":
                del project.clusters[cluster.name]
                container = project.container_of(cluster.region)
                if container:
                    container.settled_at = now + self._delays.settle
            else:
                cluster.state = "IDLE"

    async def _advance_peer(self, project: Project, peer: Peer) -> None:
        if peer.status == "INITIATING":
            await self._ask_aws(peer)
        elif peer.status == "TERMINATING":
            await self._end(project, peer)
        elif peer.status == "FINALIZING":
            peer.status = "AVAILABLE"
        elif peer.status in ("PENDING_ACCEPTANCE", "AVAILABLE"):
            await self._look(peer)

    async def _ask_aws(self, peer: Peer) -> None:
        container = peer.container
        if container.vpc_id is None:
            container.vpc_id = await asyncio.to_thread(self._aws.create_vpc, container.region, container.cidr)
        connection = await asyncio.to_thread(
            self._aws.request_peering,
            container.region,
            container.vpc_id,
            peer.account_id,
            peer.vpc_id,
            peer.accepter_region,
        )
        if peer.status != "INITIATING":  # deleted, or put into a state by a test, while AWS was asked
            peer.connection_id = connection
        elif connection is None:
            peer.status, peer.error = "FAILED", "INVALID_ARGUMENT"
        else:
            peer.status, peer.connection_id = "PENDING_ACCEPTANCE", connection

    async def _look(self, peer: Peer) -> None:
        assert peer.connection_id is not None
        peer.due = self._clock() + _LOOK  # before the wait, during which a request may set it too
        code = await asyncio.to_thread(self._aws.peering_status, peer.container.region, peer.connection_id)
        if peer.status == "PENDING_ACCEPTANCE":
            await self._pending(peer, code)
        elif peer.status == "AVAILABLE" and code == "deleted":
            # Somebody deleted it on the AWS side. Which state Atlas shows then is not documented; FAILED is our guess.
            peer.status = "FAILED"

    async def _pending(self, peer: Peer, code: str) -> None:
        if code == "active":
            peer.status, peer.due = "FINALIZING", self._clock() + self._delays.finalize
        elif code in ("rejected", "deleted"):
            peer.status, peer.error = "FAILED", "REJECTED"
        elif self._clock() > peer.requested_at + self._delays.expire:
            assert peer.connection_id is not None
            await asyncio.to_thread(self._aws.delete_peering, peer.container.region, peer.connection_id)
            peer.status, peer.error = "FAILED", "EXPIRED"

    async def _end(self, project: Project, peer: Peer) -> None:
        if peer.connection_id:
            await asyncio.to_thread(self._aws.delete_peering, peer.container.region, peer.connection_id)
        project.peers.pop(peer.id, None)
        if not project.peers:
            access.drop_security_groups(project)
