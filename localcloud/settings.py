# SPDX-License-Identifier: GPL-3.0-or-later
"""What every process of one local cloud agrees on, settled once by the supervisor at `up`.

The supervisor writes the settings to STATE/settings.json (mode 0600: they carry the accounts' fake credentials) and
hands that path to the processes that it starts. Nothing in them changes while the cloud runs; what can be changed at
run time (the weight delay) starts from here and lives in the control process.
"""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

REGION = "us-east-1"

#: Marks every process of one cloud in its environment, so that `down` finds the strays of a cloud that was killed.
#: What replaces its child's environment (the tasks of localcloud.ecs) sets it again: `settings.marker`.
MARKER = "SLIPWAY_LOCALCLOUD"


@dataclasses.dataclass(frozen=True, slots=True)
class Account:
    """One AWS account: its environment, its fake credentials, where its first load balancer and distribution answer."""

    name: str
    id: str
    access_key: str
    secret_key: str
    alb_host: str
    alb_port: int
    preview_port: int
    site_host: str = ""
    site_port: int = 0

    @property
    def alb_url(self) -> str:
        """Base URL of the first load balancer's first listener by port."""
        return f"http://{self.alb_host}:{self.alb_port}"

    @property
    def preview_url(self) -> str:
        """Base URL of the first load balancer's second listener by port."""
        return f"http://{self.alb_host}:{self.preview_port}"

    @property
    def site_url(self) -> str:
        """Base URL of the first distribution."""
        return f"http://{self.site_host}:{self.site_port}"


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one local cloud.

    state: the folder with everything that this cloud writes (absolute).
    cloud_id: value of the MARKER variable in each of its processes.
    network: the claimed /16 of loopback as a prefix, "127.N": N.0.1 is control, N.0.2 Atlas, N.1.x are load balancers,
        N.2.x distributions, N.16.x and up tasks.
    endpoint_url: the AWS endpoint, and the admin API under /_localcloud/.
    atlas_url: MongoDB Atlas's API, and its admin API under /_atlas/.
    atlas_proxy: the proxy that leads https://cloud.mongodb.com there.
    images: tables that map images to local programs, later ones win.
    weight_delay: seconds that a change of a rule takes to reach the data plane, at start.
    invalidation_delay: seconds that an invalidation takes, at start.
    """

    state: Path
    cloud_id: str
    network: str
    endpoint_url: str
    atlas_url: str
    atlas_proxy: str
    accounts: tuple[Account, ...]
    images: tuple[Path, ...]
    weight_delay: float
    region: str = REGION
    invalidation_delay: float = 2.0

    @property
    def control_host(self) -> str:
        """The loopback address of the control process."""
        return f"{self.network}.0.1"

    @property
    def control_port(self) -> int:
        """The port of the AWS endpoint."""
        return int(self.endpoint_url.rsplit(":", 1)[1])

    @property
    def scratch(self) -> Path:
        """Folder for whatever a data plane keeps while it runs; removed with the cloud."""
        return self.state / "run"

    @property
    def logs(self) -> Path:
        """Folder of the processes' logs; kept after a crash until the next `up` or `down`."""
        return self.state / "log"

    @property
    def marker(self) -> dict[str, str]:
        """The variable to set in the environment of every process that is started for this cloud."""
        return {MARKER: self.cloud_id}

    def account(self, account_id: str) -> Account | None:
        """The account with this id, None for one that moto made up on the way."""
        return next((account for account in self.accounts if account.id == account_id), None)

    def save(self, path: Path) -> None:
        """Write the settings for the other processes, readable by their owner only."""
        tables = [str(table) for table in self.images]
        data = dataclasses.asdict(self) | {"state": str(self.state), "images": tables}
        write_private(path, json.dumps(data, indent=1))

    @classmethod
    def load(cls, path: Path) -> Settings:
        """Read what save() wrote."""
        data: dict[str, Any] = json.loads(path.read_text())
        accounts = tuple(Account(**account) for account in data.pop("accounts"))
        tables = tuple(Path(table) for table in data.pop("images"))
        return cls(state=Path(data.pop("state")), accounts=accounts, images=tables, **data)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
    draft.replace(path)
