# SPDX-License-Identifier: GPL-3.0-or-later
"""What CloudFront keeps of one account. Configurations are dictionaries in the API's own names, as AWS fills them in.

They live inside moto's backend, so that a reset takes them along and the tagging API finds them. Times are datetimes
for the API and monotonic seconds for what falls due.
"""

from __future__ import annotations

import dataclasses
import datetime
import secrets
import string
import time
from collections.abc import Iterator
from typing import Any

from moto.cloudfront.models import CloudFrontBackend, cloudfront_backends
from moto.cloudfront.responses import CloudFrontResponse

from localcloud.control.edge_board import EDGE

type Config = dict[str, Any]

_LETTERS = string.ascii_uppercase + string.digits


def new_id(length: int = 13) -> str:
    """An id as CloudFront makes them: E and capital letters and digits."""
    return "E" + "".join(secrets.choice(_LETTERS) for _ in range(length - 1))


def _domain() -> str:
    return "d" + "".join(secrets.choice(_LETTERS.lower()) for _ in range(13)) + ".cloudfront.net"


def now() -> datetime.datetime:
    """The time for the API, to the second, as CloudFront's answers have it."""
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0)


@dataclasses.dataclass(slots=True)
class Invalidation:
    """paths: as they were given, `#` before a cache tag. due: monotonic time from which the edge drops the objects."""

    id: str
    paths: list[str]
    reference: str
    created: datetime.datetime
    due: float
    sent: bool = False
    done: bool = False

    @property
    def completed(self) -> bool:
        """Whether it is carried out."""
        return self.done or (not EDGE.attached and time.monotonic() >= self.due)


@dataclasses.dataclass(slots=True)
class Distribution:
    """config: DistributionConfig with all defaults filled in. deployed_at: monotonic time."""

    account_id: str
    config: Config
    id: str = dataclasses.field(default_factory=new_id)
    domain_name: str = dataclasses.field(default_factory=_domain)
    etag: str = dataclasses.field(default_factory=new_id)
    modified: datetime.datetime = dataclasses.field(default_factory=now)
    deployed_at: float = dataclasses.field(default_factory=lambda: time.monotonic() + EDGE.deploy_delay)
    invalidations: list[Invalidation] = dataclasses.field(default_factory=list)

    @property
    def arn(self) -> str:
        """The ARN, which has no region."""
        return f"arn:aws:cloudfront::{self.account_id}:distribution/{self.id}"

    @property
    def status(self) -> str:
        """InProgress or Deployed."""
        return "Deployed" if time.monotonic() >= self.deployed_at else "InProgress"

    @property
    def location(self) -> str:
        """The Location header of what was created."""
        return f"https://cloudfront.amazonaws.com/2020-05-31/distribution/{self.id}"

    def change(self, config: Config) -> None:
        """Take over another configuration."""
        self.config, self.etag, self.modified = config, new_id(), now()
        self.deployed_at = time.monotonic() + EDGE.deploy_delay

    def behaviors(self) -> Iterator[Config]:
        """All cache behaviors, the default one last."""
        yield from self.config["CacheBehaviors"].get("Items") or ()
        yield self.config["DefaultCacheBehavior"]


@dataclasses.dataclass(slots=True)
class Stage:
    """One stage of a function: what it is there, and since when."""

    config: Config
    code: bytes
    etag: str = dataclasses.field(default_factory=new_id)
    modified: datetime.datetime = dataclasses.field(default_factory=now)


@dataclasses.dataclass(slots=True)
class Function:
    """live: None until it is published."""

    account_id: str
    name: str
    development: Stage
    live: Stage | None = None
    created: datetime.datetime = dataclasses.field(default_factory=now)

    @property
    def arn(self) -> str:
        """The ARN, the same for both stages."""
        return f"arn:aws:cloudfront::{self.account_id}:function/{self.name}"

    def stage(self, name: str) -> Stage | None:
        """DEVELOPMENT or LIVE."""
        return self.live if name == "LIVE" else self.development


@dataclasses.dataclass(slots=True)
class Entity:
    """A policy or an origin access control: a configuration with an id and an ETag. managed: AWS's own."""

    config: Config
    id: str
    managed: bool = False
    etag: str = dataclasses.field(default_factory=new_id)
    modified: datetime.datetime = dataclasses.field(default_factory=now)

    def change(self, config: Config) -> None:
        """Take over another configuration."""
        self.config, self.etag, self.modified = config, new_id(), now()


class Store:
    """One account's entities by kind (the name of their config in the API) and id."""

    def __init__(self, backend: CloudFrontBackend) -> None:
        self.account_id: str = backend.account_id
        # moto's own dictionaries: its tagging API goes over them.
        self.distributions: dict[str, Distribution] = backend.distributions
        self.functions: dict[str, Function] = backend.functions
        self.tagger = backend.tagger
        self.entities: dict[str, dict[str, Entity]] = {}


def store_of(backend: CloudFrontBackend) -> Store:
    """The store inside a backend of moto's."""
    found: Store | None = backend.__dict__.get("localcloud_store")
    if found is None:
        found = backend.__dict__["localcloud_store"] = Store(backend)
    return found


def stores() -> list[Store]:
    """The stores of all accounts. Caller holds lock.MOTO."""
    return [store_of(backend) for partitions in list(cloudfront_backends.values()) for backend in partitions.values()]


def page(items: list[Any], key: str, marker: str | None, limit: int | None) -> tuple[list[Any], str | None]:
    """The items after the marker, at most `limit` (100), and the marker of the next page if there is one."""
    keys = [getattr(item, key) for item in items]
    start = keys.index(marker) + 1 if marker in keys else 0
    stop = start + (limit or 100)
    return items[start:stop], keys[stop - 1] if stop < len(items) else None


def param(response: CloudFrontResponse, name: str, default: Any = None) -> Any:
    """A member of the request that moto has parsed."""
    return response._get_param(name, default)  # noqa: SLF001


def limit_of(response: CloudFrontResponse) -> int | None:
    """MaxItems of a list operation."""
    limit: int | None = response._get_int_param("MaxItems")  # noqa: SLF001
    return limit
