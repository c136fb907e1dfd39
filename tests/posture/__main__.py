# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m tests.posture SCANNERS`: make production with site.yml in a local cloud, and have Prowler look at it.

SCANNERS is the virtual environment that has Prowler. It asks the cloud's API as it would ask AWS's (AWS_ENDPOINT_URL).
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

from localcloud.demo import run, watch
from tests.posture import findings

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "posture"
ENVIRONMENT = "production"
#: One check for each kind of resource, and those that exceptions.yml names as what stands in for another.
SEEN = (
    "cloudfront_distributions_default_root_object",
    "cloudfront_distributions_https_enabled",
    "cloudfront_distributions_logging_enabled",
    "cloudfront_distributions_s3_origin_access_control",
    "cloudfront_distributions_using_waf",
    "dynamodb_table_deletion_protection_enabled",
    "dynamodb_tables_pitr_enabled",
    "ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_22",
    "ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_3389",
    "ec2_securitygroup_default_restrict_traffic",
    "ecr_repositories_lifecycle_policy_enabled",
    "ecr_repositories_scan_images_on_push_enabled",
    "ecs_cluster_container_insights_enabled",
    "ecs_service_fargate_latest_platform_version",
    "ecs_task_definitions_containers_readonly_access",
    "ecs_task_definitions_no_privileged_containers",
    "elbv2_alb_drop_invalid_header_fields_enabled",
    "elbv2_deletion_protection",
    "elbv2_desync_mitigation_mode",
    "elbv2_logging_enabled",
    "elbv2_waf_acl_attached",
    "s3_bucket_level_public_access_block",
    "s3_bucket_object_versioning",
    "s3_bucket_secure_transport_policy",
    "vpc_flow_logs_enabled",
    "wafv2_webacl_logging_enabled",
)


def main(scanners: Path) -> int:
    """Make, scan, compare; the exit status."""
    shutil.rmtree(BUILD, ignore_errors=True)
    BUILD.mkdir(parents=True)
    state = BUILD / "cloud"
    run.cloud(state, "up")
    try:
        env = run.environment(state, ENVIRONMENT)
        without_default_vpc(env)
        provision(env)
        found = scan(scanners, env)
    finally:
        run.cloud(state, "down")
    problems = findings.problems(found, findings.exceptions(), SEEN)
    print(findings.table(found))
    print("\n".join(problems))
    print(f"{sum(each.passed for each in found)} passed, {len(problems)} problems")
    return 1 if problems else 0


def without_default_vpc(env: dict[str, str]) -> None:
    """Remove the network that every new account has: site.yml neither makes nor uses it."""
    client = watch.client(env, "ec2")
    for vpc in client.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]:
        own = {"Name": "vpc-id", "Values": [vpc["VpcId"]]}
        for subnet in client.describe_subnets(Filters=[own])["Subnets"]:
            client.delete_subnet(SubnetId=subnet["SubnetId"])
        client.delete_vpc(VpcId=vpc["VpcId"])


def provision(env: dict[str, str]) -> None:
    """Run site.yml for production."""
    playbook = ["-m", "ansible.cli.playbook", "-i", f"inventories/{ENVIRONMENT}", "playbooks/site.yml"]
    with (BUILD / "site.log").open("w") as log:
        subprocess.run([sys.executable, *playbook], cwd=ROOT, env=env, stdout=log, stderr=log, check=True, timeout=300)


def scan(scanners: Path, env: dict[str, str]) -> list[findings.Finding]:
    """Run Prowler; exit status 3 is its word for findings. It keeps files in a home of its own.

    No task runs yet, so Prowler would hold the network for unused and pass over it.
    """
    started = time.monotonic()
    where = ["-M", "csv", "-o", str(BUILD), "-F", "prowler", "--no-banner", "--no-color", "--scan-unused-services"]
    command = [str(scanners / "bin" / "prowler"), "aws", "-f", "us-east-1", *where, "--checks", *findings.checks()]
    with (BUILD / "prowler.log").open("w") as log:
        done = subprocess.run(command, cwd=BUILD, env=env | {"HOME": str(BUILD)}, stdout=log, stderr=log, timeout=600)
    if done.returncode not in (0, 3):
        raise SystemExit(f"Prowler failed with {done.returncode}: {BUILD / 'prowler.log'}")
    print(f"{len(findings.checks())} checks of Prowler in {time.monotonic() - started:.0f} s")
    return findings.read(BUILD / "prowler.csv")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).absolute()))
