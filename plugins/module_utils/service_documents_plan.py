# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The documents of a service: task definition, IAM policies, egress, scaling policies and alarms. Pure.

A service is a mapping of the inputs of role ecs_service without their prefix, already validated
(service_problems_plan). Keys are snake_case, as the modules that take the documents expect them; IAM policies are as
AWS writes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.slipway.ops.plugins.module_utils.alarm_plan import alarm
from ansible_collections.slipway.ops.plugins.module_utils.promotion import sharing_plan
from ansible_collections.slipway.ops.plugins.module_utils.service_problems_plan import (
    provider_url,
    provider_variables,
    self_hosted,
)

Inputs = Mapping[str, Any]
Document = dict[str, Any]

COLORS = ("blue", "green")
ANYWHERE = "0.0.0.0/0"
#: RFC 1918; a VPC of role vpc is in one of them.
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")


def task_definition(service: Inputs) -> Document:
    """The task definition that both colors share; ecs_blue_green adds family, image, color and digest.

    A worker's has no port.
    """
    volumes = [{"name": f"writable-{number}"} for number in range(len(service["writable_paths"]))]
    return {
        "containers": [_container(service)],
        "cpu": str(service["cpu"]),
        "memory": str(service["memory"]),
        "network_mode": "awsvpc",
        "requires_compatibilities": ["FARGATE"],
        "runtime_platform": {
            "cpu_architecture": service["cpu_architecture"],
            "operating_system_family": "LINUX",
        },
        "volumes": volumes,
        "task_role_arn": role_arn(service, "task"),
        "execution_role_arn": role_arn(service, "execution"),
    }


def role_arn(service: Inputs, purpose: str) -> str:
    """ARN of one of the IAM roles, known before the role exists. purpose: task, execution or scheduler."""
    return f"arn:aws:iam::{service['account_id']}:role/{service['cluster']}-{service['name']}-{purpose}"


def _container(service: Inputs) -> Document:
    container: Document = {
        "name": service["name"],
        "essential": True,
        "port_mappings": [{"container_port": int(service["port"]), "protocol": "tcp"}],
        "environment": [{"name": name, "value": value} for name, value in sorted(_environment(service).items())],
        "secrets": [{"name": name, "value_from": arn} for name, arn in sorted(_secrets(service).items())],
        "user": str(service["user"]),
        "readonly_root_filesystem": True,
        "linux_parameters": {"init_process_enabled": True, "capabilities": {"drop": ["ALL"]}},
        "log_configuration": {
            "log_driver": "awslogs",
            "options": {
                "awslogs-group": log_group(service),
                "awslogs-region": service["region"],
                "awslogs-stream-prefix": service["name"],
                # A log group that does not answer must not stop the service:
                # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html
                "mode": "non-blocking",
                "max-buffer-size": "25m",
            },
        },
        "mount_points": [
            {"source_volume": f"writable-{number}", "container_path": path, "read_only": False}
            for number, path in enumerate(service["writable_paths"])
        ],
        "stop_timeout": int(service["stop_timeout"]),
    }
    if service["kind"] == "worker":
        del container["port_mappings"]
    if service["health_check_command"]:
        container["health_check"] = {
            "command": ["CMD", *service["health_check_command"]],
            "interval": 10,
            "timeout": 5,
            "retries": 3,
            "start_period": 10,
        }
    return container


def repository_uri(service: Inputs) -> str:
    """URI of the service's ECR repository, known before it exists."""
    registry = f"{service['account_id']}.dkr.ecr.{service['region']}.amazonaws.com"
    return f"{registry}/{service['repository']}"


def repository_policy(service: Inputs) -> Mapping[str, Any] | None:
    """Who elsewhere may pull; None for nobody."""
    return sharing_plan.repository_policy(service["repository_readers"])


def log_group(service: Inputs) -> str:
    """Name of the service's log group."""
    return f"/ecs/{service['cluster']}/{service['name']}"


def _environment(service: Inputs) -> dict[str, str]:
    providers = service["llm_providers"]
    urls = {provider_variables(item["name"])[0]: item["base_url"] for item in providers}
    # Names of one provider in another's variable, so that the service knows where to go when it does not answer.
    others = {provider_variables(item["name"])[2]: item["fallback"] for item in providers if item.get("fallback")}
    given = {name: _text(value) for name, value in service["environment"].items()}
    return given | urls | others | ({"PORT": str(service["port"])} if service["kind"] == "web" else {})


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _secrets(service: Inputs) -> dict[str, str]:
    providers = [item for item in service["llm_providers"] if not self_hosted(item)]
    keys = {provider_variables(item["name"])[1]: item["secret_arn"] for item in providers}
    return dict(service["secrets"]) | keys


def trust_policy(service: Inputs) -> Document:
    """Only ECS tasks of this account and region may take the roles (confused deputy):
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
    """
    source = f"arn:aws:ecs:{service['region']}:{service['account_id']}:*"
    return policy_document(
        {
            "Sid": "Tasks",
            "Effect": "Allow",
            "Principal": {"Service": "ecs-tasks.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": str(service["account_id"])},
                "ArnLike": {"aws:SourceArn": source},
            },
        }
    )


def execution_policy(service: Inputs) -> Document:
    """What starting a task takes: its image, its log group, its secrets."""
    scope = f"{service['region']}:{service['account_id']}"
    owners = [service["account_id"], *service["image_accounts"]]
    statements = [
        # The action has no resource type: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
        statement("RegistryToken", ["ecr:GetAuthorizationToken"], "*"),
        statement(
            "Image",
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            [f"arn:aws:ecr:{service['region']}:{owner}:repository/{service['repository']}" for owner in owners],
        ),
        statement(
            "Logs",
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            f"arn:aws:logs:{scope}:log-group:{log_group(service)}:log-stream:*",
        ),
    ]
    beside = [
        arn for entry in (*service["workers"], *service["schedules"]) for arn in entry.get("secrets", {}).values()
    ]
    arns = sorted({_whole_secret(arn) for arn in (*_secrets(service).values(), *beside)})
    secrets = [arn for arn in arns if ":secretsmanager:" in arn]
    statements += _some("Secrets", ["secretsmanager:GetSecretValue"], secrets)
    statements += _some("Parameters", ["ssm:GetParameters"], [arn for arn in arns if ":ssm:" in arn])
    statements += _some("DecryptSecrets", ["kms:Decrypt"], list(service["secrets_kms_key_arns"]))
    return policy_document(*statements)


def _whole_secret(arn: str) -> str:
    """Without the JSON key, version stage and version id that ECS lets follow a secret's ARN after colons."""
    return ":".join(arn.split(":")[:7])


def task_policy(service: Inputs) -> Document:
    """What the service itself may do: its buckets. Without any there is no statement and thus no policy to attach."""
    buckets = service["s3_buckets"]
    writable = [item["name"] for item in buckets if item.get("access", "read") == "read_write"]
    names = [item["name"] for item in buckets]
    return policy_document(
        *_some("ListBuckets", ["s3:ListBucket"], [f"arn:aws:s3:::{name}" for name in names]),
        *_some("ReadObjects", ["s3:GetObject"], [f"arn:aws:s3:::{name}/*" for name in names]),
        *_some("WriteObjects", ["s3:DeleteObject", "s3:PutObject"], [f"arn:aws:s3:::{name}/*" for name in writable]),
    )


def policy_document(*statements: Document) -> Document:
    """An IAM policy as AWS writes it."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def statement(sid: str, actions: list[str], resource: str | list[str]) -> Document:
    """One statement that allows."""
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}


def _some(sid: str, actions: list[str], resources: list[str]) -> list[Document]:
    return [statement(sid, actions, resources)] if resources else []


def egress_rules(service: Inputs) -> list[Document]:
    """Egress of the tasks' security group, one rule a CIDR and port.

    HTTPS to anywhere: ECR, logs, secrets and S3 (public addresses, also by way of the gateway endpoint), and the LLM
    providers, whose addresses change too often to be named. A provider on another port gets that port. A self-hosted
    one is on port 80 of a private address unless its URL says otherwise; its load balancer lets in the tasks of its
    services only. DNS needs no rule: security groups do not filter the Amazon resolver.
    """
    ports, private = {443}, set()
    for provider in service["llm_providers"]:
        if self_hosted(provider):
            url = provider_url(provider["base_url"], "http")
            private.add((url.port if url else None) or 80)
        else:
            url = provider_url(provider["base_url"])
            ports.add((url.port if url else None) or 443)
    wanted = [(ANYWHERE, port, "HTTPS") for port in sorted(ports)]
    wanted += [(network, port, "self-hosted model") for port in sorted(private) for network in PRIVATE]
    wanted += [(item["cidr"], int(item["port"]), item.get("description", "")) for item in service["egress"]]
    return [
        {"proto": "tcp", "ports": [str(port)], "cidr_ip": [cidr], "rule_desc": description or f"port {port}"}
        for cidr, port, description in wanted
    ]


def scaling_policies(service: Inputs, target_groups: Mapping[str, str]) -> list[Document]:
    """Target tracking on CPU and on requests, for each ECS service: one a color, or the one of engine native.

    target_groups: color to target group ARN.
    """
    return [
        {
            "name": f"{name}-{metric}",
            "resource_id": f"service/{service['cluster']}/{name}",
            "target_tracking": {
                **specification,
                "scale_in_cooldown": 300,
                "scale_out_cooldown": 60,
                "disable_scale_in": False,
            },
        }
        for name in scaled_services(service)
        for metric, specification in (
            ("cpu", _cpu(service)),
            ("requests", _requests(service, name, target_groups)),
        )
    ]


def scaled_services(service: Inputs) -> list[str]:
    """Names of the ECS services that autoscaling sizes."""
    if service["engine"] == "native":
        return [service["name"]]
    return [f"{service['name']}-{color}" for color in COLORS]


def _cpu(service: Inputs) -> Document:
    return {
        "target_value": float(service["cpu_target"]),
        "predefined_metric_specification": {"predefined_metric_type": "ECSServiceAverageCPUUtilization"},
    }


def _requests(service: Inputs, name: str, target_groups: Mapping[str, str]) -> Document:
    """Requests a minute of both groups together, per running task of this ECS service.

    The ready-made ALBRequestCountPerTarget knows one target group only, so that a swap would leave it looking at the
    group without traffic. Counted like this, each color is sized for the whole traffic at any weights.
    """
    running = {
        "namespace": "ECS/ContainerInsights",
        "metric_name": "RunningTaskCount",
        "dimensions": _dimensions(ClusterName=service["cluster"], ServiceName=name),
    }
    return {
        "target_value": float(service["requests_target"]),
        "customized_metric_specification": {
            "metrics": [
                *(
                    _query(group, _group_metric(service, "RequestCount", target_groups[group]), "Sum")
                    for group in COLORS
                ),
                _query("tasks", running, "Average"),
                {
                    "id": "load",
                    "label": "Requests of both colors per running task",
                    "expression": "(FILL(blue, 0) + FILL(green, 0)) / tasks",
                    "return_data": True,
                },
            ]
        },
    }


def _query(identity: str, metric: Document, stat: str) -> Document:
    return {"id": identity, "metric_stat": {"metric": metric, "stat": stat}, "return_data": False}


def _dimensions(**values: str) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values.items()]


def _group_metric(service: Inputs, name: str, target_group: str) -> Document:
    """A metric of one target group, whose dimensions are the last parts of the two ARNs:
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
    """
    balancer = "/".join(service["listener_arn"].split(":")[5].split("/")[1:4])
    return {
        "namespace": "AWS/ApplicationELB",
        "metric_name": name,
        "dimensions": _dimensions(TargetGroup=target_group.split(":")[5], LoadBalancer=balancer),
    }


def alarms(service: Inputs, target_groups: Mapping[str, str]) -> list[Document]:
    """Two alarms over both groups, so that they mean the same before, during and after a swap.

    The share of failures is that of the worse color: in a share of the sum, a canary that fails all of its few requests
    would hide behind the color that has most of them.
    """
    errors = {f"errors_{color}": ("HTTPCode_Target_5XX_Count", "Sum", color) for color in COLORS}
    requests = {f"requests_{color}": ("RequestCount", "Sum", color) for color in COLORS}
    unhealthy = {f"unhealthy_{color}": ("UnHealthyHostCount", "Maximum", color) for color in COLORS}
    blue, green = (
        f"IF(FILL(requests_{color}, 0) > 0, 100 * FILL(errors_{color}, 0) / FILL(requests_{color}, 0), 0)"
        for color in COLORS
    )
    return [
        _alarm(
            service,
            "5xx",
            f"More than {service['alarm_5xx_percent']} % of the requests to either color of {service['name']} fail",
            errors | requests,
            f"IF({blue} > {green}, {blue}, {green})",
            float(service["alarm_5xx_percent"]),
            target_groups,
        ),
        _alarm(
            service,
            "unhealthy",
            f"A target of {service['name']}, of either color, stays unhealthy",
            unhealthy,
            "FILL(unhealthy_blue, 0) + FILL(unhealthy_green, 0)",
            0.0,
            target_groups,
        ),
    ]


def _alarm(
    service: Inputs,
    suffix: str,
    description: str,
    metrics: Mapping[str, tuple[str, str, str]],
    expression: str,
    threshold: float,
    target_groups: Mapping[str, str],
) -> Document:
    queries = []
    for identity, (metric, stat, color) in metrics.items():
        query = _query(identity, _group_metric(service, metric, target_groups[color]), stat)
        query["metric_stat"]["period"] = 60
        queries.append(query)
    actions = service["alarm_actions"]
    value = {"id": "value", "label": suffix, "expression": expression, "return_data": True}
    name = f"{service['cluster']}-{service['name']}-{suffix}"
    return alarm(name, description, {"metrics": [*queries, value]}, threshold, actions, actions)
