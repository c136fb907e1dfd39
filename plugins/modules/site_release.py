#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: site_release
version_added: 0.1.0
short_description: Publish a static site to S3 behind CloudFront as one release that can be rolled back
description:
  - A release is a folder or a tarball, named by the SHA-256 of its manifest (every file's path, content, class and
    headers). The same bundle has the same name everywhere.
  - O(action=publish) uploads what is new, proves that everything is there, switches the documents last (the index
    document by one conditional write), invalidates exactly what changed at the edge, waits for it, proves at
    O(site_url) that the new release is what visitors get, and then removes what no kept release needs.
  - Files are compared by content and never by time. One read of the live manifest decides; with O(verify) the bucket is
    listed and compared too, and what was deleted, changed or added behind the module's back is healed.
  - O(action=rollback) switches back to a release that is kept, which takes one switch and one invalidation. It is
    refused when anything that release needs is missing.
  - All state is in the bucket, in V(state/current.json), which is written conditionally. A run that was killed is
    continued by the next one with the same activation number, the same caller reference and so the same invalidation.
  - With O(lock) one run at a time has the lease of the site. Of two that meet nevertheless, the conditional write lets
    one through, the other one ends as superseded.
  - Everything that can be known before is checked before the first write. That is the bundle (its names, its size, its
    index document and every file that its documents name), the bucket, which must not be public, and the distribution,
    which must have the bucket as origin.
  - At the first SIGTERM or SIGINT the run finishes its call, gives the lease back and ends with outcome V(failed) where
    it is. Running it again goes on from there.
author:
  - Contributors to the Slipway project (@slipway)
options:
  action:
    description:
      - V(publish) makes the bundle the live release.
      - V(rollback) makes a kept release the live one.
      - V(prune) removes what no kept release needs, with whatever else lies in the bucket under V(site/) and
        V(releases/) and belongs to none.
    type: str
    choices: [publish, rollback, prune]
    default: publish
  service:
    description: Name of the site, under which its lease is taken and progress is shown.
    type: str
    default: site
  bundle:
    description:
      - The built site, a folder, V(.tar) or V(.tar.gz) with V(index.html) at its top. Required for O(action=publish).
      - Names may hold spaces, any Unicode and characters that mean something in URLs. Refused are names that differ in
        case only, control characters, backslashes, links that lead out, devices, and V(config.json) at the top, which
        O(config) renders.
    type: path
  release:
    description:
      - The release to roll back to, its name or the first 8 or more characters of it. By default the one that was live
        before.
      - For O(action=publish) the release that the bundle must make, or nothing is published.
    type: str
  bucket:
    description: Bucket of the site, as role C(cloudfront_site) makes it.
    type: str
    required: true
  distribution_id:
    description: CloudFront distribution that serves V(site/) of the bucket.
    type: str
    required: true
  site_url:
    description: Where visitors reach the distribution, to prove there what they get. V(https://DOMAIN) or V(http://...).
    type: str
    required: true
  config:
    description:
      - What V(/config.json) holds in this environment. It is rendered apart, so that a bundle is built once. It is
        public, so no secret belongs here. What is live stays when this is left out.
    type: dict
  source_maps:
    description:
      - V(private) keeps them with the release, out of the distribution's reach, for error trackers and people.
      - V(upload) serves them beside the code. V(drop) leaves them out.
      - The name of the release is the same with each of them.
    type: str
    choices: [upload, private, drop]
    default: private
  keep_releases:
    description: So many of the newest releases are kept, the live one included, 2 or more.
    type: int
    default: 5
  keep_days:
    description: A release is kept for so many days after it stopped being the live one, whatever O(keep_releases) says.
    type: float
    default: 30
  max_bytes:
    description: A bundle with more bytes than this, unpacked, is refused.
    type: int
    default: 1073741824
  max_files:
    description: A bundle with more files than this is refused.
    type: int
    default: 20000
  invalidation:
    description: How the edge is told.
    type: dict
    default: {}
    suboptions:
      mode:
        description:
          - V(paths) names the paths that changed.
          - V(tag) names one cache tag, which costs one path however many documents changed. The distribution must have
            opted in with the header V(x-amz-meta-cache-tag).
        type: str
        choices: [paths, tag]
        default: paths
      budget_paths:
        description: More paths than this become wildcards, each of which costs as much as one path. 1 to 3000.
        type: int
        default: 10
      routes:
        description:
          - Viewer paths that the distribution's function answers with the index document and that are invalidated with
            it. A viewer-request function, as role C(cloudfront_site) makes it, needs none, as it changes the path
            before CloudFront looks into its cache. V(*) may be their last character.
        type: list
        elements: str
        default: []
      timeout:
        description: Seconds to wait for the invalidation, with the time that others' invalidations take before it.
        type: float
        default: 900
      poll_interval:
        description: The longest pause between two looks at the invalidation, in seconds.
        type: float
        default: 5
  proof:
    description: How the release is proven at O(site_url).
    type: dict
    default: {}
    suboptions:
      timeout:
        description: Seconds within which the edge must answer with the release.
        type: float
        default: 60
      headers:
        description: Headers that the index document must come with, names to values. V(*) accepts any value.
        type: dict
        default: {}
      deep_link:
        description: Viewer path that the distribution's function answers with the index document. Empty for no proof.
        type: str
        default: ""
  verify:
    description: Lists the bucket, compares it with the release, and heals what differs. Objects of no release go.
    type: bool
    default: false
  threads:
    description: Requests at a time.
    type: int
    default: 64
  lock:
    description:
      - The lease of the site, taken before the first change and proven before every write that visitors can see.
        Without it only the conditional writes keep two publishers apart. Check mode and a run with nothing to do take
        none.
    type: dict
    suboptions:
      table:
        description: DynamoDB table of the environment's releases, as role C(release_store) makes it.
        type: str
        required: true
      wait:
        description: Seconds to wait for whoever has the lease. With 0 the outcome is V(blocked) at once.
        type: float
        default: 0
      ttl:
        description: Seconds after which a run that was killed loses the lease. A run that lives renews it.
        type: float
        default: 60
  run:
    description: Who runs this and from where, for the lease, V(state/current.json) and RV(run).
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
        description: Commit that the bundle was built from.
        type: str
        default: ""
  progress_file:
    description: File to which progress is appended, one JSON object a line. Set by the action plugin of the same name.
    type: path
notes:
  - It takes the IAM actions C(s3:GetObject), C(s3:PutObject), C(s3:DeleteObject) and C(s3:ListBucket) on the bucket,
    C(s3:GetBucketPublicAccessBlock), C(s3:GetBucketPolicyStatus), C(s3:GetBucketPolicy),
    C(cloudfront:GetDistribution), C(cloudfront:GetCachePolicy),
    C(cloudfront:CreateInvalidation), C(cloudfront:GetInvalidation) and C(cloudfront:ListInvalidations), and for O(lock)
    C(dynamodb:GetItem) and C(dynamodb:UpdateItem).
  - The proof sees the edge location that is nearest to the machine that runs the module, not all of them.
  - Where the bucket encrypts with KMS, an object's ETag is not the MD5 of its content. The proof that everything is
    there then asks for the checksum of every object, beside listing them.
attributes:
  check_mode:
    support: full
    description: Says what would be uploaded, changed, removed and invalidated, and what that costs.
  diff_mode:
    support: full
    description: Shows release, activation number and files before and after.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Publish a built site
  slipway.ops.site_release:
    bundle: dist
    bucket: slipway-staging-site-222222222222
    distribution_id: E2QWRUHAPOMQZL
    site_url: https://www.staging.example.com
    config:
      api: https://api.staging.example.com
      environment: staging
    invalidation:
      budget_paths: 20
    proof:
      deep_link: /settings
      headers: {Content-Security-Policy: "*"}
    lock: {table: slipway-staging-releases, wait: 300}

- name: Return to the release before
  slipway.ops.site_release:
    action: rollback
    bucket: slipway-staging-site-222222222222
    distribution_id: E2QWRUHAPOMQZL
    site_url: https://www.staging.example.com

- name: Compare the bucket with the release and heal it
  slipway.ops.site_release:
    bundle: dist
    verify: true
    bucket: slipway-staging-site-222222222222
    distribution_id: E2QWRUHAPOMQZL
    site_url: https://www.staging.example.com
"""

RETURN = r"""
outcome:
  description:
    - V(promoted), V(rolled_back), V(pruned), V(superseded), V(blocked) or V(failed).
    - The task fails unless it is V(promoted) for O(action=publish), V(rolled_back) for O(action=rollback) or V(pruned)
      for O(action=prune).
  returned: always
  type: str
  sample: promoted
action:
  description: The action that was asked for.
  returned: always
  type: str
  sample: publish
service:
  description: Name of the site.
  returned: always
  type: str
  sample: site
bucket:
  description: Bucket of the site.
  returned: always
  type: str
  sample: slipway-staging-site-222222222222
distribution_id:
  description: The distribution.
  returned: always
  type: str
  sample: E2QWRUHAPOMQZL
site_url:
  description: Where visitors reach it.
  returned: always
  type: str
  sample: https://www.staging.example.com
release:
  description: The release that was to be live, 64 hexadecimal digits. Empty when it is not known.
  returned: always
  type: str
  sample: 6f3b1c8d7e90a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a
digest:
  description: The same with C(sha256:) before it, as release records have it.
  returned: always
  type: str
  sample: sha256:6f3b1c8d7e90a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a
previous:
  description: The release that was live before, to which O(action=rollback) returns. Empty for none.
  returned: always
  type: str
  sample: 1f4e6a0c9b2d3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5
live:
  description: The release whose documents visitors get after the run. Empty when that is not sure.
  returned: always
  type: str
  sample: 6f3b1c8d7e90a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a
seq:
  description: Activation number, which grows by one with every switch. 0 when there was none yet.
  returned: always
  type: int
  sample: 17
found:
  description: What there was before the run did anything, with whatever was left unfinished.
  returned: always
  type: str
  sample: release 1f4e6a0c9b2d is live (activation 16)
reason:
  description: Why the outcome is not the one that was asked for. Empty when it is.
  returned: always
  type: str
next:
  description: The command to run next. INVENTORY is for the reader to fill in.
  returned: always
  type: str
  sample: ansible-playbook -i INVENTORY playbooks/rollback_frontend.yml
counts:
  description: Class of files to their number, by what happens to them.
  returned: always
  type: dict
  contains:
    added:
      description: Files that the live release does not have.
      type: dict
      returned: always
      sample: {"immutable": 26}
    changed:
      description: Files with other bytes or headers than in the live release, and files that were healed.
      type: dict
      returned: always
      sample: {"document": 1, "file": 3}
    unchanged:
      description: Files that are there already.
      type: dict
      returned: always
      sample: {"immutable": 1970}
    removed:
      description: Files that go now. Files of an older release that is kept stay.
      type: dict
      returned: always
      sample: {"immutable": 31}
files:
  description: Up to 50 paths each of what was C(added), C(changed) and C(removed).
  returned: always
  type: dict
  sample: {"added": ["assets/index-BsK3x9_d.js"], "changed": ["index.html"], "removed": []}
bytes:
  description: Bytes that were uploaded, in check mode that would be.
  returned: always
  type: int
  sample: 812345
requests:
  description: Requests to S3 and CloudFront, retries included.
  returned: always
  type: int
  sample: 56
invalidation:
  description: What the edge was told. Null when nothing had to be.
  returned: always
  type: dict
  contains:
    id:
      description: The invalidation. Empty in check mode.
      type: str
      returned: always
      sample: I2J0I21PCUYOIK
    paths:
      description: Its paths or tags, as CloudFront counts them.
      type: list
      elements: str
      returned: always
      sample: ["/", "/index.html"]
    reference:
      description: The caller reference, which is the same for every run that carries on with this activation.
      type: str
      returned: always
      sample: slipway:17:6f3b1c8d7e90:0a1b2c3d4e5f
    status:
      description: As CloudFront last reported it, V(planned) in check mode.
      type: str
      returned: always
      sample: Completed
    price:
      description: Most that it costs in USD, when the 1,000 free paths of the month are used up.
      type: float
      returned: always
      sample: 0.01
    price_text:
      description: The same in one line.
      type: str
      returned: always
    seconds:
      description: How long the run waited for it.
      type: float
      returned: always
      sample: 6.2
proof:
  description: What the edge answered with. Null when it was not asked.
  returned: always
  type: dict
  contains:
    url:
      description: Where it was asked.
      type: str
      returned: always
      sample: https://www.staging.example.com
    proven:
      description: Whether everything was as the release has it.
      type: bool
      returned: always
      sample: true
    scope:
      description: What such a proof tells.
      type: str
      returned: always
    rounds:
      description: How often it was asked until everything was so.
      type: int
      returned: always
      sample: 1
    count:
      description: How many requests that takes.
      type: int
      returned: always
      sample: 9
    checks:
      description:
        - One a request, with C(path), C(what), C(status), C(fault), C(cache) and C(edge). The first 50, those with a
          fault before the others.
      type: list
      elements: dict
      returned: always
    seconds:
      description: How long it took.
      type: float
      returned: always
      sample: 0.2
kept:
  description: Releases to which O(action=rollback) can return, newest first.
  returned: always
  type: list
  elements: dict
  contains:
    release:
      description: Its name.
      type: str
      returned: always
    seq:
      description: The last activation of it.
      type: int
      returned: always
    activated:
      description: When it was, in ISO 8601.
      type: str
      returned: always
    deactivated:
      description: When another release took its place. Empty for the live one.
      type: str
      returned: always
problems:
  description: All that was found before the first change and forbids it, one text each.
  returned: always
  type: list
  elements: str
  sample: ["index.html names /assets/index-BsK3x9_d.js, which the bundle does not have"]
notes:
  description: What forbids nothing but should be known.
  returned: always
  type: list
  elements: str
run:
  description: Who ran it, from where, for which commit, and the fencing token of its lease (0 without a lock).
  returned: always
  type: dict
  sample: {"by": "alice@build-7", "url": "", "git_sha": "", "token": 17}
started:
  description: When the run began, in Unix seconds.
  returned: always
  type: float
  sample: 1795500763.412
steps:
  description: The steps taken, or planned in check mode.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: What the step does.
      type: str
      returned: always
      sample: switch index.html
    stage:
      description: Stage the step belongs to, a key of RV(timings).
      type: str
      returned: always
      sample: switch
    status:
      description: V(planned), V(done) or V(failed).
      type: str
      returned: always
      sample: done
    started:
      description: Seconds after the start of the run.
      type: float
      returned: always
      sample: 1.2
    seconds:
      description: How long it took.
      type: float
      returned: always
      sample: 0.1
    detail:
      description: The last thing it saw.
      type: str
      returned: always
timings:
  description: Seconds per stage, and in V(total) since the start.
  returned: always
  type: dict
  sample: {"upload": 1.9, "switch": 0.1, "invalidate": 6.2, "prove": 0.2, "total": 9.1}
"""

import gc
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.ops.plugins.module_utils.aws_session import OneSession
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.progress import Progress
from ansible_collections.slipway.ops.plugins.module_utils.invalidation.proof import url_problem
from ansible_collections.slipway.ops.plugins.module_utils.lease import Lease, NoLease, default_owner
from ansible_collections.slipway.ops.plugins.module_utils.site import inputs_plan, transaction
from ansible_collections.slipway.ops.plugins.module_utils.site.ahead import Ahead
from ansible_collections.slipway.ops.plugins.module_utils.site.apply import EdgeOptions
from ansible_collections.slipway.ops.plugins.module_utils.site.bundle import BundleError, Reading
from ansible_collections.slipway.ops.plugins.module_utils.site.ending_plan import again
from ansible_collections.slipway.ops.plugins.module_utils.site.model_plan import UnreadableError
from ansible_collections.slipway.ops.plugins.module_utils.site.preflight import judged
from ansible_collections.slipway.ops.plugins.module_utils.site.result import result_of
from ansible_collections.slipway.ops.plugins.module_utils.site.store import Store
from ansible_collections.slipway.ops.plugins.module_utils.stopping import Stop

LOCK = {
    "table": {"type": "str", "required": True},
    "wait": {"type": "float", "default": 0},
    "ttl": {"type": "float", "default": 60},
}
RUN = {name: {"type": "str", "default": ""} for name in ("by", "url", "git_sha")}
INVALIDATION = {
    "mode": {"type": "str", "choices": ["paths", "tag"], "default": "paths"},
    "budget_paths": {"type": "int", "default": 10},
    "routes": {"type": "list", "elements": "str", "default": []},
    "timeout": {"type": "float", "default": 900},
    "poll_interval": {"type": "float", "default": 5},
}
PROOF = {
    "timeout": {"type": "float", "default": 60},
    "headers": {"type": "dict", "default": {}},
    "deep_link": {"type": "str", "default": ""},
}
ARGUMENTS = {
    "action": {"type": "str", "choices": ["publish", "rollback", "prune"], "default": "publish"},
    "service": {"type": "str", "default": "site"},
    "bundle": {"type": "path"},
    "release": {"type": "str"},
    "bucket": {"type": "str", "required": True},
    "distribution_id": {"type": "str", "required": True},
    "site_url": {"type": "str", "required": True},
    "config": {"type": "dict"},
    "source_maps": {"type": "str", "choices": ["upload", "private", "drop"], "default": "private"},
    "keep_releases": {"type": "int", "default": 5},
    "keep_days": {"type": "float", "default": 30},
    "max_bytes": {"type": "int", "default": 1024**3},
    "max_files": {"type": "int", "default": 20000},
    "invalidation": {"type": "dict", "options": INVALIDATION, "default": {}},
    "proof": {"type": "dict", "options": PROOF, "default": {}},
    "verify": {"type": "bool", "default": False},
    "threads": {"type": "int", "default": 64},
    "lock": {"type": "dict", "options": LOCK},
    "run": {"type": "dict", "options": RUN, "default": {}},
    "progress_file": {"type": "path"},
}
REQUIRED_IF = [("action", "publish", ("bundle",))]
GOOD = {"publish": "promoted", "rollback": "rolled_back", "prune": "pruned"}


class Counted:
    """Makes clients once each, and counts what they send; the release store's requests are not the site's."""

    def __init__(self, make: Callable[[str], Any]) -> None:
        self.sent = 0
        self._make = make
        self._made: dict[str, Any] = {}

    def __call__(self, service: str) -> Any:
        if service not in self._made:
            self._made[service] = client = self._make(service)
            client.meta.events.register("before-send", self._count)
        return self._made[service]

    def _count(self, **_event: Any) -> None:
        self.sent += 1


def lease_of(params: dict, make: Callable[[str], Any], stop: Stop) -> Lease | NoLease:
    lock, run_of = params["lock"], params["run"]
    if lock is None:
        return NoLease()
    owner = run_of["by"] or default_owner()
    client = make("dynamodb")
    return Lease(client, lock["table"], params["service"], owner, run_of["url"], lock["ttl"], sleep=stop.wait)


def edge_of(params: dict) -> EdgeOptions:
    edge, proof = params["invalidation"], params["proof"]
    return EdgeOptions(
        site_url=params["site_url"],
        again=again(params["action"], params["bundle"] or "", params["release"] or ""),
        timeout=edge["timeout"],
        poll_interval=edge["poll_interval"],
        proof_timeout=proof["timeout"],
        headers={name: str(value) for name, value in proof["headers"].items()},
        deep_link=proof["deep_link"],
        validate_certs=params["validate_certs"],
    )


def job_of(module: AnsibleAWSModule, progress: Progress, stop: Stop) -> transaction.Job:
    params = module.params
    make = OneSession(module)
    client = Counted(make)
    verify = (params["aws_ca_bundle"] or None) if params["validate_certs"] else False
    store = Store(client("s3"), params["bucket"], threads=params["threads"], say=progress.say, verify=verify)
    return transaction.Job(
        store=store,
        client=client,
        bucket=params["bucket"],
        distribution_id=params["distribution_id"],
        action=params["action"],
        edge=edge_of(params),
        progress=progress,
        check_mode=module.check_mode,
        config=inputs_plan.config_text(params["config"]),
        source_maps=params["source_maps"],
        verify=params["verify"],
        release=params["release"] or "",
        invalidation=inputs_plan.edge_of(params),
        keeping=inputs_plan.keeping_of(params),
        run=params["run"],
        lease=lease_of(params, make, stop),
        lock_wait=params["lock"]["wait"] if params["lock"] else 0.0,
        stop=stop,
    )


def end(params: dict, job: transaction.Job, reading: Reading | None) -> transaction.Ending:
    """Runs the action. reading: the bundle, for a publish."""
    if params["action"] == "rollback":
        return transaction.rollback(job)
    if params["action"] == "prune" or reading is None:
        return transaction.prune(job)
    with Ahead(job.store, job.client, job.bucket, job.distribution_id) as job.ahead:
        job.ahead.begin(params["bundle"])
        try:
            manifest, sources = judged(reading.result())
        except BundleError as error:
            return transaction.refused(tuple(error.problems))
        if not manifest.release.startswith(params["release"] or ""):
            return transaction.refused((f"the bundle makes release {manifest.release}, not {params['release']}",))
        return transaction.publish(job, manifest, lambda path: sources[path].place)


@contextmanager
def reading_of(params: dict, found: list[str]) -> Iterator[Reading | None]:
    """The bundle of a publish, which is being hashed from now on; nothing where something was found already."""
    if found or params["action"] != "publish":
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="slipway-site-") as scratch:
        limits = params["max_bytes"], params["max_files"]
        with Reading(params["bundle"], Path(scratch), *limits) as reading:
            yield reading


def run(module: AnsibleAWSModule) -> dict:
    """The result, its msg empty when the outcome is the one asked for."""
    params = module.params
    stop, progress = Stop(), Progress(params["progress_file"])
    found = inputs_plan.problems(params) + [text for text in [url_problem(params["site_url"])] if text]
    # The processes that hash have to begin before there are threads.
    with reading_of(params, found) as reading:
        job = job_of(module, progress, stop)
        try:
            if found:
                ending = transaction.refused(tuple(found))
            else:
                with stop.on_signals():
                    ending = end(params, job, reading)
        except (UnreadableError, AnsibleAWSError) as error:
            ending = transaction.unread(error)
        finally:
            job.store.close()
    asked = {name: params[name] for name in ("action", "service")}
    ran = {**params["run"], "by": params["run"]["by"] or default_owner(), "token": job.lease.last_token}
    result = result_of(ending, job, params["bundle"] or "", job.client.sent)
    message = f"{params['service']}: {result['msg']}" if result["msg"] else ""
    return {**result, **asked, "msg": message, "run": ran}


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, required_if=REQUIRED_IF, supports_check_mode=True)
    try:
        result = run(module)
    except AnsibleAWSError as error:
        asked = {name: module.params[name] for name in ("action", "service", "bucket")}
        text = " ".join(str(error).split())
        module.fail_json(msg=f"{asked['service']}: nothing was changed: {text}", outcome="failed", **asked)
    if result["outcome"] != GOOD[module.params["action"]]:
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == "__main__":
    # What was imported stays, and a release is thousands of small objects that are needed to the end: looking through
    # all of them for garbage again and again takes a quarter of the time.
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    main()
