# SPDX-License-Identifier: GPL-3.0-or-later
"""A valid service, for the tables of the tests."""

from __future__ import annotations

from typing import Any

SECRET = "arn:aws:secretsmanager:us-east-1:111111111111:secret:slipway/db-AbCdEf"
PARAMETER = "arn:aws:ssm:us-east-1:111111111111:parameter/slipway/api/openai"
LISTENER = "arn:aws:elasticloadbalancing:us-east-1:111111111111:listener/app/slipway-local/0a1b/2c3d"
GROUPS = {
    color: f"arn:aws:elasticloadbalancing:us-east-1:111111111111:targetgroup/api-{color}/{color}1"
    for color in ("blue", "green")
}


def example(**changed: Any) -> dict[str, Any]:
    """The inputs of role ecs_service without their prefix, with CHANGED ones."""
    service: dict[str, Any] = {
        "name": "api",
        "kind": "web",
        "account_id": "111111111111",
        "region": "us-east-1",
        "cluster": "slipway-local",
        "engine": "two_service",
        "strategy": "all_at_once",
        "canary_steps": [{"weight": 10, "pause": 60}],
        "linear_step_percent": 20,
        "linear_step_pause": 60,
        "bake": 0,
        "load_balancer": "slipway-local",
        "listener_arn": LISTENER,
        "preview_listener_arn": LISTENER.replace("2c3d", "4e5f"),
        "port": 8080,
        "cpu": 256,
        "memory": 512,
        "cpu_architecture": "X86_64",
        "user": "10001:10001",
        "writable_paths": [],
        "health_check_path": "/healthz",
        "health_check_command": [],
        "stop_timeout": 30,
        "environment": {"BUCKET": "bucket"},
        "secrets": {"DB_URL": SECRET},
        "secrets_kms_key_arns": [],
        "llm_providers": [{"name": "open-ai", "base_url": "https://api.example.com/v1", "secret_arn": PARAMETER}],
        "s3_buckets": [],
        "egress": [],
        "repository_readers": [],
        "image_accounts": [],
        "priority": 100,
        "hosts": [],
        "paths": ["/*"],
        "deregistration_delay": 60,
        "desired_count": 2,
        "min_count": 2,
        "max_count": 6,
        "cpu_target": 60,
        "requests_target": 3000,
        "healthy_timeout": 600,
        "drain_floor": 120,
        "poll_interval": 5,
        "lock_wait": 0,
        "lock_ttl": 60,
        "notify_sns_topic_arn": "",
        "notify_webhook_url": "",
        "probe_url": "",
        "probe_count": 20,
        "preview_url": "",
        "smoke": [],
        "alarms": [],
        "metrics": [],
        "repository": "api",
        "repository_keep": 50,
        "log_retention_days": 30,
        "alarm_actions": [],
        "alarm_5xx_percent": 5,
        "workers": [],
        "schedules": [],
        "exclusive": False,
        "one_off_task": {},
    }
    return service | changed
