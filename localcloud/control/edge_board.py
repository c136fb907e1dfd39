# SPDX-License-Identifier: GPL-3.0-or-later
"""What control shares about the edge, between the bridge that feeds it, the admin API and the mends."""

from __future__ import annotations

import threading

#: Set when something that the edge's configuration is made of may have changed, or an invalidation was asked for.
CHANGED = threading.Event()


class EdgeBoard:
    """attached: an edge process carries invalidations out, and says when it has.

    Without one (a test of the API alone) an invalidation is complete when its time is up.
    invalidation_delay: seconds from CreateInvalidation until the edge drops the objects; deploy_delay: seconds from a
    change of a distribution until its status is Deployed.
    """

    def __init__(self) -> None:
        self.attached = False
        self.invalidation_delay = 2.0
        self.deploy_delay = 0.5


EDGE = EdgeBoard()
