#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: release_gate
version_added: 0.1.0
short_description: May this artifact go to this environment?
description:
  - Says yes only where the records of another environment prove the artifact, an image or a site's release. The newest
    record there that is about it must have left it serving, and nothing there may have rolled back from it since.
  - Runs that were refused before their first change, V(blocked), say nothing about an artifact. Runs are ordered by the
    fencing token of their lease, so that wrong clocks do not matter.
  - Everything else fails with outcome V(blocked), also a table that cannot be read. Only O(break_glass) opens it then,
    and that is returned for the record.
  - The table may be in another account, whose resource policy lets this one read it (role C(release_store)).
  - Changes nothing.
author:
  - Contributors to the Slipway project (@slipway)
options:
  table:
    description: DynamoDB table of the proving environment's releases, its name or ARN.
    type: str
    required: true
  source:
    description: Name of the environment that must have proven the artifact.
    type: str
    required: true
  environment:
    description: Name of the environment that it is to go to.
    type: str
    required: true
  service:
    description: Name of the service, or of the site.
    type: str
    required: true
  kind:
    description: Whether the artifact is an image of a service or a release of a site.
    type: str
    choices: [service, site]
    default: service
  image:
    description: The image, by digest. A tag alone is refused, as it may mean another image later.
    type: str
    default: ""
  bundle:
    description: The built site, as M(slipway.ops.site_release) takes it. The artifact is the release that it makes.
    type: path
  digest:
    description:
      - The artifact itself, C(sha256:) and 64 hexadecimal digits. Of a release the first 8 digits or more do, if the
        records know just one such.
      - Beside O(image) or O(bundle) it must be the same one.
    type: str
    default: ""
  take_serving:
    description: Without an artifact named, take what serves in O(source), by its records.
    type: bool
    default: false
  repository:
    description:
      - Repository in Amazon ECR, C(ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME), in which the image must be, with the
        very manifest that its digest is of.
    type: str
    default: ""
  wait:
    description: Seconds to wait until the image is in O(repository), where replication brings it. Not in check mode.
    type: float
    default: 0
  poll_interval:
    description: Seconds between two looks.
    type: float
    default: 5
  break_glass:
    description:
      - Why the artifact goes there without a proof, 20 characters or more. It opens the gate and is returned for the
        record. It is text and never a template.
      - The action plugin takes it from the extra-var C(break_glass), as that was given, or from the environment
        variable E(SLIPWAY_BREAK_GLASS).
    type: str
    default: ""
  run:
    description:
      - Who asks and from where, for the record of a refusal. The action plugin fills in what GitHub Actions says.
    type: dict
    default: {}
    suboptions:
      by:
        description: Who. By default user and host of the controller.
        type: str
        default: ""
      url:
        description: Page of the run, such as that of a CI job.
        type: str
        default: ""
      git_sha:
        description: Commit that the artifact was built from. By default the one of its proof.
        type: str
        default: ""
notes:
  - Needs C(dynamodb:Query) on O(table), and C(ecr:BatchGetImage) on O(repository).
attributes:
  check_mode:
    support: full
    description: Decides the same.
  diff_mode:
    support: none
    description: Changes nothing.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Only what staging proved
  slipway.ops.release_gate:
    table: arn:aws:dynamodb:us-east-1:222222222222:table/slipway-staging-releases
    source: staging
    environment: production
    service: api
    image: api@sha256:6f3b1c0e9d5a4b2c8e7f6a5d4c3b2a190817263544536271809f0e1d2c3b4a59

- name: What serves in staging, once its image is here
  slipway.ops.release_gate:
    table: arn:aws:dynamodb:us-east-1:222222222222:table/slipway-staging-releases
    source: staging
    environment: production
    service: api
    take_serving: true
    repository: 333333333333.dkr.ecr.us-east-1.amazonaws.com/api
    wait: 300

- name: The release that a bundle makes
  slipway.ops.release_gate:
    table: arn:aws:dynamodb:us-east-1:222222222222:table/slipway-staging-releases
    source: staging
    environment: production
    service: site
    kind: site
    bundle: dist.tar.gz
"""

RETURN = r"""
outcome:
  description:
    - V(proven), V(broken_glass) for one that is not and goes all the same, or V(blocked), with which the task fails.
  returned: always
  type: str
  sample: proven
service:
  description: The service or site.
  returned: always
  type: str
  sample: api
source:
  description: The environment that must have proven the artifact.
  returned: always
  type: str
  sample: staging
environment:
  description: The environment that it is to go to.
  returned: always
  type: str
  sample: production
digest:
  description: The artifact. Empty when it is not known.
  returned: always
  type: str
  sample: sha256:6f3b1c0e9d5a4b2c8e7f6a5d4c3b2a190817263544536271809f0e1d2c3b4a59
release:
  description: Of a site the same without C(sha256:).
  returned: always
  type: str
image:
  description: The image to deploy, by digest. Empty for a site.
  returned: always
  type: str
  sample: 333333333333.dkr.ecr.us-east-1.amazonaws.com/api@sha256:6f3b
proof:
  description: The record that decided, without its steps. Empty when none says anything about the artifact.
  returned: always
  type: dict
git_sha:
  description: Commit that the artifact was built from, as the proof says it.
  returned: always
  type: str
reason:
  description: Why the artifact is not proven. Empty when it is.
  returned: always
  type: str
break_glass:
  description: The reason that opened the gate. Empty when it was not needed.
  returned: always
  type: str
notes:
  description: What should be known beside.
  returned: always
  type: list
  elements: str
next:
  description: The command to run after a refusal.
  returned: always
  type: str
  sample: ansible-playbook -i inventories/staging playbooks/deploy_backend.yml -e service=api -e image=api@sha256:6f3b
action:
  description: Always V(deploy), as a refusal is kept like the result of a deployment.
  returned: always
  type: str
run:
  description: Who asked, from where, for which commit.
  returned: always
  type: dict
started:
  description: When it was asked, in Unix seconds.
  returned: always
  type: float
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.image_plan import reference
from ansible_collections.slipway.ops.plugins.module_utils.lease import default_owner
from ansible_collections.slipway.ops.plugins.module_utils.promotion import decision_plan, gate, proof_plan
from ansible_collections.slipway.ops.plugins.module_utils.promotion.artifact_plan import Artifact, artifact_of
from ansible_collections.slipway.ops.plugins.module_utils.promotion.decision_plan import Asked, Decision
from ansible_collections.slipway.ops.plugins.module_utils.site.bundle import BundleError

TEXT = {"type": "str", "default": ""}
NEEDED = {"type": "str", "required": True}
RUN = dict.fromkeys(("by", "url", "git_sha"), TEXT)
ARGUMENTS: dict[str, Any] = {
    "table": NEEDED,
    "source": NEEDED,
    "environment": NEEDED,
    "service": NEEDED,
    "kind": {"type": "str", "choices": ["service", "site"], "default": "service"},
    "image": TEXT,
    "bundle": {"type": "path"},
    "digest": TEXT,
    "take_serving": {"type": "bool", "default": False},
    "repository": TEXT,
    "wait": {"type": "float", "default": 0},
    "poll_interval": {"type": "float", "default": 5},
    "break_glass": TEXT,
    "run": {"type": "dict", "options": RUN, "default": {}},
}
PROOF_LEAVES_OUT = ("steps", "timings", "colors")


@dataclass
class Ending:
    """What is known at the end. command: what to run after a refusal."""

    decision: Decision
    digest: str = ""
    record: Mapping[str, Any] = field(default_factory=dict)
    command: str = ""


class Gate:
    """One question."""

    def __init__(self, module: AnsibleAWSModule) -> None:
        self.module, self.params = module, module.params
        self.artifact = Artifact()
        self.asked = Asked(
            service=self.params["service"],
            source=self.params["source"],
            environment=self.params["environment"],
            site=self.params["kind"] == "site",
            artifact=self.params["bundle"] or self.params["image"].rpartition("/")[2],
        )

    def answer(self) -> Ending:
        """Proof first, then the glass, then the place where the image must be."""
        try:
            release = gate.bundle_release(self.params["bundle"]) if self.params["bundle"] else ""
        except BundleError as error:
            return self.refused(str(error))
        self.artifact = artifact_of(self.params, release)
        if self.artifact.problem:
            return self.refused(self.artifact.problem)
        digest, record, reason, command = self.proof()
        if not digest:
            return self.refused(reason, command)
        decision = decision_plan.decide(reason, self.params["break_glass"])
        missing = self.place_problem(digest) if decision.allowed else ""
        if missing:
            return Ending(Decision(decision_plan.BLOCKED, missing, notes=decision.notes), digest, record, self.again())
        return Ending(decision, digest, record, command)

    def refused(self, reason: str, command: str = "") -> Ending:
        """No typed reason opens the gate for what is not known."""
        return Ending(Decision(decision_plan.BLOCKED, reason), command=command or self.again())

    def again(self) -> str:
        """The command that asks once more, after what is in its way was mended."""
        named = f"release={self.artifact.text or 'ID'}" if self.asked.site else f"service={self.asked.service}"
        return f"ansible-playbook -i inventories/{self.asked.environment} playbooks/promote.yml -e {named}"

    def proof(self) -> tuple[str, Mapping[str, Any], str, str]:
        """Digest, record, why it is not proven, and the command after that."""
        table, text = self.params["table"], self.artifact.text
        whole = proof_plan.named((), text)[0] if self.artifact.whole else ""
        try:
            records = self.records(table, whole)
        except AnsibleAWSError as error:
            problem = f"the releases of {self.asked.source} cannot be read ({table}): {' '.join(str(error).split())}"
            return whole, {}, problem, decision_plan.reach_command(self.asked)
        prove = decision_plan.prove_command(self.asked, whole)
        if not text:
            digest = proof_plan.serving(records)
            if not digest:
                return "", {}, f"{self.asked.source} serves no {self.asked.service} yet, by its records", prove
        else:
            found = proof_plan.named(records, text)
            if len(found) != 1:
                return "", {}, f"{len(found)} releases in the records of {self.asked.source} begin with {text}", prove
            digest = found[0]
        proof = proof_plan.judge(records, digest)
        return digest, proof.record or {}, "" if proof.proven else decision_plan.why_not(self.asked, proof), prove

    def records(self, table: str, digest: str) -> list[proof_plan.Record]:
        """Of a name that is no whole digest all are needed, as any may be meant."""
        region = gate.region_of(table)
        client = self.module.client("dynamodb", **({"region": region} if region else {}))
        if self.artifact.text and not digest:
            return gate.all_records(client, table, self.asked.service)
        return gate.read_records(client, table, self.asked.service, digest)

    def place_problem(self, digest: str) -> str:
        repository = self.params["repository"]
        if not repository:
            return ""
        client = self.module.client("ecr", region=reference(repository).region)
        wait = 0.0 if self.module.check_mode else self.params["wait"]
        return gate.image_problem(client, repository, digest, wait, self.params["poll_interval"], time.sleep)


def result_of(params: Mapping[str, Any], asked: Asked, ending: Ending, started: float) -> dict[str, Any]:
    decision, record, run = ending.decision, ending.record, params["run"]
    repository = params["repository"]
    placed = f"{repository}@{ending.digest}" if repository and ending.digest else params["image"]
    git_sha = run["git_sha"] or str(record.get("git_sha") or "")
    return {
        "changed": False,
        "outcome": decision.outcome,
        "action": "deploy",
        "service": asked.service,
        "source": asked.source,
        "environment": asked.environment,
        "digest": ending.digest,
        "release": ending.digest.removeprefix("sha256:") if asked.site else "",
        "image": "" if asked.site else placed,
        "proof": {name: value for name, value in record.items() if name not in PROOF_LEAVES_OUT},
        "git_sha": git_sha,
        "reason": decision.reason,
        "break_glass": decision.break_glass,
        "notes": list(decision.notes),
        "next": "" if decision.allowed else ending.command,
        "run": {"by": run["by"] or default_owner(), "url": run["url"], "git_sha": git_sha, "token": 0},
        "started": started,
    }


def main() -> None:
    """Ask, report."""
    module = AnsibleAWSModule(
        argument_spec=ARGUMENTS, mutually_exclusive=[("image", "bundle")], supports_check_mode=True
    )
    started = time.time()
    asking = Gate(module)
    try:
        ending = asking.answer()
    except AnsibleAWSError as error:
        ending = asking.refused(" ".join(str(error).split()))
    result = result_of(module.params, asking.asked, ending, started)
    if not ending.decision.allowed:
        module.fail_json(msg=decision_plan.refusal(asking.asked, ending.decision, ending.command), **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
