# SPDX-License-Identifier: GPL-3.0-or-later
"""An Ansible module that makes an S3 client and is done: below that no AWS module comes."""

from __future__ import annotations

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

if __name__ == "__main__":
    module = AnsibleAWSModule(argument_spec={})
    module.client("s3")
    module.exit_json(changed=False)
