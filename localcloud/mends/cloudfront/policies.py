# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudFront: cache, origin request and response headers policies, and origin access controls.

moto has no policies at all, and its access controls know neither ETags, names that are taken, nor use. AWS's managed
policies are in every account under their published ids (managed.py). Sources: API_CreateCachePolicy,
API_CreateOriginRequestPolicy, API_CreateResponseHeadersPolicy, API_CreateOriginAccessControl and their neighbors in
https://docs.aws.amazon.com/cloudfront/latest/APIReference/.
"""

from __future__ import annotations

import copy
import dataclasses
import uuid
from collections.abc import Callable
from typing import Any

from moto.cloudfront.responses import CloudFrontResponse
from moto.core.responses import ActionResult, EmptyResult

from localcloud.mends.cloudfront import managed
from localcloud.mends.cloudfront.errors import CloudFrontError, check_etag
from localcloud.mends.cloudfront.store import Config, Entity, Store, limit_of, new_id, page, param, store_of

type Operation = Callable[[CloudFrontResponse], ActionResult]


@dataclasses.dataclass(frozen=True, slots=True)
class Kind:
    """name: as in the operations' names; plural: in the list operation; reference: the member that refers to one."""

    name: str
    plural: str
    words: str
    reference: str
    path: str

    @property
    def config(self) -> str:
        """The configuration's member in requests and answers."""
        return f"{self.name}Config"


#: The policies. The access control is of the same shape but for its list.
KINDS = (
    Kind("CachePolicy", "cache_policies", "cache policy", "CachePolicyId", "cache-policy"),
    Kind(
        "OriginRequestPolicy",
        "origin_request_policies",
        "origin request policy",
        "OriginRequestPolicyId",
        "origin-request-policy",
    ),
    Kind(
        "ResponseHeadersPolicy",
        "response_headers_policies",
        "response headers policy",
        "ResponseHeadersPolicyId",
        "response-headers-policy",
    ),
)
ACCESS_CONTROL = Kind(
    "OriginAccessControl",
    "origin_access_controls",
    "origin access control",
    "OriginAccessControlId",
    "origin-access-control",
)


def entities(store: Store, config: str) -> dict[str, Entity]:
    """One kind's entities by id; the managed ones are there from the start."""
    if config not in store.entities:
        store.entities[config] = {
            policy_id: Entity(copy.deepcopy(policy), policy_id, managed=True)
            for policy_id, policy in managed.POLICIES.get(config, {}).items()
        }
    return store.entities[config]


def operations(kind: Kind) -> dict[str, Operation]:
    """The operations of a kind, by the names under which moto looks them up."""
    api = _Api(kind)
    snake = kind.path.replace("-", "_")
    return {
        f"create_{snake}": _operation(api.create),
        f"get_{snake}": _operation(api.get),
        f"get_{snake}_config": _operation(api.get_config),
        f"list_{kind.plural}": _operation(api.list),
        f"update_{snake}": _operation(api.update),
        f"delete_{snake}": _operation(api.delete),
    }


def _operation(work: Operation) -> Operation:
    """A function that becomes a method of moto's class, which a bound method would not."""

    def operation(self: CloudFrontResponse) -> ActionResult:
        return work(self)

    return operation


class _Api:
    def __init__(self, kind: Kind) -> None:
        self._kind = kind

    def create(self, response: CloudFrontResponse) -> ActionResult:
        """Names are unique in an account."""
        store, config = self._given(response)
        self._check_name(store, config, None)
        policy_id = new_id(14) if self._kind is ACCESS_CONTROL else str(uuid.uuid4())
        entity = Entity(config, policy_id)
        entities(store, self._kind.config)[entity.id] = entity
        location = f"https://cloudfront.amazonaws.com/2020-05-31/{self._kind.path}/{entity.id}"
        return self._answer(entity, Location=location)

    def get(self, response: CloudFrontResponse) -> ActionResult:
        """The entity."""
        return self._answer(self._find(response))

    def get_config(self, response: CloudFrontResponse) -> ActionResult:
        """Its configuration alone."""
        entity = self._find(response)
        return ActionResult({self._kind.config: entity.config, "ETag": entity.etag})

    def update(self, response: CloudFrontResponse) -> ActionResult:
        """Replaces the configuration, if the ETag is the current one."""
        store, config = self._given(response)
        entity = self._find(response)
        self._refuse_managed(entity, "AccessDenied", "update")
        check_etag(param(response, "IfMatch"), entity.etag)
        self._check_name(store, config, entity.id)
        entity.change(config)
        return self._answer(entity)

    def delete(self, response: CloudFrontResponse) -> ActionResult:
        """Only what no distribution refers to."""
        from localcloud.mends.cloudfront.references import refuse_in_use

        entity = self._find(response)
        self._refuse_managed(entity, "IllegalDelete", "delete")
        check_etag(param(response, "IfMatch"), entity.etag)
        store = store_of(response.backend)
        refuse_in_use(store, f"{self._kind.name}InUse", self._kind.words, member=self._kind.reference, value=entity.id)
        del entities(store, self._kind.config)[entity.id]
        return EmptyResult()

    def list(self, response: CloudFrontResponse) -> ActionResult:
        """All of them, or the managed or custom ones alone."""
        wanted = param(response, "Type")
        found = [
            entity
            for entity in entities(store_of(response.backend), self._kind.config).values()
            if wanted in (None, "managed" if entity.managed else "custom")
        ]
        marker, limit = param(response, "Marker"), limit_of(response)
        items, next_marker = page(found, "id", marker, limit)
        listing: dict[str, Any] = {"MaxItems": limit or 100, "Quantity": len(items)}
        if next_marker:
            listing["NextMarker"] = next_marker
        if self._kind is ACCESS_CONTROL:
            listing |= {"Marker": marker or "", "IsTruncated": next_marker is not None}
        if items:
            listing["Items"] = [self._summary(item) for item in items]
        return ActionResult({f"{self._kind.name}List": listing})

    def _summary(self, entity: Entity) -> dict[str, Any]:
        if self._kind is ACCESS_CONTROL:
            return {"Id": entity.id, "Description": "", **entity.config}
        return {"Type": "managed" if entity.managed else "custom", self._kind.name: self._body(entity)}

    def _body(self, entity: Entity) -> dict[str, Any]:
        body = {"Id": entity.id, self._kind.config: entity.config}
        return body if self._kind is ACCESS_CONTROL else body | {"LastModifiedTime": entity.modified}

    def _answer(self, entity: Entity, **headers: str) -> ActionResult:
        return ActionResult({self._kind.name: self._body(entity), "ETag": entity.etag, **headers})

    def _given(self, response: CloudFrontResponse) -> tuple[Store, Config]:
        config = dict(param(response, self._kind.config, {}))
        if self._kind.name == "CachePolicy":
            _fill_cache_policy(config)
        return store_of(response.backend), config

    def _find(self, response: CloudFrontResponse) -> Entity:
        found = entities(store_of(response.backend), self._kind.config).get(param(response, "Id"))
        if found is None:
            raise CloudFrontError(f"NoSuch{self._kind.name}", f"The specified {self._kind.words} does not exist.")
        return found

    def _check_name(self, store: Store, config: Config, own_id: str | None) -> None:
        for entity in entities(store, self._kind.config).values():
            if entity.id != own_id and entity.config["Name"] == config["Name"]:
                raise CloudFrontError(
                    f"{self._kind.name}AlreadyExists", f"A {self._kind.words} with the same name already exists."
                )

    def _refuse_managed(self, entity: Entity, code: str, verb: str) -> None:
        if entity.managed:
            raise CloudFrontError(code, f"You cannot {verb} a managed {self._kind.words}.")


def _fill_cache_policy(config: Config) -> None:
    """Defaults and order of the TTLs (API_CachePolicyConfig): a day and a year, or the minimum if that is more."""
    least = config.get("MinTTL") or 0
    config.setdefault("DefaultTTL", max(86400, least))
    config.setdefault("MaxTTL", max(31536000, config["DefaultTTL"]))
    if not least <= config["DefaultTTL"] <= config["MaxTTL"]:
        raise CloudFrontError("InvalidArgument", "MinTTL, DefaultTTL and MaxTTL must be in this order.")
