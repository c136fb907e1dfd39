# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Alarms, saved queries and policies by which an environment is watched, and what is wrong with the inputs. Pure.

The inputs are those of role observability without their prefix. The dashboard is in observability_dashboard_plan.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.slipway.ops.plugins.module_utils.alarm_plan import alarm
from ansible_collections.slipway.ops.plugins.module_utils.service_documents_plan import policy_document

Inputs = Mapping[str, Any]
Document = dict[str, Any]

#: CloudFront's metrics, and those of its firewall, are in this region only.
FRONT_REGION = "us-east-1"
NAME = re.compile(r"[A-Za-z0-9_-]{1,200}")
#: What an alarm can be told to by SNS (SNS API reference, Subscribe), and what an endpoint looks like.
ENDPOINTS = {
    "email": re.compile(r"[^@\s]+@[^@\s]+"),
    "email-json": re.compile(r"[^@\s]+@[^@\s]+"),
    "https": re.compile(r"https://\S+"),
    "lambda": re.compile(r"arn:aws[a-z-]*:lambda:\S+"),
    "sms": re.compile(r"\+[0-9]{6,15}"),
    "sqs": re.compile(r"arn:aws[a-z-]*:sqs:\S+"),
}
COLORS = ("blue", "green")


def problems(inputs: Inputs) -> list[str]:
    """All findings, one line each; empty when everything can be made."""
    return [*_names(inputs), *_subscriptions(inputs), *_thresholds(inputs)]


def topic_arn(inputs: Inputs) -> str:
    """ARN of the topic, known before it exists."""
    return f"arn:aws:sns:{inputs['region']}:{inputs['account_id']}:{inputs['name']}-alarms"


def topic_policy(inputs: Inputs) -> Document:
    """Alarms of this account may publish, and nobody without TLS; who may do more is up to IAM."""
    arn = topic_arn(inputs)
    return policy_document(
        {
            "Sid": "Alarms",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": arn,
            "Condition": _alarms_only(inputs),
        },
        {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": {"AWS": "*"},
            "Action": "sns:Publish",
            "Resource": arn,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    )


def key_policy(inputs: Inputs) -> Document:
    """CloudWatch may use the key for the topic. Its owner's permissions come from IAM, as with any key.

    With AWS's own key for SNS no alarm could be sent:
    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
    """
    return policy_document(
        {
            "Sid": "Account",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{inputs['account_id']}:root"},
            "Action": "kms:*",
            "Resource": "*",
        },
        {
            "Sid": "Alarms",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
            "Resource": "*",
            "Condition": _alarms_only(inputs),
        },
    )


def alarms(inputs: Inputs) -> list[Document]:
    """What no service's own alarms see: requests that reached no target, and what visitors of the site get.

    Those of CloudFront need a topic in its region, so that elsewhere there is none.
    """
    found = []
    if inputs["load_balancer_arn"]:
        found.append(
            _alarm(
                inputs,
                "load-balancer-5xx",
                f"Load balancer {inputs['name']} itself answers with errors: no target of a service does",
                ("AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", "Sum"),
                {"LoadBalancer": load_balancer(inputs)},
                inputs["alarm_load_balancer_5xx"],
            )
        )
    if inputs["distribution_id"] and inputs["region"] == FRONT_REGION:
        found.append(
            _alarm(
                inputs,
                "site-5xx",
                f"More than {inputs['alarm_site_5xx_percent']} % of the answers of distribution "
                f"{inputs['distribution_id']} are errors",
                ("AWS/CloudFront", "5xxErrorRate", "Average"),
                {"DistributionId": inputs["distribution_id"], "Region": "Global"},
                inputs["alarm_site_5xx_percent"],
            )
        )
    return found


def alarm_names(inputs: Inputs) -> list[Document]:
    """All alarms that role observability may have made, whatever is there now."""
    return [{"alarm_name": f"{inputs['name']}-{suffix}"} for suffix in ("load-balancer-5xx", "site-5xx")]


def queries(inputs: Inputs) -> list[Document]:
    """Saved queries of Logs Insights, in a folder of the environment's name with one folder a service."""
    found = [query for service in inputs["services"] for query in _of_service(inputs, service)]
    if inputs["flow_log_group"]:
        found += [
            _query("network/rejected", [inputs["flow_log_group"]], REJECTED),
            _query("network/most bytes", [inputs["flow_log_group"]], MOST_BYTES),
        ]
    if inputs["firewall_log_groups"]:
        found += [
            _query("firewall/blocked", inputs["firewall_log_groups"], BLOCKED),
            _query("firewall/would be blocked", inputs["firewall_log_groups"], COUNTED),
        ]
    return found


ERRORS = r"""fields @timestamp, @logStream, @message
| filter @message like /(?i)(error|exception|traceback|fatal|panic)/
| sort @timestamp desc
| limit 200"""
ERRORS_OVER_TIME = r"""filter @message like /(?i)(error|exception|traceback|fatal|panic)/
| stats count(*) as errors by bin(5m), @logStream"""
LATEST = """fields @timestamp, @logStream, @message
| sort @timestamp desc
| limit 200"""
LINES = """stats count(*) as lines by bin(5m), @logStream"""
REJECTED = """filter action = "REJECT"
| stats count(*) as packets by srcAddr, dstAddr, dstPort
| sort packets desc
| limit 50"""
MOST_BYTES = """stats sum(bytes) as total by srcAddr, dstAddr
| sort total desc
| limit 50"""
BLOCKED = """filter action = "BLOCK"
| stats count(*) as requests by terminatingRuleId, httpRequest.clientIp, httpRequest.country, httpRequest.uri
| sort requests desc
| limit 50"""
COUNTED = """filter ispresent(nonTerminatingMatchingRules.0.ruleId)
| stats count(*) as requests by nonTerminatingMatchingRules.0.ruleId, httpRequest.clientIp, httpRequest.uri
| sort requests desc
| limit 50"""


def _of_service(inputs: Inputs, service: Inputs) -> list[Document]:
    group = [f"/ecs/{inputs['cluster']}/{service['name']}"]
    texts = {"errors": ERRORS, "errors over time": ERRORS_OVER_TIME, "latest": LATEST, "lines over time": LINES}
    return [_query(f"{service['name']}/{title}", group, text) for title, text in texts.items()]


def _query(title: str, groups: list[str], text: str) -> Document:
    return {"name": title, "log_groups": sorted(groups), "query": text}


def load_balancer(inputs: Inputs) -> str:
    """The load balancer as its metrics' dimension has it: app/NAME/ID."""
    return str(inputs["load_balancer_arn"]).partition(":loadbalancer/")[2]


def _alarm(
    inputs: Inputs,
    suffix: str,
    description: str,
    metric: tuple[str, str, str],
    dimensions: Mapping[str, str],
    threshold: Any,
) -> Document:
    namespace, metric_name, statistic = metric
    actions = [topic_arn(inputs)]
    measured = {
        "namespace": namespace,
        "metric_name": metric_name,
        "statistic": statistic,
        "dimensions": [{"name": name, "value": value} for name, value in dimensions.items()],
        "period": 60,
    }
    return alarm(f"{inputs['name']}-{suffix}", description, measured, float(threshold), actions, actions)


def _alarms_only(inputs: Inputs) -> Document:
    scope = f"{inputs['region']}:{inputs['account_id']}"
    return {
        "StringEquals": {"aws:SourceAccount": str(inputs["account_id"])},
        "ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:{scope}:alarm:*"},
    }


def _names(inputs: Inputs) -> Iterator[str]:
    if not NAME.fullmatch(str(inputs["name"])):
        yield f"observability_name {inputs['name']}: 1 to 200 letters, digits, hyphens and underscores"


def _subscriptions(inputs: Inputs) -> Iterator[str]:
    for entry in inputs["subscriptions"]:
        pattern = ENDPOINTS.get(entry["protocol"])
        if pattern is None:
            yield f"observability_subscriptions: protocol {entry['protocol']} is none of {', '.join(sorted(ENDPOINTS))}"
        elif not pattern.fullmatch(entry["endpoint"]):
            yield f"observability_subscriptions: {entry['endpoint']} is no endpoint of protocol {entry['protocol']}"


def _thresholds(inputs: Inputs) -> Iterator[str]:
    for key, most in (("alarm_load_balancer_5xx", 10**9), ("alarm_site_5xx_percent", 100)):
        value = str(inputs[key])
        if not value.isdigit() or not int(value) <= most:
            yield f"observability_{key} {value}: a whole number from 0 to {most}"
