#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: aws_account
short_description: Fail unless the AWS credentials belong to an account
version_added: 0.1.0
author:
  - Contributors to the Slipway project (@slipway)
description:
  - Asks AWS who the controller's credentials belong to, and fails with one line if they are not usable, or if the
    account is not the one that is expected. Run it before anything is read or changed.
  - Before it asks, it refuses what does not belong together. These are credentials that look like AWS's or MongoDB
    Atlas's with an endpoint on this machine, and those of Slipway's local cloud with any other endpoint.
  - M(amazon.aws.aws_caller_info) tells the same, but starts a Python program for it, asks for the account's alias too,
    which takes a permission of its own, and answers with a traceback when there are no credentials.
options:
  account_id:
    description: Number of the account that the credentials must belong to.
    type: str
    required: true
  environment:
    description: Name of the environment that the account is for, for the message.
    type: str
    required: true
  region:
    description: Region whose endpoint of AWS STS is asked.
    type: str
    required: true
attributes:
  bypass_host_loop:
    support: none
extends_documentation_fragment:
  - slipway.ops.attributes.controller
  - ansible.builtin.action_common_attributes.flow
notes:
  - Runs on the controller only, with the credentials of its environment, its files or its machine as boto3 finds them.
    The keyword C(environment) of a play has no effect on it.
  - Needs no IAM permission. C(sts:GetCallerIdentity) is always allowed.
"""

EXAMPLES = r"""
- name: The credentials belong to this environment's account
  slipway.ops.aws_account:
    account_id: "222222222222"
    environment: staging
    region: us-east-1
"""

RETURN = r"""
account:
  description: Number of the account.
  returned: success
  type: str
  sample: "222222222222"
"""
