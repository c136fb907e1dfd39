#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: cloudfront_invalidate
version_added: 0.1.0
short_description: Invalidate what changed at CloudFront's edges, once, and wait until it is done
description:
  - M(slipway.ops.site_release) invalidates by itself. This module is for what else changes behind a distribution.
  - With O(changed) it finds the smallest set of paths. V(/) goes with the root document, paths are URL-encoded as
    CloudFront compares them, files whose names carry a content hash are left out, and what exceeds O(budget) is
    coalesced into wildcards over the longest directories that the changed files have in common.
  - An invalidation is made once. The call is repeated with the same caller reference when its answer gets lost, and
    when too many invalidations are in progress it waits, both until O(timeout).
  - It does not read the history of a distribution. The distribution tells how many invalidations are in progress, the
    newest are listed first, and no more are read than these.
  - An invalidation clears edges, and no browser's cache. Objects need V(Cache-Control) whatever is invalidated.
author:
  - Contributors to the Slipway project (@slipway)
options:
  distribution_id:
    description: The distribution.
    type: str
    required: true
  paths:
    description:
      - Paths as CloudFront gets them, such as V(/index.html) or V(/docs/*). They start with a slash, C(*) can only be
        the last character, and non-ASCII characters and those that RFC 1738 calls unsafe are URL-encoded, no others.
      - Paths that a wildcard among them clears as well are left out, as each costs.
    type: list
    elements: str
  changed:
    description:
      - Keys of objects whose content or headers changed or that were deleted, relative to the origin path of the
        distribution, such as V(index.html). They are encoded and coalesced.
      - New objects need no invalidation, unless their absence was cached.
    type: list
    elements: str
  tags:
    description: Cache tags. The distribution must have opted in with a C(CacheTagConfig). One tag costs as one path.
    type: list
    elements: str
  routes:
    description:
      - With O(changed), paths, not URL-encoded, that the distribution's function answers with the root document. They
        are invalidated with it. C(*) may be their last character.
    type: list
    elements: str
    default: []
  directories:
    description:
      - With O(changed), whether the distribution's function answers V(/docs) and V(/docs/) with V(docs/index.html).
        Both are then invalidated with it.
    type: bool
    default: false
  budget:
    description: With O(changed), more paths than this become wildcards. 1 to 3000.
    type: int
    default: 10
  reference:
    description:
      - The caller reference, which should name the change, with a number that grows. The same reference with the same
        paths is the same invalidation, even one that ended long ago, and with other paths it is an error.
      - By default it is made from the newest invalidation of the distribution and the paths. Two runs that start at
        once make one invalidation. A later run makes a new one, as nobody can tell it that nothing changed since.
    type: str
  since:
    description:
      - Time of the last change of the objects, such as C(2026-11-24T12:30:00Z). An invalidation in progress that began
        after it and clears all that is to be cleared is waited for, and none is made.
      - Without it none is adopted, as an edge may have fetched the old object again after an earlier one passed.
    type: str
  wait:
    description: Whether to wait until the invalidation is completed.
    type: bool
    default: true
  timeout:
    description: Seconds for all of it, those in which CloudFront takes no more invalidations included.
    type: float
    default: 900
  progress_file:
    description: File to which progress is appended, one JSON object a line. Set by the action plugin of the same name.
    type: path
notes:
  - It takes the IAM actions C(cloudfront:GetDistribution), C(cloudfront:ListInvalidations),
    C(cloudfront:GetInvalidation) and C(cloudfront:CreateInvalidation).
  - The first 1,000 paths of a month are free, over all distributions of the account, and each further one costs $0.005.
    How many the account has used cannot be asked, so that RV(price) tells both prices.
attributes:
  check_mode:
    support: full
    description: Reads, says what would be invalidated and what that costs, and invalidates nothing.
  diff_mode:
    support: full
    description: Shows the paths.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Clear the home page after it was edited by hand
  slipway.ops.cloudfront_invalidate:
    distribution_id: E2QWRUHAPOMQZL
    changed: [index.html]

- name: Clear a folder, and go on without waiting
  slipway.ops.cloudfront_invalidate:
    distribution_id: E2QWRUHAPOMQZL
    paths: [/docs/*]
    wait: false

- name: Clear what an import changed, once however often the job is repeated
  slipway.ops.cloudfront_invalidate:
    distribution_id: E2QWRUHAPOMQZL
    changed: "{{ import.changed_keys }}"
    reference: "import-{{ import.number }}"

- name: Clear whatever bears the tag
  slipway.ops.cloudfront_invalidate:
    distribution_id: E2QWRUHAPOMQZL
    tags: [slipway-site]
"""

RETURN = r"""
invalidation_id:
  description: Id of the invalidation. Empty in check mode and when there is nothing to invalidate.
  returned: always
  type: str
  sample: I2J0I21PCUYOIK
status:
  description: V(Completed) or V(InProgress). Empty when there is no invalidation.
  returned: always
  type: str
  sample: Completed
paths:
  description: What CloudFront gets, paths or tags, sorted.
  returned: always
  type: list
  elements: str
  sample: [/, /index.html]
caller_reference:
  description: The caller reference. Empty when there is nothing to invalidate.
  returned: always
  type: str
  sample: slipway:after-I1JLWSDAP8FU89:5b1c0a3f2e4d
adopted:
  description: Whether there was an invalidation already that does it.
  returned: always
  type: bool
price:
  description: What it costs.
  returned: always
  type: dict
  contains:
    paths:
      description: How many paths count.
      type: int
      returned: always
      sample: 2
    at_least:
      description: Dollars, if the account has free paths left this month.
      type: float
      returned: always
      sample: 0.0
    at_most:
      description: Dollars, if it has none.
      type: float
      returned: always
      sample: 0.01
    text:
      description: The same in one line.
      type: str
      returned: always
seconds:
  description: How long it took.
  returned: always
  type: float
  sample: 7.2
text:
  description: What was done, in one line.
  returned: always
  type: str
  sample: "2 paths, each for itself; I2J0I21PCUYOIK Completed"
"""

from datetime import UTC, datetime
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.progress import Progress
from ansible_collections.slipway.ops.plugins.module_utils.invalidation import observe
from ansible_collections.slipway.ops.plugins.module_utils.invalidation.invalidation import (
    LOOKED_AT,
    InvalidationError,
    InvalidationTimeoutError,
    Pace,
    invalidate,
    wait,
    would_adopt,
)
from ansible_collections.slipway.ops.plugins.module_utils.invalidation.items_plan import (
    path_problem,
    tag_items,
    tag_problem,
    without_covered,
)
from ansible_collections.slipway.ops.plugins.module_utils.invalidation.model_plan import Distribution, Invalidation, few
from ansible_collections.slipway.ops.plugins.module_utils.invalidation.paths_plan import (
    DEFAULT_BUDGET,
    MOST_PATHS,
    InProgress,
    PathsPlan,
    plan_paths,
)
from ansible_collections.slipway.ops.plugins.module_utils.invalidation.price_plan import price_of
from ansible_collections.slipway.ops.plugins.module_utils.invalidation.reference_plan import following_reference
from ansible_collections.slipway.ops.plugins.module_utils.invalidation.routes_plan import Routes
from ansible_collections.slipway.ops.plugins.module_utils.site.manifest_plan import hashed

WAYS = ("paths", "changed", "tags")


class RefusedError(Exception):
    """The arguments cannot be carried out. One line, for people; nothing was invalidated."""


def seconds_of(since: str | None) -> float | None:
    """Unix seconds of the time; one without a zone is UTC."""
    if not since:
        return None
    try:
        found = datetime.fromisoformat(since)
    except ValueError:
        raise RefusedError(f"since {since!r} is no time such as 2026-11-24T12:30:00Z") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def refuse(params: dict[str, Any]) -> None:
    """Raises RefusedError for what CloudFront would refuse, or accept and do nothing."""
    found = [path_problem(path) for path in params["paths"] or []] + [tag_problem(tag) for tag in params["tags"] or []]
    found += [f"{key!r}: a key has no slash before it" for key in params["changed"] or [] if key.startswith("/")]
    if not 1 <= params["budget"] <= MOST_PATHS:
        found.append(f"budget {params['budget']}: from 1 to {MOST_PATHS}")
    problems = [problem for problem in found if problem]
    if problems:
        more = f" (and {len(problems) - 1} more like this)" if problems[1:] else ""
        raise RefusedError(f"{params['distribution_id']}: nothing was invalidated: {problems[0]}{more}")


def plan(params: dict[str, Any], distribution: Distribution, known: tuple[Invalidation, ...]) -> PathsPlan:
    """What to invalidate."""
    if params["tags"] is not None:
        if not distribution.tag_header:
            raise RefusedError(
                f"{distribution.id}: nothing was invalidated: the distribution has not opted in to cache tags"
                " (CacheTagConfig): invalidate paths, or set cloudfront_site_cache_tags and run site.yml"
            )
        items = tag_items(params["tags"])
        return PathsPlan(tuple(items), len(items), text=f"{len(items)} tags")
    if params["paths"] is not None:
        items = without_covered(params["paths"])
        return PathsPlan(tuple(items), len(items), text=f"{len(items)} paths, as given")
    routes = Routes(directories=params["directories"], rewritten=tuple(params["routes"]))
    busy = InProgress.of(item for one in known for item in one.items)
    fixed = {key for key in params["changed"] if hashed(key)}
    return plan_paths(params["changed"], routes, params["budget"], immutable=fixed, running=busy)


def shown(planned: PathsPlan, made: Invalidation | None, reference: str, seconds: float) -> dict[str, Any]:
    """The result."""
    price = price_of(len(planned.items))
    done = f"; {made.id} {made.status}" if made else ""
    return {
        "invalidation_id": made.id if made else "",
        "status": made.status if made else "",
        "paths": list(planned.items),
        "caller_reference": made.reference if made else reference,
        "adopted": bool(made and made.adopted),
        "price": {"paths": price.paths, "at_least": price.at_least, "at_most": price.at_most, "text": price.text},
        "seconds": round(seconds, 3),
        "text": f"{planned.text}{done}",
        "diff": {"before": "", "after": "".join(f"{item}\n" for item in planned.items)},
    }


def run(module: AnsibleAWSModule) -> dict[str, Any]:
    """Observe, plan, apply. The result, its msg set where the end was not reached."""
    params = module.params
    refuse(params)
    since = seconds_of(params["since"])
    progress = Progress(params["progress_file"])
    client = module.client("cloudfront")
    name = params["distribution_id"]
    distribution = observe.observe(client, name)
    known = observe.running(client, distribution)
    planned = plan(params, distribution, known)
    if not planned.items:
        return {"changed": False, **shown(planned, None, "", progress.elapsed())}
    before = observe.newest(client, name, LOOKED_AT)
    reference = params["reference"] or following_reference(before[0] if before else "", planned.items)
    progress.say(f"{few(planned.items)} ({planned.text})")
    progress.say(price_of(len(planned.items)).text)
    if module.check_mode:
        found = would_adopt(client, name, planned.items, reference, known, since)
        return {"changed": found is None, **shown(planned, found, reference, progress.elapsed())}
    pace = Pace(progress.say, progress.clock() + params["timeout"])
    try:
        made = invalidate(client, name, planned.items, reference, pace, known=known, before=before, since=since)
        created = not made.adopted
        if params["wait"]:
            made = wait(client, name, made, pace)
    except InvalidationTimeoutError as error:
        late = error.invalidation
        changed = bool(late and not late.adopted)
        return {"changed": changed, **shown(planned, late, reference, progress.elapsed()), "msg": str(error)}
    return {"changed": created, **shown(planned, made, reference, progress.elapsed())}


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "distribution_id": {"type": "str", "required": True},
            "paths": {"type": "list", "elements": "str"},
            "changed": {"type": "list", "elements": "str"},
            "tags": {"type": "list", "elements": "str"},
            "routes": {"type": "list", "elements": "str", "default": []},
            "directories": {"type": "bool", "default": False},
            "budget": {"type": "int", "default": DEFAULT_BUDGET},
            "reference": {"type": "str"},
            "since": {"type": "str"},
            "wait": {"type": "bool", "default": True},
            "timeout": {"type": "float", "default": 900},
            "progress_file": {"type": "path"},
        },
        mutually_exclusive=[WAYS],
        required_one_of=[WAYS],
        supports_check_mode=True,
    )
    try:
        result = run(module)
    except (RefusedError, InvalidationError) as error:
        module.fail_json(msg=str(error))
    except AnsibleAWSError as error:
        module.fail_json_aws_error(error)
    if "msg" in result:
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
