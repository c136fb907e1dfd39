#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: deploy_lock
version_added: 0.1.0
short_description: Look at the lease of a service, take it, give it back, or break it
description:
  - M(slipway.ops.ecs_blue_green) takes the lease by itself. This module is for people and for what else must not happen
    during a deployment, such as the restore of a database. As long as it has the lease, no deployment starts.
  - The lease ends by itself after O(ttl). Acquiring it again with the O(run_id) of before extends it.
  - The time is that of DynamoDB, so that no controller's clock matters.
  - Needs C(dynamodb:GetItem) and C(dynamodb:UpdateItem) on the table. Fails when the table does not exist, when
    somebody else has the lease, and when DynamoDB cannot be asked.
author:
  - Contributors to the Slipway project (@slipway)
options:
  action:
    description:
      - V(status) says who has the lease.
      - V(acquire) takes it, or extends the one of O(run_id).
      - V(release) gives the lease of O(run_id) back. One that is free, or that another run has taken, is no change.
      - V(break) takes it from whoever has it. That run stops before its next change of weights, as superseded.
    type: str
    choices: [status, acquire, release, break]
    default: status
  table:
    description: DynamoDB table of the environment's releases, as role C(release_store) makes it.
    type: str
    required: true
  service:
    description: Name of the service.
    type: str
    required: true
  owner:
    description: Who takes it. By default user and host of the controller.
    type: str
    default: ""
  run_url:
    description: Page that tells others what for.
    type: str
    default: ""
  run_id:
    description: Name of the acquisition, RV(run_id). Required for O(action=release).
    type: str
  wait:
    description: Seconds to wait for whoever has the lease.
    type: float
    default: 0
  ttl:
    description: Seconds that the lease lasts, 10 to 86400.
    type: float
    default: 3600
  confirm:
    description: For O(action=break) the name of the service, typed once more.
    type: str
    default: ""
attributes:
  check_mode:
    support: full
    description: Says what would happen to the lease, and takes or gives back none.
  diff_mode:
    support: full
    description: Shows owner and expiry before and after.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Who deploys?
  slipway.ops.deploy_lock:
    table: slipway-staging-releases
    service: api

- name: Keep deployments away while the database is restored
  slipway.ops.deploy_lock:
    action: acquire
    table: slipway-staging-releases
    service: api
    wait: 600
    ttl: 7200
  register: lease

- name: Let them go on
  slipway.ops.deploy_lock:
    action: release
    table: slipway-staging-releases
    service: api
    run_id: "{{ lease.run_id }}"

- name: Take the lease from a run that hangs
  slipway.ops.deploy_lock:
    action: break
    table: slipway-staging-releases
    service: api
    confirm: api
"""

RETURN = r"""
held:
  description: Whether somebody has the lease now, after the action.
  returned: success
  type: bool
run_id:
  description: Name of the acquisition; empty when nobody has the lease.
  returned: success
  type: str
owner:
  description: Who has it; empty when nobody has.
  returned: success
  type: str
run_url:
  description: Page of the run that has it.
  returned: success
  type: str
token:
  description: The fencing token, which grows with every acquisition.
  returned: success
  type: int
expires:
  description: When it ends, in Unix seconds by DynamoDB's clock. 0 when nobody has it.
  returned: success
  type: int
text:
  description: The same in one line.
  returned: success
  type: str
  sample: nobody holds the lease of api
"""

from dataclasses import dataclass
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.ops.plugins.module_utils.lease import (
    Lease,
    LeaseHeldError,
    LeaseLostError,
    default_owner,
    write_item,
)
from ansible_collections.slipway.ops.plugins.module_utils.lease_plan import Held, held_text, release_request

SHORTEST = 10
LONGEST = 86400


@dataclass
class Lock:
    """The lease as found: now is DynamoDB's time; seen also shows one that has run out."""

    lease: Lease
    seen: Held | None
    now: float

    @property
    def held(self) -> Held | None:
        return None if self.seen is None or self.seen.expired(self.now) else self.seen


def observe(lease: Lease) -> Lock:
    seen = lease.look()
    return Lock(lease, seen, lease.now())


def acquire(lock: Lock, wait: float, check_mode: bool) -> bool:
    mine = lock.held is not None and lock.held.run_id == lock.lease.run_id
    if check_mode:
        if lock.held and not mine and wait <= 0:
            raise LeaseHeldError(held_text(lock.lease.service, lock.held, lock.now))
    elif mine and lock.held:
        lock.lease.token = lock.held.token
        lock.lease.confirm()
    else:
        lock.lease.acquire(wait, lambda _text: None)
    return True


def give_back(lock: Lock, run_id: str | None, check_mode: bool) -> bool:
    """run_id None: whoever's it is."""
    seen = lock.seen
    if seen is None or run_id not in (None, seen.run_id):
        return False
    if not check_mode:
        write_item(lock.lease.client, release_request(lock.lease.table, lock.lease.service, seen.run_id, seen.token))
    return True


def carry_out(module: AnsibleAWSModule, lock: Lock) -> bool:
    params, check_mode = module.params, module.check_mode
    if params["action"] == "acquire":
        return acquire(lock, params["wait"], check_mode)
    if params["action"] == "release":
        return give_back(lock, params["run_id"], check_mode)
    return params["action"] == "break" and give_back(lock, None, check_mode)


def shown(lock: Lock) -> dict[str, Any]:
    held = lock.held
    service = lock.lease.service
    if held is None:
        nobody = {"held": False, "run_id": "", "owner": "", "run_url": "", "expires": 0}
        return {**nobody, "token": lock.lease.last_token, "text": f"nobody holds the lease of {service}"}
    known = {name: getattr(held, name) for name in ("run_id", "owner", "run_url", "token", "expires")}
    return {"held": True, **known, "text": held_text(service, held, lock.now)}


def problem(params: dict[str, Any]) -> str:
    """What cannot be, in one line; empty when all is well."""
    if params["action"] == "break" and params["confirm"] != params["service"]:
        return (
            f"break takes the lease of {params['service']} from whoever has it; nothing was changed: if you mean it,"
            f" add confirm: {params['service']}"
        )
    if not SHORTEST <= params["ttl"] <= LONGEST:
        return f"ttl {params['ttl']:g}: from {SHORTEST} to {LONGEST} seconds"
    return ""


def main() -> None:
    """Observe, act, report."""
    module = AnsibleAWSModule(
        argument_spec={
            "action": {"type": "str", "choices": ["status", "acquire", "release", "break"], "default": "status"},
            "table": {"type": "str", "required": True},
            "service": {"type": "str", "required": True},
            "owner": {"type": "str", "default": ""},
            "run_url": {"type": "str", "default": ""},
            "run_id": {"type": "str"},
            "wait": {"type": "float", "default": 0},
            "ttl": {"type": "float", "default": 3600},
            "confirm": {"type": "str", "default": ""},
        },
        required_if=[("action", "release", ["run_id"])],
        supports_check_mode=True,
    )
    params = module.params
    refused = problem(params)
    if refused:
        module.fail_json(msg=refused)
    given = {"run_id": params["run_id"]} if params["run_id"] else {}
    try:
        owner = params["owner"] or default_owner()
        client = module.client("dynamodb")
        lease = Lease(client, params["table"], params["service"], owner, params["run_url"], params["ttl"], **given)
        before = observe(lease)
        changed = carry_out(module, before)
        after = before if module.check_mode or not changed else observe(lease)
    except (LeaseHeldError, LeaseLostError) as error:
        module.fail_json(msg=str(error))
    except AnsibleAWSError as error:
        module.fail_json_aws_error(error)
    module.exit_json(changed=changed, **shown(after), diff={"before": shown(before), "after": shown(after)})


if __name__ == "__main__":
    main()
