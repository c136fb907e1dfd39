# SPDX-License-Identifier: GPL-3.0-or-later
"""What the parts of one site's handler share: the distribution's state, and a request under way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from localcloud.edge.cache_key import Parts
from localcloud.edge.config import Behavior, Config, Site
from localcloud.edge.functions import FunctionError, Runner
from localcloud.edge.journal import Journal
from localcloud.edge.origins import Pools

type Emit = Callable[[Mapping[str, Any]], None]


@dataclass(slots=True)
class Shared:
    """What sites share: connections, the configuration, output."""

    pools: Pools
    config: Config
    tls: object
    emit: Emit


@dataclass(frozen=True, slots=True)
class Asked:
    """A request under way. before: as the viewer sent it; parts: as the function left it; started: monotonic."""

    request: web.BaseRequest
    ip: str
    trace: str
    behavior: Behavior
    before: Parts
    parts: Parts
    started: float


@dataclass(slots=True)
class State:
    """One distribution: its configuration, its loaded functions, its access log."""

    site: Site
    shared: Shared
    journal: Journal = field(default_factory=Journal)
    _runners: dict[str, Runner | FunctionError] = field(default_factory=dict)

    def change(self, site: Site) -> None:
        """Take over a configuration."""
        if site.functions != self.site.functions:
            self._runners.clear()
        self.site = site

    def runner(self, arn: str) -> Runner:
        """A function, loaded. Raises FunctionError."""
        found = self._runners.get(arn)
        if found is None:
            function = self.site.functions.get(arn)
            try:
                if function is None:
                    raise FunctionError("the function is not published")
                found = Runner(function.code, function.runtime)
            except FunctionError as error:
                found = error
            self._runners[arn] = found
        if isinstance(found, FunctionError):
            raise found
        return found

    def function_failed(self, arn: str, error: FunctionError) -> None:
        """Say what went wrong in a function, for control's log."""
        self.shared.emit({"type": "error", "message": f"{self.site.id}: function {arn}: {error}"})
