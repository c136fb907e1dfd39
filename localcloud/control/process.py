# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the control process together: mends, accounts, the ECS controller, the bridges, the HTTP server."""

from __future__ import annotations

import dataclasses
import os

# Read by moto when it is imported. Or any web page that a user visits could call this API from the browser, and have
# it run programs.
os.environ["MOTO_DISABLE_GLOBAL_CORS"] = "true"

from localcloud import mends
from localcloud.cloudwatch.evaluator import Evaluator
from localcloud.control import access, admin, bridge, calls, dispatcher, edge_bridge, s3_origin, server
from localcloud.ecs.controller import Controller
from localcloud.iam import guard
from localcloud.settings import Settings


@dataclasses.dataclass(frozen=True, slots=True)
class Pipes:
    """Descriptors of the pipes to and from the data planes."""

    alb_in: int
    alb_out: int
    edge_in: int
    edge_out: int


class Control:
    """The control process from start to stop."""

    def __init__(self, settings: Settings, pipes: Pipes) -> None:
        mends.install()
        dispatcher.install()
        self._bridge = bridge.Bridge(settings, pipes.alb_in, pipes.alb_out)
        self._edge = edge_bridge.EdgeBridge(settings, pipes.edge_in, pipes.edge_out, self._bridge.places)
        self._controller = Controller(settings)
        self._alarms = Evaluator()
        admin_api = admin.Admin(settings, self._bridge, self._edge, self._controller)
        keys = access.Keys(settings.accounts)
        log, iam = calls.Calls(keys), guard.Guard(account.id for account in settings.accounts)
        app = access.Access(dispatcher.Dispatcher(), keys, iam)
        routes = {**admin_api.routes, **log.routes, **iam.routes, **s3_origin.S3Origin(settings.cloud_id).routes}
        self._server = server.Server(settings.control_host, settings.control_port, app, routes, log)

    def start(self) -> None:
        """Answer the API and drive the data planes."""
        self._bridge.start()
        self._edge.start()
        self._server.start()
        self._controller.start()
        self._alarms.start()

    def stop(self) -> None:
        """Stop the tasks, then everything else."""
        self._alarms.stop()
        self._controller.stop()
        self._server.stop()
