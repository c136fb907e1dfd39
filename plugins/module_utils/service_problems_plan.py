# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong with a service's inputs, found before anything is created. Pure: no I/O, no AWS.

A service is a mapping of the inputs of role ecs_service without their prefix, all of them present. Ansible does not
convert the types of role inputs, so that a number may also come as its text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import Any
from urllib.parse import SplitResult, urlsplit

from ansible_collections.slipway.ops.plugins.module_utils.blue_green import gates_plan, native_strategy_plan
from ansible_collections.slipway.ops.plugins.module_utils.promotion.sharing_plan import (
    account_problems,
    reader_problems,
)
from ansible_collections.slipway.ops.plugins.module_utils.services_plan import NAME

Inputs = Mapping[str, Any]

#: Fargate: CPU units to (least, most, step) of memory in MiB,
#: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
FARGATE_MEMORY = {
    256: (512, 2048, 512),
    512: (1024, 4096, 1024),
    1024: (2048, 8192, 1024),
    2048: (4096, 16384, 1024),
    4096: (8192, 30720, 1024),
    8192: (16384, 61440, 4096),
    16384: (32768, 122880, 8192),
}
#: CloudWatch Logs, PutRetentionPolicy, as far as amazon.aws.cloudwatchlogs_log_group takes them.
LOG_RETENTION = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1827, 3653)
#: Set by the role and by ecs_blue_green.
RESERVED = frozenset({"PORT", "SLIPWAY_COLOR", "SLIPWAY_IMAGE_DIGEST"})

#: Input to its least and greatest value.
RANGES = {
    "port": (1, 65535),
    "priority": (1, 50000),
    "min_count": (1, 1000),
    "desired_count": (1, 1000),
    "max_count": (1, 1000),
    "cpu_target": (1, 100),
    "requests_target": (1, 10**9),
    "alarm_5xx_percent": (0, 100),
    "deregistration_delay": (0, 3600),
    "drain_floor": (0, 3600),
    "healthy_timeout": (10, 3600),
    "poll_interval": (1, 60),
    "lock_wait": (0, 86400),
    "lock_ttl": (10, 3600),
    "probe_count": (1, 1000),
    "repository_keep": (2, 10000),
    # Fargate caps stopTimeout at 120 s (ECS API, ContainerDefinition).
    "stop_timeout": (2, 120),
}

#: Inputs that mean nothing to a worker.
WEB_ONLY = frozenset({"priority", "min_count", "max_count"})

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
SECRET_LIKE = re.compile(r"(?:^|_)(?:API_?KEY|SECRET|PASSWORD|PASSWD|TOKEN|PRIVATE_KEY|CREDENTIALS?)$", re.IGNORECASE)
PROVIDER = re.compile(r"[a-z][a-z0-9-]*")
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
NON_ROOT = re.compile(r"[1-9][0-9]*(?::[1-9][0-9]*)?")
TOPIC_ARN = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]{1,256}")
WEBHOOK_URL = re.compile(r"(?:https://[A-Za-z0-9]|http://(?:127\.|localhost[:/]))[!-~]*")
SECRET_ARN = re.compile(
    r"arn:aws[a-z-]*:(?:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+(?::[A-Za-z0-9/_+=.@-]*){0,3}"
    r"|ssm:[a-z0-9-]+:[0-9]{12}:parameter/[A-Za-z0-9/_.-]+)"
)


def service_problems(service: Inputs) -> tuple[str, ...]:
    """All findings, one line each, each beginning with the input's key. Empty when the service can be built."""
    checks = (
        _identity,
        _numbers,
        size_problems,
        _counts,
        _routing,
        environment_problems,
        _providers,
        _buckets,
        _egress,
        _container,
        _elsewhere,
        _gates,
        _engine,
        _notify,
    )
    return tuple(problem for check in checks for problem in check(service))


def number(value: Any) -> int | None:
    """VALUE as a whole number, None if it is none."""
    if isinstance(value, bool):
        return None
    text = str(value)
    return int(text) if re.fullmatch(r"-?[0-9]{1,12}", text, re.ASCII) else None


def flag(value: Any) -> bool:
    """VALUE as a truth, which Ansible may also give as its text."""
    return str(value).lower() in ("true", "yes", "on", "1")


def self_hosted(provider: Mapping[str, Any]) -> bool:
    """Whether it is a model on hosts of one's own, inside the VPC: plain HTTP, and no key."""
    return bool(provider.get("kind", "third_party") == "self_hosted")


def provider_url(text: Any, scheme: str = "https") -> SplitResult | None:
    """The parts of a provider's base URL; None unless it is SCHEME://host[:port][/path]."""
    try:
        url = urlsplit(str(text))
        port = url.port
    except ValueError:
        return None
    plain = not (url.username or url.password or url.query or url.fragment) and port != 0
    return url if url.scheme == scheme and url.hostname and plain and not re.search(r"\s", str(text)) else None


def _notify(service: Inputs) -> Iterator[str]:
    """The webhook's address is a secret and never shown."""
    topic, webhook = str(service["notify_sns_topic_arn"]), str(service["notify_webhook_url"])
    if topic and not TOPIC_ARN.fullmatch(topic):
        yield f"notify_sns_topic_arn: must be the ARN of an SNS topic, got {topic!r}"
    if webhook and not WEBHOOK_URL.fullmatch(webhook):
        yield "notify_webhook_url: must be https://HOST/PATH (http only on this machine); what was given is not shown"


def _identity(service: Inputs) -> Iterator[str]:
    name = str(service["name"])
    if not NAME.fullmatch(name):
        yield (
            f"name: must be 1 to 26 lower-case letters, digits and hyphens, begin with a letter and not end with a"
            f" hyphen (NAME-green must fit a target group's 32), got {name!r}"
        )
    if service["kind"] not in ("web", "worker"):
        yield f"kind: must be web or worker, got {service['kind']!r}"
    if not re.fullmatch(r"[0-9]{12}", str(service["account_id"])):
        yield "account_id: must be 12 digits"
    longest = f"{service['cluster']}-{name}-{'infrastructure' if service['engine'] == 'native' else 'execution'}"
    if len(longest) > 64:
        yield f"cluster: the IAM role's name {longest} is longer than 64 characters"


def _numbers(service: Inputs) -> Iterator[str]:
    for key, (least, most) in RANGES.items():
        if service["kind"] == "worker" and key in WEB_ONLY:
            continue
        value = number(service[key])
        if value is None or not least <= value <= most:
            yield f"{key}: must be a whole number from {least} to {most}, got {service[key]!r}"
    if number(service["log_retention_days"]) not in LOG_RETENTION:
        yield f"log_retention_days: must be one of {', '.join(map(str, LOG_RETENTION))}"


def size_problems(service: Inputs) -> Iterator[str]:
    """CPU and memory in a pair that Fargate offers."""
    limits = FARGATE_MEMORY.get(number(service["cpu"]) or 0)
    if limits is None:
        yield f"cpu: Fargate offers {', '.join(map(str, FARGATE_MEMORY))} units, got {service['cpu']!r}"
        return
    least, most, step = limits
    memory = number(service["memory"]) or 0
    # 256 units go with 512, 1024 and 2048 MiB: not every step of 512.
    if not least <= memory <= most or memory % step or (memory == 1536 and least == 512):
        sizes = "512, 1024 or 2048" if least == 512 else f"{least} to {most} in steps of {step}"
        yield f"memory: with cpu {service['cpu']} Fargate offers {sizes} MiB, got {service['memory']!r}"


def _counts(service: Inputs) -> Iterator[str]:
    if service["kind"] == "worker":
        return
    least, desired, most = (number(service[key]) or 0 for key in ("min_count", "desired_count", "max_count"))
    if not least <= desired <= most:
        yield f"desired_count: must be from min_count ({least}) to max_count ({most}), got {desired}"


def _routing(service: Inputs) -> Iterator[str]:
    if service["kind"] == "worker":
        return
    if not re.fullmatch(r"/[!-~]{0,1023}", str(service["health_check_path"])):
        yield f"health_check_path: must begin with / and hold no space, got {service['health_check_path']!r}"
    hosts, paths = service["hosts"], service["paths"]
    if not hosts and not paths:
        yield "paths: the service needs a host or a path that the load balancer routes to it"
    # Elastic Load Balancing quota: condition values per rule.
    if len(hosts) + len(paths) > 5:
        yield "paths: a listener rule takes 5 hosts and paths together"
    for path in paths:
        if not re.fullmatch(r"[/*][!-~]{0,127}", str(path)):
            yield f"paths: must begin with / or *, got {path!r}"
    if service["probe_url"] and urlsplit(str(service["probe_url"])).scheme not in ("http", "https"):
        yield f"probe_url: must be an http or https URL, got {service['probe_url']!r}"


def environment_problems(service: Inputs) -> Iterator[str]:
    """Variables that have a name, a plain value and no secret in it."""
    environment, secrets = service["environment"], service["secrets"]
    for name in (*environment, *secrets):
        if not VARIABLE.fullmatch(str(name)):
            yield f"environment: {name!r} is not a name of a variable"
        elif name in RESERVED:
            yield f"environment: {name} is set by Slipway"
    for name, value in environment.items():
        if isinstance(value, (dict, list)) or value is None:
            yield f"environment: {name} must be text or a number"
        if SECRET_LIKE.search(str(name)):
            yield f"environment: {name} looks like a secret; give its ARN in secrets instead"
        if name in secrets:
            yield f"environment: {name} is in secrets too"
    for name, arn in secrets.items():
        if not SECRET_ARN.fullmatch(str(arn)):
            yield f"secrets: {name} must be the ARN of a Secrets Manager secret or an SSM parameter, not its value"


def _providers(service: Inputs) -> Iterator[str]:
    seen: set[str] = set()
    for provider in service["llm_providers"]:
        name = str(provider.get("name", ""))
        if not PROVIDER.fullmatch(name):
            yield f"llm_providers: name must be lower-case letters, digits and hyphens, got {name!r}"
        if name in seen:
            yield f"llm_providers: {name} is given twice"
        seen.add(name)
        yield from _provider(name, provider)
        for variable in provider_variables(name):
            if variable in service["environment"] or variable in service["secrets"]:
                yield f"llm_providers: {name} sets {variable}, which environment or secrets sets too"
    yield from _fallbacks(service["llm_providers"])


def _provider(name: str, provider: Mapping[str, Any]) -> Iterator[str]:
    """Where it is, and its key."""
    kind = provider.get("kind", "third_party")
    if kind not in ("third_party", "self_hosted"):
        yield f"llm_providers: kind of {name} must be third_party or self_hosted, got {kind!r}"
    scheme = "http" if self_hosted(provider) else "https"
    if provider_url(provider.get("base_url"), scheme) is None:
        yield f"llm_providers: base_url of {name} must be {scheme}://host[:port][/path]"
    secret = str(provider.get("secret_arn") or "")
    if secret and self_hosted(provider):
        yield f"llm_providers: {name} is self_hosted and has no key; leave secret_arn out"
    elif not self_hosted(provider) and not SECRET_ARN.fullmatch(secret):
        yield (
            f"llm_providers: secret_arn of {name} must be the ARN of a Secrets Manager secret or an SSM parameter,"
            " not its value"
        )


def _fallbacks(providers: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A fallback is a provider of the same service that has none itself, so that no request goes in circles."""
    plain = {str(provider.get("name", "")) for provider in providers if not provider.get("fallback")}
    for provider in providers:
        fallback = provider.get("fallback")
        if fallback and str(fallback) not in plain:
            yield (
                f"llm_providers: fallback of {provider.get('name', '')} must be a provider here without a fallback,"
                f" got {fallback!r}"
            )


def provider_variables(name: str) -> tuple[str, str, str]:
    """The variables that carry a provider's base URL, key and fallback."""
    prefix = name.upper().replace("-", "_")
    return f"{prefix}_BASE_URL", f"{prefix}_API_KEY", f"{prefix}_FALLBACK"


def _buckets(service: Inputs) -> Iterator[str]:
    seen: set[str] = set()
    for bucket in service["s3_buckets"]:
        name = str(bucket.get("name", ""))
        if not BUCKET.fullmatch(name):
            yield f"s3_buckets: {name!r} is not a name of a bucket"
        if name in seen:
            yield f"s3_buckets: {name} is given twice"
        seen.add(name)
        if bucket.get("access", "read") not in ("read", "read_write"):
            yield f"s3_buckets: access of {name} must be read or read_write"


def _egress(service: Inputs) -> Iterator[str]:
    for rule in service["egress"]:
        try:
            ip_network(str(rule.get("cidr", "")))
        except ValueError:
            yield f"egress: {rule.get('cidr')!r} is not a CIDR"
        port = number(rule.get("port"))
        if port is None or not 1 <= port <= 65535:
            yield f"egress: port must be a whole number from 1 to 65535, got {rule.get('port')!r}"


def _elsewhere(service: Inputs) -> Iterator[str]:
    yield from (f"repository_readers: {text}" for text in reader_problems(service["repository_readers"]))
    yield from (f"image_accounts: {text}" for text in account_problems(service["image_accounts"]))


def _container(service: Inputs) -> Iterator[str]:
    if not NON_ROOT.fullmatch(str(service["user"])):
        yield f"user: must be the numbers UID or UID:GID of a user that is not root, got {service['user']!r}"
    for path in service["writable_paths"]:
        if not re.fullmatch(r"/[!-~]+", str(path)):
            yield f"writable_paths: must be absolute, got {path!r}"


def _gates(service: Inputs) -> Iterator[str]:
    given = {name: service[name] for name in ("preview_url", "smoke", "alarms", "metrics")}
    try:
        problems = gates_plan.problems(gates_plan.typed(given))
    except (TypeError, ValueError) as error:
        problems = [f"smoke, alarms and metrics: {error}"]
    yield from problems


def _engine(service: Inputs) -> Iterator[str]:
    """What engine native cannot do; a worker has no engine."""
    if service["engine"] not in ("two_service", "native"):
        yield f"engine: must be two_service or native, got {service['engine']!r}"
    if service["engine"] != "native" or service["kind"] == "worker":
        return
    try:
        steps = [
            {"weight": int(step["weight"]), "pause": float(step.get("pause", 60))} for step in service["canary_steps"]
        ]
        given = {
            "strategy": service["strategy"],
            "canary_steps": steps,
            "linear_step_percent": int(service["linear_step_percent"]),
            "linear_step_pause": float(service["linear_step_pause"]),
            "bake": float(service["bake"]),
        }
    except (KeyError, TypeError, ValueError) as error:
        yield f"strategy: {error}"
        return
    yield from native_strategy_plan.timing_problems(given)
