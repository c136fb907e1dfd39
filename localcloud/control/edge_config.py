# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge's configuration, derived from the distributions of all accounts and what they refer to.

Caller holds lock.MOTO. Configurations go over in the API's own names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.wafv2.models import GLOBAL_REGION, wafv2_backends

from localcloud import network
from localcloud.control import access_logs, waf_logs
from localcloud.mends.cloudfront.policies import ACCESS_CONTROL, KINDS, entities
from localcloud.mends.cloudfront.store import Distribution, Stage, Store, stores

if TYPE_CHECKING:
    from localcloud.settings import Settings

_FIRST_PORT = 8080


class SitePlaces:
    """Which address stands for which distribution.

    An account's first distribution has the address and port that `up` reserved; every other one an address of its own.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._places: dict[str, tuple[str, int]] = {}

    def place(self, distribution: Distribution) -> tuple[str, int]:
        """Address and port of a distribution, the same for as long as it exists."""
        if distribution.id not in self._places:
            self._places[distribution.id] = self._free(distribution.account_id)
        return self._places[distribution.id]

    def keep(self, distribution_ids: set[str]) -> None:
        """Forget distributions that are gone."""
        self._places = {key: place for key, place in self._places.items() if key in distribution_ids}

    def _free(self, account_id: str) -> tuple[str, int]:
        taken = {host for host, _ in self._places.values()}
        account = self._settings.account(account_id)
        if account and account.site_host not in taken:
            return account.site_host, account.site_port
        taken |= {item.site_host for item in self._settings.accounts}
        candidates = (f"{self._settings.network}.2.{last}" for last in range(11, 255))
        host = next(host for host in candidates if host not in taken)
        return host, network.free_port(host, _FIRST_PORT)


def derive(settings: Settings, places: SitePlaces, listeners: list[dict[str, Any]]) -> dict[str, Any]:
    """The whole configuration message. listeners: those of the load balancers, as the ALB bridge tells them."""
    addresses = _addresses(listeners)
    found = [(store, item) for store in stores() for item in store.distributions.values()]
    places.keep({item.id for _, item in found})
    return {
        "type": "config",
        "endpoint": settings.endpoint_url.removeprefix("http://"),
        "token": settings.cloud_id,
        "sites": [_site(store, item, places.place(item), addresses) for store, item in found],
    }


def sites(places: SitePlaces) -> list[dict[str, Any]]:
    """What answers where, for people and the admin API."""
    found = []
    for store in stores():
        for item in store.distributions.values():
            host, port = places.place(item)
            found.append(
                {
                    "id": item.id,
                    "account": store.account_id,
                    "url": f"http://{host}:{port}",
                    "domain_name": item.domain_name,
                    "status": item.status,
                    "enabled": item.config["Enabled"],
                }
            )
    return found


def _addresses(listeners: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """DNS name of a load balancer -> its AWS port -> where that is on loopback."""
    found: dict[str, dict[str, Any]] = {}
    for item in listeners:
        place = {"host": item["host"], "port": item["port"], "tls": item["protocol"] == "HTTPS"}
        found.setdefault(item["dns_name"].lower(), {})[str(item["aws_port"])] = place
    return found


def _site(
    store: Store, distribution: Distribution, place: tuple[str, int], addresses: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    behaviors = list(distribution.behaviors())
    used = {behavior.get(kind.reference) for behavior in behaviors for kind in KINDS}
    arns = {item["FunctionARN"] for one in behaviors for item in one["FunctionAssociations"].get("Items") or ()}
    return {
        "id": distribution.id,
        "arn": distribution.arn,
        "account": store.account_id,
        "host": place[0],
        "port": place[1],
        "domain_name": distribution.domain_name,
        "config": distribution.config,
        "policies": {
            kind.config: {key: item.config for key, item in entities(store, kind.config).items() if key in used}
            for kind in KINDS
        },
        "access_controls": {key: item.config for key, item in entities(store, ACCESS_CONTROL.config).items()},
        "functions": {
            function.arn: _live(function.live)
            for function in store.functions.values()
            if function.live is not None and function.arn in arns
        },
        "addresses": addresses,
        "logging": access_logs.wanted(store.account_id, distribution.arn),
        "waf_logging": waf_logs.wanted(store.account_id, distribution.config["WebACLId"]),
        "web_acl": _web_acl(store.account_id, distribution.config["WebACLId"]),
    }


def _live(stage: Stage) -> dict[str, str]:
    return {"code": stage.code.decode("utf-8", "replace"), "runtime": stage.config["Runtime"]}


def _web_acl(account_id: str, arn: str) -> dict[str, Any] | None:
    if not arn:
        return None
    backend = wafv2_backends[account_id][GLOBAL_REGION]
    acl = backend.wacls.get(arn)
    if acl is None:
        return None
    raw: dict[str, Any] = acl.to_dict()
    raw.pop("LockToken", None)
    return raw | {"IPSets": {item.arn: item.addresses for item in backend.ip_sets.values()}}
