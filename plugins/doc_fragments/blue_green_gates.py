# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The options that say what a release must pass, and in which steps it gets the traffic."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragment slipway.ops.blue_green_gates."""

    DOCUMENTATION = r"""
options:
  smoke:
    description:
      - Checks of a deployment before any weight moves, made from where the module runs, each over a new connection.
      - All are made, and all that fail are reported. Redirects are not followed.
      - With O(probe), the preview route must first answer from the color that is checked, O(probe.count) times in a row
        within O(probe.timeout), because a change of its rule takes a while to get there; and an answer that names
        another color fails. Every place that is checked must therefore answer at the path of O(probe.url) too.
      - Failures show the status and the beginning of the body, without what looks like a secret.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Path and query on O(preview_url). Either this or O(smoke[].url).
        type: str
      url:
        description: Absolute http or https URL, without user and password.
        type: str
      host:
        description:
          - Value of the Host header, and the name to expect in the certificate.
          - By default the URL's, with O(smoke[].path) that of O(probe.host) if there is one.
        type: str
      method:
        description: How to ask. No body is sent.
        type: str
        choices: [GET, HEAD, OPTIONS, POST]
        default: GET
      status:
        description: The status that must come, 100 to 599.
        type: int
        default: 200
      contains:
        description: Text that the first MiB of the body must contain.
        type: str
        default: ""
      headers:
        description: Names of response headers to text that their value must contain.
        type: dict
        default: {}
      seconds:
        description: Longest time for the whole answer, from the connection on.
        type: float
        default: 5
      attempts:
        description: How often to try until it passes, O(poll_interval) apart.
        type: int
        default: 3
  alarms:
    description:
      - Names of CloudWatch alarms, metric or composite.
      - While the new color takes traffic, one in V(ALARM) sends it back.
      - One that is in V(ALARM) before the first change blocks the deployment, and so does one that does not exist.
      - An alarm that cannot be read fails the deployment; it never counts as V(OK).
    type: list
    elements: str
    default: []
  ignore_alarms_at_start:
    description: Leave out the O(alarms) that are in V(ALARM) before the first change, and watch the others.
    type: bool
    default: false
  metrics:
    description:
      - Thresholds on metrics (namespace V(AWS/ApplicationELB)) of the new color's target group while it takes traffic.
      - Every datapoint of a minute since the watch began is judged, including the minute in which it began. Without
        datapoints there is no verdict. CloudWatch has them a minute or more late.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the metric, such as V(HTTPCode_Target_5XX_Count) or V(TargetResponseTime).
        type: str
        required: true
      statistic:
        description: >-
          V(Sum), V(Average), V(Maximum), V(Minimum), V(SampleCount), V(IQM), a percentile such as V(p99), or V(tm),
          V(wm), V(tc), V(ts) with a percentage.
        type: str
        required: true
      at_most:
        description: Largest value that is tolerated, in the metric's own unit (V(TargetResponseTime) is in seconds).
        type: float
        required: true
  health_check:
    description:
      - The health check of a release. A deployment gives it to the target group of the color that it brings up, just
        before its tasks are judged by it. The color that serves keeps the one that its release was made for.
      - It is recorded in the task definition (Docker label V(slipway.health-check) of the app container), so that a
        rollback restores the check together with the revision, and other settings make another revision.
      - Without it the target groups' settings are left as they are.
    type: dict
    suboptions:
      protocol:
        description: How to ask.
        type: str
        choices: [HTTP, HTTPS]
        default: HTTP
      path:
        description: Path to ask for.
        type: str
        default: /
      interval:
        description: Seconds between two checks, 5 to 300.
        type: int
        default: 5
      timeout:
        description: Seconds until a check fails, 2 to 120, less than the interval.
        type: int
        default: 2
      healthy:
        description: Passed checks in a row that make a target healthy, 2 to 10.
        type: int
        default: 2
      unhealthy:
        description: Failed checks in a row that make a target unhealthy, 2 to 10.
        type: int
        default: 2
      matcher:
        description: HTTP status codes that pass, 200 to 499, such as V(200), V(200,204) or V(200-299).
        type: str
        default: "200"
  strategy:
    description:
      - How the traffic moves. V(all_at_once) gives the new color all weight in one step, V(canary) goes by
        O(canary_steps), V(linear) by O(linear_step_percent). Before each step capacity is confirmed, after it the
        traffic is proven and the gates are watched.
      - A rollback is always one step.
    type: str
    choices: [all_at_once, canary, linear]
    default: all_at_once
  canary_steps:
    description: The steps of V(canary) before the full weight.
    type: list
    elements: dict
    default: [{weight: 10, pause: 60}]
    suboptions:
      weight:
        description: Share of the new color in percent, 1 to 99, each greater than the one before.
        type: int
        required: true
      pause:
        description: Seconds for which the gates are watched there.
        type: float
        default: 60
  linear_step_percent:
    description: Share in percent by which each step of V(linear) raises the new color's, 1 to 99.
    type: int
    default: 20
  linear_step_pause:
    description: Seconds for which the gates are watched after each step of V(linear).
    type: float
    default: 60
  bake:
    description: Seconds for which the gates are watched at full weight, before the release is marked as proven.
    type: float
    default: 0
  pause_before_shift:
    description:
      - End the run before any weight moves, with outcome V(awaiting_approval), when the candidate has passed its gates.
        A person decides, O(action=continue) or O(action=rollback); no runner waits.
      - A first deployment is not paused, as nothing shifts.
    type: bool
    default: false
"""
