# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What of an environment stands in an account: what destroy.yml takes down, what stays, and what that costs. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Kind:
    """A kind of resource. prefix: how what follows the account in its ARNs begins, after the service.
    cost: what it costs as long as it stands, empty for nothing by itself. remove: how to, for what destroy.yml leaves.
    lasting: AWS goes on listing it once it is out of use, and nobody pays for it.
    """

    label: str
    service: str
    prefix: str
    cost: str = ""
    remove: str = ""
    lasting: bool = False

    @property
    def stays(self) -> bool:
        """Whether no role makes it, so that destroy.yml leaves it."""
        return bool(self.remove)


_STORAGE = "storage by the GB"
_HOURS = "by the hour"

# The first that fits counts. Prices are in words: they differ by region and change.
KINDS = (
    Kind("load balancer", "elasticloadbalancing", "loadbalancer/", _HOURS),
    Kind("target group", "elasticloadbalancing", "targetgroup/"),
    Kind("NAT gateway", "ec2", "natgateway/", _HOURS),
    Kind("address", "ec2", "elastic-ip/", _HOURS),
    Kind("VPC endpoint", "ec2", "vpc-endpoint/", "by the hour, unless it is a gateway's"),
    Kind("instance", "ec2", "instance/", _HOURS),
    Kind("volume", "ec2", "volume/", _STORAGE, "aws ec2 delete-volume --volume-id {id}"),
    Kind("snapshot", "ec2", "snapshot/", _STORAGE, "aws ec2 delete-snapshot --snapshot-id {id}"),
    Kind("machine image", "ec2", "image/", "its snapshots by the GB", "aws ec2 deregister-image --image-id {id}"),
    Kind("network part", "ec2", ""),
    Kind("service", "ecs", "service/", "its tasks by the second"),
    Kind("task", "ecs", "task/", "by the second"),
    Kind("task definition", "ecs", "task-definition/", lasting=True),
    Kind("cluster", "ecs", ""),
    Kind("image repository", "ecr", "repository/", _STORAGE),
    Kind("bucket", "s3", "", _STORAGE),
    Kind("table backup", "dynamodb", "table/{name}/backup/", _STORAGE, "aws dynamodb delete-backup --backup-arn {arn}"),
    Kind("table", "dynamodb", "table/", _STORAGE),
    Kind("distribution", "cloudfront", "distribution/"),
    Kind("firewall", "wafv2", "", "by the month"),
    Kind("alarm", "cloudwatch", "alarm:", "by the month"),
    Kind("dashboard", "cloudwatch", "dashboard/", "by the month"),
    Kind(
        "key",
        "kms",
        "key/",
        "by the month, until it is deleted",
        "aws kms schedule-key-deletion --key-id {id} (what it encrypted is lost with it)",
    ),
    Kind("secret", "secretsmanager", "secret:", "by the month", "aws secretsmanager delete-secret --secret-id {arn}"),
    Kind("parameter", "ssm", "parameter/", "nothing, unless advanced", "aws ssm delete-parameter --name /{id}"),
    Kind("certificate", "acm", "certificate/"),
    Kind(
        "log group of Container Insights",
        "logs",
        "log-group:/aws/ecs/containerinsights/",
        _STORAGE,
        "aws logs delete-log-group --log-group-name {id}",
    ),
    Kind("log group", "logs", "log-group:", _STORAGE),
    Kind("topic", "sns", ""),
    Kind("budget", "budgets", "budget/"),
)
_LASTING = [kind.label for kind in KINDS if kind.lasting]
OTHER = Kind("resource", "", "", "see its service's prices", "see {arn} in the AWS console")


@dataclass(frozen=True)
class Resource:
    """One resource that stands. stays: destroy.yml leaves it. remove: the command, where it does."""

    kind: str
    id: str
    arn: str
    stays: bool
    cost: str
    remove: str


def resource(arn: str, own: Collection[str] = ()) -> Resource:
    """What an ARN names. own: ARNs of what a role has made all the same, though most of its kind is not."""
    _arn, _partition, service, _region, _account, rest = f"{arn}:::::".split(":", 5)
    rest = rest.rstrip(":")
    kind = next((each for each in KINDS if each.service == service and _fits(each.prefix, rest)), OTHER)
    name = _name(kind, rest)
    stays = kind.stays and arn not in own
    return Resource(kind.label, name, arn, stays, kind.cost, kind.remove.format(id=name, arn=arn) if stays else "")


def _fits(prefix: str, rest: str) -> bool:
    before, name, after = prefix.partition("{name}")
    return rest.startswith(before) and (not name or after in rest)


def _name(kind: Kind, rest: str) -> str:
    before = kind.prefix.partition("{name}")[0]
    if kind.service == "logs":
        return rest.removeprefix("log-group:").removesuffix(":*")
    return rest.removeprefix(before) if before else rest


def resources(arns: Iterable[str], own: Collection[str] = ()) -> list[Resource]:
    """Each once, by kind and name. own: as resource has it."""
    return sorted((resource(arn, own) for arn in set(arns)), key=lambda each: (each.kind, each.id))


def standing(arns: Iterable[str], clusters: Collection[str]) -> list[str]:
    """Without what ECS goes on showing of clusters that are gone. clusters: ARNs of those that are there."""
    names = [arn.rpartition("/")[2] for arn in clusters]
    return [arn for arn in arns if _cluster_of(arn) in (None, *names)]


def _cluster_of(arn: str) -> str | None:
    """Name of the ECS cluster that an ARN is of, or in; None for all else."""
    _arn, _partition, service, _region, _account, rest = f"{arn}:::::".split(":", 5)
    kind, _slash, name = rest.rstrip(":").partition("/")
    return name.partition("/")[0] if service == "ecs" and kind in ("cluster", "service", "task") else None


def as_dicts(found: Sequence[Resource]) -> list[dict[str, Any]]:
    """As the module returns them."""
    return [asdict(each) for each in found]


def going(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Lines that say what destroy.yml would take down, and what it would leave."""
    counts: dict[str, list[str]] = {}
    for each in found:
        if not each["stays"]:
            counts.setdefault(each["kind"], []).append(each["id"])
    lines = [f"{kind}: {', '.join(ids)}" for kind, ids in sorted(counts.items())]
    goes = [f"  {line}" for line in lines or ["nothing that is tagged as this environment's"]]
    return ["would go:", *goes, *_staying(found, "would stay, as no role made it:")]


def left(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Lines that say what is left once destroy.yml has run: what costs money first."""
    lingering = [each for each in found if not each["stays"] and each["kind"] not in _LASTING]
    lines = _staying(found, "left, as no role made it:")
    if not lines and not lingering:
        return ["nothing of the environment is left that AWS lists by its tags and names"]
    if lingering:
        named = ", ".join(f"{each['kind']} {each['id']}" for each in lingering)
        lines += [
            f"still listed by AWS: {named}",
            "  AWS lists what has been deleted for a while; what is there in an hour was not deleted: run it again",
        ]
    return lines


def _staying(found: Sequence[Mapping[str, Any]], head: str) -> list[str]:
    stays = sorted(
        (each for each in found if each["stays"]), key=lambda each: (not each["cost"], each["kind"], each["id"])
    )
    lines = [head] if stays else []
    for each in stays:
        lines += [f"  {each['kind']} {each['id']}: costs {each['cost'] or 'nothing'}", f"    {each['remove']}"]
    return lines


def holding(buckets: Mapping[str, bool], repositories: Mapping[str, int]) -> list[str]:
    """What has content: buckets that hold objects, repositories with images."""
    held = [f"bucket {name}" for name, full in sorted(buckets.items()) if full]
    return held + [
        f"image repository {name} ({count} image{'' if count == 1 else 's'})"
        for name, count in sorted(repositories.items())
        if count
    ]
