# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the control process together: mends, accounts, the ECS controller, the ALB bridge, the HTTP server."""

from __future__ import annotations

import os

# Read by moto when it is imported. A certificate that is validated by DNS is ISSUED after a second, not a minute.
os.environ.setdefault("MOTO_ACM_VALIDATION_WAIT", "1")
# Or any web page that a user visits could call this API from the browser, and have it run programs.
os.environ["MOTO_DISABLE_GLOBAL_CORS"] = "true"

from localcloud import mends
from localcloud.cloudwatch.evaluator import Evaluator
from localcloud.control import access, admin, bridge, calls, dispatcher, server
from localcloud.ecs.controller import Controller
from localcloud.settings import Settings


class Control:
    """The control process from start to stop."""

    def __init__(self, settings: Settings, alb_in: int, alb_out: int) -> None:
        mends.install()
        dispatcher.install()
        self._bridge = bridge.Bridge(settings, alb_in, alb_out)
        self._controller = Controller(settings)
        self._alarms = Evaluator()
        admin_api = admin.Admin(settings, self._bridge, self._controller)
        keys = access.Keys(settings.accounts)
        log = calls.Calls(keys)
        app = access.Access(dispatcher.Dispatcher(), keys)
        routes = {**admin_api.routes, **log.routes}
        self._server = server.Server(settings.control_host, settings.control_port, app, routes, log)

    def start(self) -> None:
        """Answer the API and drive the data planes."""
        self._bridge.start()
        self._server.start()
        self._controller.start()
        self._alarms.start()

    def stop(self) -> None:
        """Stop the tasks, then everything else."""
        self._alarms.stop()
        self._controller.stop()
        self._server.stop()
