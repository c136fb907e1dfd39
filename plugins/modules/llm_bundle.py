#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: llm_bundle
short_description: The one file that a host which serves a model boots from
version_added: 0.1.0
author:
  - Contributors to the Slipway project (@slipway)
description:
  - No stock module makes an archive whose bytes depend on nothing but what is in it. C(community.general.archive) keeps
    the times of files, so that every run would give another one.
  - The file holds role C(llm_server), the playbook that applies it to the host itself, and its variables. Its name is
    the hash of its content, so that a launch template that names it changes only when what the host does changes.
  - Upload it to RV(key) in the model's bucket. The host's user data fetches it, compares RV(sha256), unpacks it and
    runs C(boot.sh).
options:
  role:
    description: Folder of role C(llm_server).
    type: path
    required: true
  variables:
    description: Inputs of the role. No secrets, and no templates, as the file is data.
    type: dict
    required: true
  dest:
    description: Folder for the file. It is made if it is not there.
    type: path
    required: true
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  platform:
    platforms: posix
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
"""

EXAMPLES = r"""
- name: What the hosts boot from
  slipway.ops.llm_bundle:
    role: "{{ playbook_dir }}/../roles/llm_server"
    variables: "{{ gpu_host_server }}"
    dest: build/gpu
  register: boot
"""

RETURN = r"""
path:
  description: The file. In check mode where it would be.
  returned: success
  type: str
  sample: build/gpu/0f3c0b9d9a4ae2b3.tar
sha256:
  description: Its SHA-256, in hexadecimal.
  returned: success
  type: str
  sample: 0f3c0b9d9a4ae2b3
key:
  description: The key under which the host expects it in the model's bucket.
  returned: success
  type: str
  sample: gpu/0f3c0b9d9a4ae2b3.tar
size:
  description: Its bytes.
  returned: success
  type: int
  sample: 92160
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.slipway.ops.plugins.module_utils.llm_bundle_plan import Bundle, BundleError, bundle, wanted


def read(role: Path) -> dict[str, bytes]:
    """Path within the role to content, of all its files."""
    files = {path.relative_to(role).as_posix(): path for path in role.rglob("*") if path.is_file()}
    tops = {"files/boot.sh", "files/boot.yml"}
    return {name: path.read_bytes() for name, path in files.items() if wanted(name) or name in tops}


def write(path: Path, made: Bundle) -> None:
    """Write it so that a file of that name is always a whole one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_bytes(made.content)
    new.replace(path)


def main() -> None:
    """Make the bundle unless it is there."""
    module = AnsibleModule(
        argument_spec={
            "role": {"type": "path", "required": True},
            "variables": {"type": "dict", "required": True},
            "dest": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    try:
        made = bundle(read(Path(module.params["role"])), module.params["variables"])
        path = Path(module.params["dest"]) / f"{made.sha256}.tar"
        changed = not path.is_file() or path.read_bytes() != made.content
        if changed and not module.check_mode:
            write(path, made)
    except (BundleError, OSError) as error:
        module.fail_json(msg=f"llm_bundle: {error}; nothing on AWS was changed")
    module.exit_json(changed=changed, path=str(path), sha256=made.sha256, key=made.key, size=len(made.content))


if __name__ == "__main__":
    main()
