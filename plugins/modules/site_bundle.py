#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: site_bundle
version_added: 0.1.0
short_description: Bring a kept release of a site out of its bucket
description:
  - Reads the manifest of a release that M(slipway.ops.site_release) published and keeps, and every file of it, and
    writes them as a tarball, the bundle that the release was made from. The same release gives the same tarball.
  - Every file must have the SHA-256 that the manifest says, and the manifest the one that is the release's name.
  - The bucket may be in another account, whose policy lets this one read it (role C(cloudfront_site)).
author:
  - Contributors to the Slipway project (@slipway)
options:
  bucket:
    description: Bucket of the site that has the release.
    type: str
    required: true
  release:
    description: The release, all 64 hexadecimal digits of it.
    type: str
    required: true
  dest:
    description: The tarball to write. One that is there is replaced once the new one is whole.
    type: path
    required: true
notes:
  - Needs C(s3:GetObject) on C(site/*), C(releases/*) and C(maps/*) of the bucket, and C(s3:ListBucket), without which
    S3 does not tell what is missing from what is forbidden.
  - Files are held in memory, up to 16 at a time.
attributes:
  check_mode:
    support: full
    description: Writes the tarball as well, since what comes after it reads it. Nothing but that is ever written.
  diff_mode:
    support: none
    description: Changes nothing but the tarball.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: The bundle of a release that staging keeps
  slipway.ops.site_bundle:
    bucket: slipway-staging-site-222222222222
    release: 6f3b1c8d7e90a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a
    dest: build/site.tar
"""

RETURN = r"""
bundle:
  description: The tarball.
  returned: success
  type: str
  sample: /home/alice/slipway/build/site.tar
files:
  description: How many files it holds.
  returned: success
  type: int
  sample: 31
bytes:
  description: How many bytes these have.
  returned: success
  type: int
  sample: 482113
"""

import re
from pathlib import Path

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.ops.plugins.module_utils.promotion.bundle import fetch
from ansible_collections.slipway.ops.plugins.module_utils.site.model_plan import UnreadableError
from ansible_collections.slipway.ops.plugins.module_utils.site.store import Store


def main() -> None:
    """Fetch, report."""
    spec = {
        "bucket": {"type": "str", "required": True},
        "release": {"type": "str", "required": True},
        "dest": {"type": "path", "required": True},
    }
    module = AnsibleAWSModule(argument_spec=spec, supports_check_mode=True)
    params = module.params
    if not re.fullmatch("[0-9a-f]{64}", params["release"]):
        module.fail_json(msg=f"release {params['release']!r}: 64 hexadecimal digits")
    verify = (params["aws_ca_bundle"] or None) if params["validate_certs"] else False
    store = Store(module.client("s3"), params["bucket"], verify=verify)
    dest = Path(params["dest"]).absolute()
    try:
        manifest = fetch(store, params["release"], dest)
    except (UnreadableError, AnsibleAWSError, OSError) as error:
        module.fail_json(msg=f"release {params['release']} was not fetched: {' '.join(str(error).split())}")
    finally:
        store.close()
    sizes = [file.size for file in manifest.files.values()]
    module.exit_json(changed=False, bundle=str(dest), files=len(sizes), bytes=sum(sizes))


if __name__ == "__main__":
    main()
