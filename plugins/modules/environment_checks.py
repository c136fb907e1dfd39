#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: environment_checks
version_added: 0.1.0
short_description: Look whether an AWS account and this machine are fit for an environment
description:
  - Looks, and changes nothing. Asks who calls, whose account that is, how far this machine's clock is off, whether
    region and zones can be used, whether quotas suffice, whether certificates are valid for their names, whether the
    caller may do what the playbooks do, and whether names resolve.
  - What is found is in RV(rows) and never fails the module, so that one problem hides no other.
  - Needs C(ec2:DescribeRegions), C(ec2:DescribeAvailabilityZones), C(ec2:DescribeVpcs), C(ec2:DescribeAddresses),
    C(ec2:DescribeInstanceTypes), C(elasticloadbalancing:DescribeAccountLimits),
    C(elasticloadbalancing:DescribeTargetGroups), C(servicequotas:GetServiceQuota),
    C(servicequotas:GetAWSDefaultServiceQuota), C(acm:DescribeCertificate), C(acm:ListCertificates),
    C(route53:ListHostedZonesByName), C(iam:GetRole) and C(iam:SimulatePrincipalPolicy).
  - A row whose permission is missing is a warning.
author:
  - Contributors to the Slipway project (@slipway)
options:
  environment:
    description: Name of the environment, for messages.
    type: str
    required: true
  account_id:
    description: The account that the credentials must belong to. Where they do not, nothing of it is looked at.
    type: str
    required: true
  tags:
    description: Tags that all of the environment has, by which its own is told from what others have.
    type: dict
    default: {}
  availability_zones:
    description: Zones that the network is made in.
    type: list
    elements: str
    default: []
  nat:
    description: NAT gateways of the network, each of which takes an elastic IP address.
    type: str
    choices: [none, single, per_zone]
    default: none
  services:
    description: Services of the environment, whose keys are inputs of role C(ecs_service) without its prefix.
    type: list
    elements: dict
    default: []
  service_cpu:
    description: CPU units of a task of a service that names none.
    type: int
    default: 256
  service_max_count:
    description: Most tasks of a service that names none.
    type: int
    default: 6
  gpu:
    description: GPU hosts. Nothing where there are none.
    type: dict
    suboptions:
      name:
        description: Name of the hosts, which their target group has.
        type: str
        required: true
      count:
        description: Most hosts at the same time.
        type: int
        required: true
      instance_type:
        description: EC2 instance type.
        type: str
        required: true
      purchase:
        description: How they are bought, as role C(gpu_host) has it.
        type: str
        default: on_demand
  certificates:
    description: Certificates of ACM that the environment is served with.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: What it is for.
        type: str
        required: true
      arn:
        description: ARN of the certificate, in any region. Empty for the newest one for the first of C(names).
        type: str
        default: ""
      names:
        description: Host names that it must be valid for. Nothing is looked for without ARN and names.
        type: list
        elements: str
        default: []
      region:
        description: Region of a certificate that is given by its names.
        type: str
        default: us-east-1
  zone:
    description: Public hosted zone of Route 53 that the account must have. Empty for none.
    type: str
    default: ""
  names:
    description: Host names that must resolve from this machine. Empty ones, addresses and wildcards are left out.
    type: list
    elements: str
    default: []
  permissions:
    description: What the caller must be allowed to do.
    type: list
    elements: dict
    default: []
    suboptions:
      actions:
        description: IAM actions.
        type: list
        elements: str
        required: true
      resources:
        description: ARNs that they are done to.
        type: list
        elements: str
        default: ["*"]
      context:
        description: Keys of conditions and lists of their values, as they will be.
        type: dict
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - slipway.ops.attributes.info
"""

EXAMPLES = r"""
- name: Look at the account
  slipway.ops.environment_checks:
    environment: staging
    account_id: "222222222222"
    availability_zones: [us-east-1a, us-east-1b]
    services:
      - name: api
        cpu: 512
        max_count: 12
    names: [api.example.com]
  register: account
"""

RETURN = r"""
rows:
  description:
    - What was found, one row a check, each with C(check), C(status) (V(ok), V(warning) or V(failure)), C(found), and
      C(remedy), which is empty where there is nothing to do.
    - P(slipway.ops.doctor_table#filter) makes a table of them.
  returned: success
  type: list
  elements: dict
  sample: [{"check": "region", "status": "ok", "found": "us-east-1 is enabled", "remedy": ""}]
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.ops.plugins.module_utils.aws_session import OneSession
from ansible_collections.slipway.ops.plugins.module_utils.doctor import environment

GPU = {
    "name": {"type": "str", "required": True},
    "count": {"type": "int", "required": True},
    "instance_type": {"type": "str", "required": True},
    "purchase": {"type": "str", "default": "on_demand"},
}
CERTIFICATE = {
    "name": {"type": "str", "required": True},
    "arn": {"type": "str", "default": ""},
    "names": {"type": "list", "elements": "str", "default": []},
    "region": {"type": "str", "default": "us-east-1"},
}
PERMISSION = {
    "actions": {"type": "list", "elements": "str", "required": True},
    "resources": {"type": "list", "elements": "str", "default": ["*"]},
    "context": {"type": "dict"},
}


def main() -> None:
    """Look, report."""
    module = AnsibleAWSModule(
        argument_spec={
            "environment": {"type": "str", "required": True},
            "account_id": {"type": "str", "required": True},
            "tags": {"type": "dict", "default": {}},
            "availability_zones": {"type": "list", "elements": "str", "default": []},
            "nat": {"type": "str", "choices": ["none", "single", "per_zone"], "default": "none"},
            "services": {"type": "list", "elements": "dict", "default": []},
            "service_cpu": {"type": "int", "default": 256},
            "service_max_count": {"type": "int", "default": 6},
            "gpu": {"type": "dict", "options": GPU},
            "certificates": {"type": "list", "elements": "dict", "default": [], "options": CERTIFICATE},
            "zone": {"type": "str", "default": ""},
            "names": {"type": "list", "elements": "str", "default": []},
            "permissions": {"type": "list", "elements": "dict", "default": [], "options": PERMISSION},
        },
        supports_check_mode=True,
    )

    def certificates(region: str) -> Any:
        """A client of ACM in the certificate's own region."""
        return module.client("acm", region=region)

    wanted = {**module.params, "region": module.region}
    rows = environment.rows(OneSession(module), certificates, wanted)
    module.exit_json(changed=False, rows=[row.as_dict() for row in rows])


if __name__ == "__main__":
    main()
