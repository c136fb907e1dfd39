# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What stands around the services, as parts of the snapshot: site, GPU hosts, CI, Atlas, alarms, records. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ..github_oidc_plan import claim
from ..llm_catalog import HOSTS
from ..site.state_plan import Current
from .model_plan import SITE, Wanted
from .network_plan import acl_name
from .services_plan import git_sha, last_release, proven, release_of

Described = Mapping[str, Any]
Document = dict[str, Any]

# repo:OWNER/NAME:..., and the form with ids, repo:OWNER@1/NAME@2:... (GitHub Docs, "OpenID Connect reference").
_SUBJECT = re.compile(r"repo:([^/:@]+)(?:@\d+)?/([^:@]+)(?:@\d+)?:")
# An instance in these states costs nothing any more.
_ENDED = ("Terminating", "Terminated", "shutting-down", "terminated")


def site(
    wanted: Wanted,
    distribution: Described | None,
    current: Current | None,
    invalidations: Sequence[Described],
    records: Sequence[Described],
) -> Document | None:
    """distribution: an item of ListDistributions. None: there is neither a distribution nor a release."""
    if distribution is None and current is None:
        return None
    found = distribution or {}
    return {
        "bucket": wanted.bucket,
        "distribution_id": found.get("Id"),
        "domain_name": found.get("DomainName"),
        "aliases": list((found.get("Aliases") or {}).get("Items") or []),
        "status": found.get("Status"),
        "enabled": found.get("Enabled"),
        "release": _site_release(current, records),
        "firewall": acl_name(found.get("WebACLId") or ""),
        "invalidations_in_progress": sum(each.get("Status") == "InProgress" for each in invalidations),
    }


def _site_release(current: Current | None, records: Sequence[Described]) -> Document | None:
    """state: active, or how far the change has come that is under way."""
    if current is None:
        return None
    digest = f"sha256:{current.release}"
    outcomes = [str(record["outcome"]) for record in records if record.get("digest") == digest]
    return {
        "id": current.release,
        "at": current.activated,
        "git_sha": current.git_sha or git_sha(records, digest),
        "outcome": outcomes[0] if outcomes else None,
        "state": current.state,
        "by": current.by or None,
        "previous": current.previous or None,
    }


def gpu(wanted: Wanted, group: Described | None, instances: Mapping[str, Described]) -> Document | None:
    """instances: id -> what EC2 describes, as far as it was asked."""
    if group is None:
        return None
    hosts = [_host(each, instances.get(each["InstanceId"], {})) for each in group.get("Instances", [])]
    paid = [HOSTS.get(str(each["type"])) for each in hosts if str(each["state"]) not in _ENDED]
    cost = round(sum(host.usd_per_hour for host in paid if host), 4)
    return {
        "name": wanted.gpu,
        "hosts": hosts,
        "desired": group["DesiredCapacity"],
        "max": group["MaxSize"],
        # Of a type that is not in the catalog nobody here knows the price.
        "cost_per_hour_usd": cost if all(paid) else None,
        "model": wanted.model or None,
    }


def _host(member: Described, instance: Described) -> Document:
    return {
        "id": member["InstanceId"],
        "type": member.get("InstanceType") or instance.get("InstanceType"),
        "zone": member["AvailabilityZone"],
        "state": member["LifecycleState"],
        "lifecycle": instance.get("InstanceLifecycle") or "on-demand",
    }


def ci(wanted: Wanted, provider: bool, roles: Iterable[Described]) -> Document:
    """roles: all of the account; those count that role github_oidc names."""
    own = [role for role in roles if str(role["RoleName"]).startswith(f"{wanted.oidc}-github-")]
    return {
        "oidc_provider": provider,
        "repositories": sorted({name for role in own for name in _repositories(role["AssumeRolePolicyDocument"])}),
        "roles": sorted(str(role["RoleName"]) for role in own),
        "gate": dict(wanted.gate) or None,
    }


def _repositories(trust: Described) -> list[str]:
    statements = trust.get("Statement", [])
    subjects: list[str] = []
    for statement in statements if isinstance(statements, list) else [statements]:
        for condition in statement.get("Condition", {}).values():
            given = condition.get(claim("sub"), [])
            subjects += [given] if isinstance(given, str) else given
    matches = [match for match in map(_SUBJECT.match, subjects) if match]
    return [f"{match[1]}/{match[2]}" for match in matches]


def alarm(described: Described) -> Document:
    """An alarm of DescribeAlarms."""
    since: datetime | None = described.get("StateTransitionedTimestamp") or described.get("StateUpdatedTimestamp")
    return {
        "name": described["AlarmName"],
        "state": described["StateValue"],
        "since": since.strftime("%Y-%m-%dT%H:%M:%SZ") if since else None,
        "reason": described.get("StateReason") or None,
    }


def alarms_by_service(cluster: str, names: Sequence[str], alarms: Iterable[Document]) -> dict[str, list[Document]]:
    """An alarm is the service's whose name follows the cluster's in its own; of two such names the longer one's."""
    found: dict[str, list[Document]] = {name: [] for name in names}
    for each in alarms:
        owners = [name for name in names if str(each["name"]).startswith(f"{cluster}-{name}-")]
        if owners:
            found[max(owners, key=len)].append(each)
    return found


def break_glass(records: Mapping[str, Sequence[Described]]) -> list[Document]:
    """Uses, the newest first. records: service, or site -> its records."""
    uses = [
        {"at": release_of(record)["at"], "service": name, "by": record.get("by"), "reason": record["break_glass"]}
        for name, found in records.items()
        for record in found
        if record.get("break_glass")
    ]
    return sorted(uses, key=lambda use: str(use["at"]), reverse=True)


def site_extras(records: Mapping[str, Sequence[Described]], lock: Document | None) -> Document:
    """What a service has too: the lease, the last run, and the last one that left its release serving."""
    found = records.get(SITE) or ()
    return {"lock": lock, "last_release": last_release(found), "proven": proven(found)}
