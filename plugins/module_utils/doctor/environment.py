# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Everything that the doctor looks at in one AWS account, as rows. Reads only, side by side."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from ..together import together
from . import aws_looks
from .account_plan import Identity, clock_row, identity_rows, region_row, zones_row
from .aws_looks import look
from .names_plan import Certificate, Purpose, certificate_rows, name_rows, zone_rows
from .permissions_plan import CHECK as PERMISSIONS
from .permissions_plan import Decision, decisions, permission_row, principal
from .quota_plan import COLORS, QUOTAS, Quota, Use, needs, quota_rows
from .row_plan import Row, Unread, not_looked

Clients = Callable[[str], Any]
Wanted = Mapping[str, Any]
# A resolver that does not answer is given up after this many seconds.
_RESOLVING = 10.0
_LATER = ("region", "zones", "quotas", "certificates", PERMISSIONS)


def rows(clients: Clients, certificates: Callable[[str], Any], wanted: Wanted) -> list[Row]:
    """wanted: the parameters of module environment_checks. certificates: region -> a client of ACM there."""
    identity, skew = aws_looks.caller(clients("sts"))
    found = [*identity_rows(identity, wanted["account_id"], wanted["environment"]), clock_row(skew)]
    if isinstance(identity, Unread) or identity.account != wanted["account_id"]:
        why = "no usable credentials" if isinstance(identity, Unread) else "the credentials are another account's"
        later = [not_looked(check, why) for check in _LATER]
    else:
        later = _account_rows(clients, certificates, identity, wanted)
    return [*found, *later, *name_rows(_resolved(wanted["names"]))]


def _account_rows(
    clients: Clients, certificates: Callable[[str], Any], identity: Identity, wanted: Wanted
) -> list[Row]:
    ec2, elb, quotas, iam = (clients(name) for name in ("ec2", "elbv2", "service-quotas", "iam"))
    purposes = [
        Purpose(each["name"], each["arn"], tuple(each["names"]), each["region"])
        for each in wanted["certificates"]
        if each["arn"] or each["names"]
    ]
    # CloudFront's are in us-east-1, whatever the region of the rest.
    acm = {each: certificates(each.arn.split(":")[3] if each.arn else each.region) for each in purposes}
    calls: dict[Any, Callable[[], Any]] = {
        "region": partial(aws_looks.opted, ec2, wanted["region"]),
        "zones": partial(aws_looks.zones, ec2),
        "limits": partial(aws_looks.balancer_limits, elb),
        "vpcs": partial(aws_looks.others_vpcs, ec2, wanted["tags"]),
        "addresses": partial(aws_looks.others_addresses, ec2, wanted["tags"]),
        "target-groups": partial(aws_looks.others_target_groups, elb, _own_groups(wanted)),
        "permissions": partial(simulated, iam, identity, wanted["permissions"]),
        "zone": partial(aws_looks.zones_named, clients("route53"), wanted["zone"]) if wanted["zone"] else list,
        **{each: partial(_certificate, acm[each], each) for each in purposes},
    }
    needed = _needs(ec2, wanted)
    for quota in QUOTAS:
        if quota.code and not isinstance(needed, Unread) and needed[quota.key]:
            calls[quota] = partial(aws_looks.quota, quotas, quota.service, quota.code)
    found = together({key: partial(look, call) for key, call in calls.items()})
    pairs: list[tuple[Purpose, Certificate | Unread | None]] = [(each, found[each]) for each in purposes]
    return [
        region_row(wanted["region"], found["region"]),
        zones_row(wanted["availability_zones"], found["zones"]),
        *_quota_rows(needed, found, wanted["region"]),
        *certificate_rows(pairs, time.time()),
        *zone_rows(wanted["zone"], found["zone"]),
        permission_row(principal(identity.arn)[0], found["permissions"]),
    ]


def _certificate(acm: Any, purpose: Purpose) -> Certificate | None:
    arn = purpose.arn or aws_looks.certificate_for(acm, purpose.names[0])
    return aws_looks.certificate(acm, arn) if arn else None


def _own_groups(wanted: Wanted) -> list[str]:
    names = [f"{each['name']}-{color}" for each in wanted["services"] for color in ("blue", "green")[:COLORS]]
    return [*names, wanted["gpu"]["name"]] if wanted["gpu"] else names


def _needs(ec2: Any, wanted: Wanted) -> dict[str, int] | Unread:
    gpu = wanted["gpu"]
    if gpu:
        vcpus = look(partial(aws_looks.vcpus, ec2, gpu["instance_type"]))
        if isinstance(vcpus, Unread):
            return vcpus
        gpu = {**gpu, "vcpus": vcpus}
    defaults = {"cpu": wanted["service_cpu"], "max_count": wanted["service_max_count"]}
    zones, nat = wanted["availability_zones"], wanted["nat"]
    return needs({"services": wanted["services"], "defaults": defaults, "zones": zones, "nat": nat, "gpu": gpu})


def _quota_rows(needed: dict[str, int] | Unread, found: Mapping[Any, Any], region: str) -> list[Row]:
    if isinstance(needed, Unread):
        return [not_looked("quotas", f"the type of the GPU hosts could not be read: {needed.why}")]
    return quota_rows([_use(quota, needed[quota.key], found) for quota in QUOTAS], region)


def _use(quota: Quota, need: int, found: Mapping[Any, Any]) -> Use:
    limits = found["limits"]
    told = limits if isinstance(limits, Unread) else limits.get(quota.key)
    return Use(quota, need, found.get(quota) if quota.code else told, found.get(quota.key, 0))


def simulated(iam: Any, identity: Identity, permissions: list[dict[str, Any]]) -> list[Decision]:
    """Decisions; none for the root user, whom no policy binds."""
    kind, name = principal(identity.arn)
    if kind == "root":
        return []
    arn = aws_looks.role_arn(iam, name) if kind == "role" else identity.arn
    calls: dict[Any, Callable[[], Any]] = {}
    for number, each in enumerate(permissions):
        for start in range(0, len(each["actions"]), aws_looks.ACTIONS_A_CALL):
            some = each["actions"][start : start + aws_looks.ACTIONS_A_CALL]
            calls[number, start] = partial(aws_looks.simulate, iam, arn, some, each["resources"], each["context"] or {})
    return decisions([result for results in together(calls).values() for result in results])


def _resolved(given: list[str]) -> dict[str, list[str] | Unread]:
    names = [name for name in dict.fromkeys(given) if name and not (_is_address(name) or name.startswith("*."))]
    pool = ThreadPoolExecutor(max(1, len(names)))
    waiting = {name: pool.submit(_resolve, name) for name in names}
    end = time.monotonic() + _RESOLVING
    found: dict[str, list[str] | Unread] = {}
    for name, future in waiting.items():
        try:
            found[name] = future.result(max(0.0, end - time.monotonic()))
        except (OSError, UnicodeError) as error:  # TimeoutError is an OSError
            found[name] = Unread(" ".join(str(error).split()) or f"no answer in {_RESOLVING:.0f} s")
    pool.shutdown(wait=False)
    return found


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _resolve(name: str) -> list[str]:
    return sorted({str(each[4][0]) for each in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)})
