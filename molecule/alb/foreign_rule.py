# SPDX-License-Identifier: GPL-3.0-or-later
"""Play somebody else on the load balancer: `create` a weighted rule and a certificate, or `read` the rule back."""

from __future__ import annotations

import datetime
import json
import sys
from typing import Any

import boto3
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

COLORS = {"blue": 0, "green": 100}
"""Target group to weight: as after a swap."""


def production_listener(elb: Any, name: str) -> tuple[str, str]:
    """ARN of the listener on port 80, and the load balancer's VPC."""
    balancer = elb.describe_load_balancers(Names=[name])["LoadBalancers"][0]
    listeners = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    return next(item["ListenerArn"] for item in listeners if item["Port"] == 80), balancer["VpcId"]


def create_rule(elb: Any, name: str) -> None:
    """Two target groups and one rule that forwards to both."""
    listener, vpc_id = production_listener(elb, name)
    groups = [
        {"TargetGroupArn": create_group(elb, f"{name}-{color}", vpc_id), "Weight": weight}
        for color, weight in COLORS.items()
    ]
    elb.create_rule(
        ListenerArn=listener,
        Priority=10,
        Conditions=[{"Field": "path-pattern", "Values": ["/*"]}],
        Actions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}],
    )


def create_group(elb: Any, name: str, vpc_id: str) -> str:
    """ARN of a new target group."""
    answer = elb.create_target_group(Name=name, Protocol="HTTP", Port=8080, VpcId=vpc_id, TargetType="ip")
    return str(answer["TargetGroups"][0]["TargetGroupArn"])


def read_rule(elb: Any, name: str) -> dict[str, Any]:
    """The listener's one rule besides the default."""
    listener, _ = production_listener(elb, name)
    rules = elb.describe_rules(ListenerArn=listener)["Rules"]
    return next(rule for rule in rules if not rule["IsDefault"])


def import_certificate() -> str:
    """ARN of a self-signed certificate imported into ACM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "alb.example")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    answer = boto3.client("acm").import_certificate(
        Certificate=certificate.public_bytes(serialization.Encoding.PEM), PrivateKey=pem
    )
    return str(answer["CertificateArn"])


def main(action: str, name: str) -> None:
    """Do it and print the rule, and what was made, as JSON."""
    elb = boto3.client("elbv2")
    made = {}
    if action == "create":
        create_rule(elb, name)
        made = {"certificate": import_certificate()}
    print(json.dumps({**made, "rule": read_rule(elb, name)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
