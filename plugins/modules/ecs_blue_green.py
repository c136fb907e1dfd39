#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ecs_blue_green
version_added: 0.1.0
short_description: Deploy a service on ECS Fargate blue-green without losing a request
description:
  - Owns a pair of ECS services, V(NAME-blue) and V(NAME-green), and the weights of the listener rules in front of them.
  - O(action=converge) creates both services with no tasks and adapts whichever is idle. It never changes a color that
    has tasks, and never weights.
  - O(action=deploy) resolves the image to its digest once, brings it up on the color that has no traffic, moves the
    weights in the steps of O(strategy) when enough targets are healthy, proves by requests that each took effect,
    watches the gates, and then drains the old color and takes its tasks away, or keeps it warm for O(keep_warm). The
    first deployment goes straight onto the color that has the weight.
  - With O(pause_before_shift) it ends before any weight moves. O(action=continue) then moves the traffic to exactly the
    revision that awaits approval, with the capacity that the live color has by then; O(action=rollback) takes it away.
  - O(action=rollback) does the same towards the previous release, which is the one that the other color's service names
    in its tag V(slipway:release). While the other color still runs, that is one change of weights; with O(scaling) a
    scheduled action takes the tasks of the color that is left away, so that nobody waits for its drain. After an
    interrupted deployment it returns to the release that was live before, from a shift half done too.
  - O(action=repair) sends all of the traffic to the color that has healthy targets, and to the release when both have,
    where the rule is in a state that no run of this module leaves behind, which blocks every other action. These are
    weights on both colors, weight on a color that cannot answer while the other one can, a target group of neither
    color, an action that forwards nowhere, and rules too many. Weight never goes to a color without healthy targets. It
    then tidies the marks of deployments and the scaling. A rule that is whole is left alone.
  - Other rules of the listener that take the service's requests first block deployment and rollback, and are named.
    Those that may take some of them, depending on more than host and path, are told.
  - A plan that starts tasks is verified before the first change, in check mode too, and everything that speaks against
    it is told at once, with outcome V(blocked). That is the image and its platform against the task's; secrets and
    parameters, whether they have a value and whether the execution role may read them; log groups; both roles and their
    trust; subnets and security groups, and that they are in the load balancer's VPC and let it in; the container's
    port; the task's CPU, memory, storage, time-outs and size. What this run may not look up or cannot know is told in
    RV(notes) instead.
  - Before tasks get traffic, the digests that Amazon ECS reports for them are compared with the one deployed.
  - Any failure before the weights move leaves the traffic untouched. After it the traffic goes back first.
  - All state is in AWS, in weights, services, scalable targets and the tags V(slipway:release), V(slipway:candidate),
    V(slipway:awaiting-approval), V(slipway:migrated) and V(slipway:scaling) of the colors' services. A run that was
    killed is continued by the next one, which says first what it found.
  - At the first SIGTERM or SIGINT the run finishes its call, gives the lease back and ends with outcome V(failed) where
    it is; nothing is taken back.
  - Scale-in is suspended on both colors while they are swapped. The bounds and suspensions from before are recorded
    and restored, by the next run if need be; what a person has suspended stays suspended.
author:
  - Contributors to the Slipway project (@slipway)
options:
  action:
    description: What to do.
    type: str
    choices: [converge, deploy, continue, rollback, repair]
    required: true
  engine:
    description:
      - Who moves the traffic. With V(two_service) this module moves the weights between two ECS services.
      - With V(native) Amazon ECS moves them, with its strategy BLUE_GREEN, CANARY or LINEAR, of one ECS service that
        bears the name of O(service), and goes on when nobody looks. This module checks what ECS does not, begins the
        deployment, follows it, answers its PAUSE hook after the smoke checks or leaves that to a person, has it taken
        back when tasks die or do not come up within O(healthy_timeout), and proves what runs.
      - V(native) counts in whole minutes and has one canary step. O(keep_warm) means nothing to it, as ECS takes the
        old tasks away after the bake, which lasts at least O(drain_floor); a rollback after that is a deployment of the
        release before.
      - A service changes from V(two_service) to V(native) with its next deployment, and never back.
    type: str
    choices: [two_service, native]
    default: two_service
  service:
    description:
      - Name of the service, at most 26 characters.
      - The target groups V(NAME-blue) and V(NAME-green) and the rules tagged V(slipway:service=NAME) are found by it.
    type: str
    required: true
  cluster:
    description: Name of the ECS cluster.
    type: str
    required: true
  kind:
    description:
      - V(web) takes requests through the load balancer and is deployed blue-green.
      - V(worker) has no load balancer. Its one ECS service bears the name of the service, ECS rolls it, with its
        circuit breaker, and O(action=rollback) returns to the release before, which its tag V(slipway:previous) names.
    type: str
    choices: [web, worker]
    default: web
  load_balancer:
    description:
      - Name of the Application Load Balancer whose listeners carry the service's rules. Required for O(kind=web).
    type: str
  image:
    description:
      - For O(action=deploy) the image to deploy, C(REPOSITORY[:TAG|@sha256:DIGEST]) in Amazon ECR of the cluster's own
        account and region, or of one of O(image_accounts). Without tag and digest the tag is V(latest).
      - For O(action=converge) the image of the bootstrap task definition, which never runs. By default the one that
        O(task_definition) names.
    type: str
  image_accounts:
    description:
      - Other accounts whose images, in the same region, tasks may run. Their repositories' policies must let the
        execution role pull.
    type: list
    elements: str
    default: []
  task_definition:
    description:
      - The task definition to register, snake_case as in M(community.aws.ecs_taskdefinition), with C(containers),
        C(cpu), C(memory), C(task_role_arn), C(execution_role_arn) and whatever else RegisterTaskDefinition accepts.
      - Every container gets the variables E(SLIPWAY_COLOR) and E(SLIPWAY_IMAGE_DIGEST) on top of its own.
      - Containers without an image get O(image).
    type: dict
  app_container:
    description: Name of the container that gets O(image) and receives the traffic. By default the name of the service.
    type: str
  port:
    description: Port of the app container. Required for O(action=converge) of O(kind=web).
    type: int
  infrastructure_role_arn:
    description:
      - ARN of the role as which Amazon ECS moves the weights of the rules. Required with O(engine=native) by
        O(action=converge) and O(action=deploy).
    type: str
  network_configuration:
    description: Where tasks run. Required for O(action=converge).
    type: dict
    suboptions:
      subnets:
        description: IDs of the subnets.
        type: list
        elements: str
        required: true
      security_groups:
        description: IDs of the security groups.
        type: list
        elements: str
        required: true
      assign_public_ip:
        description: Whether tasks get a public address, which they need in a public subnet without NAT.
        type: bool
        default: false
  desired_count:
    description: Tasks of the first deployment. Every later one takes over what the live color has.
    type: int
    default: 1
  scaling:
    description:
      - Bounds of Application Auto Scaling for the color that serves. The idle color has 0 to 0.
      - Without it scalable targets are left alone.
    type: dict
    suboptions:
      min:
        description: Fewest tasks, at least 1.
        type: int
        required: true
      max:
        description: Most tasks.
        type: int
        required: true
  probe:
    description:
      - How to prove that the traffic has moved. Every probe is a request of its own over a new connection.
      - Without it the drain floor counts from the change of weights.
    type: dict
    suboptions:
      url:
        description: URL that reaches the production rule.
        type: str
        required: true
      host:
        description: Value of the Host header, and the name to expect in the certificate. By default the URL's.
        type: str
      header:
        description: Response header that names the color.
        type: str
        default: X-Slipway-Color
      count:
        description: Answers of the new color in a row that make the proof.
        type: int
        default: 10
      timeout:
        description: Seconds within which the proof must succeed.
        type: float
        default: 120
  preview_url:
    description: URL that reaches the preview rule. Paths of O(smoke) start there.
    type: str
  confirm:
    description: The name of the service, without which O(action=repair) changes nothing. Check mode needs none.
    type: str
    default: ""
  keep_warm:
    description:
      - Seconds for which the old color keeps its tasks after a deployment, so that a rollback is one change of weights.
        A scheduled action of Application Auto Scaling, V(slipway-keep-warm), takes them away. Needs O(scaling).
      - With 0 the run itself drains the old color and takes its tasks away.
    type: float
    default: 0
  drain_floor:
    description:
      - Seconds that the old color keeps its tasks after the proof. A rule's stickiness extends it.
      - ECS then still waits for the target group's deregistration delay before it stops them.
    type: float
    default: 120
  healthy_timeout:
    description: Seconds within which the new color must be healthy.
    type: float
    default: 300
  health_check_grace_period:
    description: Seconds after the start of a task during which ECS ignores failing health checks.
    type: int
    default: 60
  poll_interval:
    description: Seconds between two looks while waiting.
    type: float
    default: 2
  lock:
    description:
      - The lease of the service, which every action takes before it changes anything and proves before every change of
        weights. Without it nothing keeps two deployments of one service apart.
      - O(action=converge) takes it only when there is something to change. Check mode never takes it.
    type: dict
    suboptions:
      table:
        description: DynamoDB table of the environment's releases, as role release_store makes it.
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
    description: Who runs this and from where, for the lease and for RV(run).
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
        description: Commit that the image was built from.
        type: str
        default: ""
  tags:
    description: Tags of the services and task definitions. Other tags stay.
    type: dict
    default: {}
  progress_file:
    description: File to which progress is appended, one JSON object a line. Set by the action plugin of the same name.
    type: path
notes:
  - O(alarms) takes the IAM action C(cloudwatch:DescribeAlarms), O(metrics) C(cloudwatch:GetMetricData). O(smoke) takes
    none, but the machine that runs the module must reach the preview listener.
  - To verify takes these actions, all of which only read. C(ec2:DescribeSubnets), C(ec2:DescribeSecurityGroups),
    C(ecr:BatchGetImage), C(ecr:GetDownloadUrlForLayer), C(iam:GetRole), C(iam:SimulatePrincipalPolicy),
    C(logs:DescribeLogGroups), C(secretsmanager:DescribeSecret), C(secretsmanager:GetResourcePolicy),
    C(ssm:DescribeParameters) and C(application-autoscaling:DescribeScalingPolicies).
  - Of these, C(ecr:GetDownloadUrlForLayer) and C(iam:SimulatePrincipalPolicy) may be refused, which is noted. Any other
    that is refused fails the task before the first change. No value of a secret is ever read.
attributes:
  check_mode:
    support: full
    description: Says which steps would be taken. For O(action=converge) also before cluster and target groups exist.
  diff_mode:
    support: full
    description: Shows weights, tasks, scaling and the task definition before and after.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - slipway.ops.blue_green_gates
  - slipway.ops.blue_green_beside
"""

EXAMPLES = r"""
- name: Deploy a release
  slipway.ops.ecs_blue_green:
    action: deploy
    service: api
    cluster: slipway-staging
    load_balancer: slipway-staging
    image: 222222222222.dkr.ecr.us-east-1.amazonaws.com/slipway-staging/api:1.1.0
    task_definition:
      cpu: 256
      memory: 512
      execution_role_arn: "{{ execution_role_arn }}"
      containers:
        - name: api
          port_mappings:
            - container_port: 8080
    scaling: {min: 2, max: 6}
    probe:
      url: https://api.staging.example.com/version
    preview_url: https://api.staging.example.com:8443
    smoke:
      - path: /healthz
      - path: /version
        contains: '"version": "1.1.0"'
        headers: {Content-Type: application/json}
        seconds: 1
    alarms: [slipway-staging-api-5xx, slipway-staging-api-unhealthy]
    metrics:
      - {name: HTTPCode_Target_5XX_Count, statistic: Sum, at_most: 5}
      - {name: TargetResponseTime, statistic: p99, at_most: 0.8}

- name: Deploy by steps, and wait for a person before the first one
  slipway.ops.ecs_blue_green:
    action: deploy
    service: api
    cluster: slipway-staging
    load_balancer: slipway-staging
    image: 222222222222.dkr.ecr.us-east-1.amazonaws.com/slipway-staging/api:1.1.0
    task_definition:
      cpu: 256
      memory: 512
      execution_role_arn: "{{ execution_role_arn }}"
      containers:
        - name: api
          port_mappings:
            - container_port: 8080
    scaling: {min: 2, max: 6}
    strategy: canary
    canary_steps:
      - {weight: 5, pause: 300}
      - {weight: 50, pause: 120}
    bake: 600
    pause_before_shift: true
    keep_warm: 3600

- name: Go on with what awaits approval
  slipway.ops.ecs_blue_green:
    action: continue
    service: api
    cluster: slipway-staging
    load_balancer: slipway-staging
    scaling: {min: 2, max: 6}
    strategy: canary
    canary_steps:
      - {weight: 5, pause: 300}
      - {weight: 50, pause: 120}
    bake: 600
    keep_warm: 3600

- name: Have Amazon ECS deploy, and wait for a person before it moves the traffic
  slipway.ops.ecs_blue_green:
    action: deploy
    engine: native
    infrastructure_role_arn: arn:aws:iam::222222222222:role/slipway-staging-api-infrastructure
    service: api
    cluster: slipway-staging
    load_balancer: slipway-staging
    image: 222222222222.dkr.ecr.us-east-1.amazonaws.com/api:1.1.0
    task_definition:
      cpu: 256
      memory: 512
      containers:
        - name: api
          port_mappings: [{container_port: 8080}]
    strategy: linear
    linear_step_percent: 25
    linear_step_pause: 180
    bake: 600
    pause_before_shift: true

- name: Send all traffic to the healthy color, after somebody has split the weights by hand
  slipway.ops.ecs_blue_green:
    action: repair
    confirm: api
    service: api
    cluster: slipway-staging
    load_balancer: slipway-staging
    scaling: {min: 2, max: 6}

- name: Deploy a release that brings a migration and a worker
  slipway.ops.ecs_blue_green:
    action: deploy
    service: api
    cluster: slipway-staging
    load_balancer: slipway-staging
    image: 222222222222.dkr.ecr.us-east-1.amazonaws.com/slipway-staging/api:1.2.0
    task_definition:
      cpu: 256
      memory: 512
      execution_role_arn: "{{ execution_role_arn }}"
      containers:
        - name: api
          port_mappings:
            - container_port: 8080
    one_off_task:
      command: [migrate]
      timeout: 300
    workers:
      - name: mail
        exclusive: true
        task_definition:
          cpu: 256
          memory: 512
          execution_role_arn: "{{ execution_role_arn }}"
          containers:
            - name: api
              command: [worker]

- name: Return to the release before
  slipway.ops.ecs_blue_green:
    action: rollback
    service: api
    cluster: slipway-staging
    load_balancer: slipway-staging
"""

RETURN = r"""
outcome:
  description:
    - V(promoted), V(awaiting_approval), V(rolled_back), V(superseded), V(blocked), V(failed), V(converged) or
      V(repaired).
    - The task fails unless it is V(promoted), V(awaiting_approval), V(converged) or V(repaired), or V(rolled_back) when
      that was the action.
  returned: always
  type: str
  sample: promoted
action:
  description: The action that was asked for.
  returned: always
  type: str
  sample: deploy
service:
  description: Name of the service.
  returned: always
  type: str
  sample: api
cluster:
  description: Name of the cluster.
  returned: always
  type: str
  sample: slipway-staging
run:
  description: Who ran it, from where, for which commit, and the fencing token of its lease (0 without a lock).
  returned: always
  type: dict
  sample: {"by": "alice@build-7", "url": "", "git_sha": "", "token": 17}
colors:
  description: The color that had the traffic, RV(colors.from), and the one that was to have it, RV(colors.to).
  returned: always
  type: dict
  contains:
    from:
      description: The color that had the traffic. Null for O(action=converge) and when blocked.
      type: str
      returned: always
      sample: blue
    to:
      description: The color that was to have the traffic. Null for O(action=converge) and when blocked.
      type: str
      returned: always
      sample: green
image:
  description: The image by digest, empty when nothing was planned.
  returned: always
  type: str
  sample: 222222222222.dkr.ecr.us-east-1.amazonaws.com/slipway-staging/api@sha256:6f3b...
digest:
  description: Digest of the image.
  returned: always
  type: str
  sample: sha256:6f3b1c...
found:
  description: What there was before the run did anything, with whatever was left unfinished.
  returned: always
  type: str
  sample: >-
    production: blue 70 (2/2 healthy, sha256:1f4e6a0c9b2d), green 30 (2/2 healthy, sha256:6f3b1c8d7e90); scaling is
    held, it was 2..6 on blue; a deployment of sha256:6f3b1c8d7e90 to green was interrupted after the shift to 30 %
reason:
  description: Why the outcome is not the one that was asked for. Empty when it is.
  returned: always
  type: str
  sample: "green: task 5a1b stopped: CannotPullContainerError: not found"
next:
  description: The command to run next. INVENTORY and IMAGE are for the reader to fill in.
  returned: always
  type: str
  sample: ansible-playbook -i INVENTORY playbooks/rollback_backend.yml -e service=api
previous_image:
  description: The image, by digest, that had the traffic before.
  returned: always
  type: str
  sample: 222222222222.dkr.ecr.us-east-1.amazonaws.com/slipway-staging/api@sha256:1f4e...
task_definitions:
  description: Color to the ARN of the task definition that its service has now.
  returned: always
  type: dict
  sample: {"blue": "arn:aws:ecs:us-east-1:222222222222:task-definition/api-blue:4"}
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
      sample: wait for 2 healthy green
    stage:
      description: Stage the step belongs to, a key of RV(timings).
      type: str
      returned: always
      sample: healthy
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
      sample: 11.9
    detail:
      description: The last thing it saw.
      type: str
      returned: always
      sample: green 2/2 healthy, 2 running
    weights:
      description: Color to the weight that the step wrote into the production rule.
      type: dict
      returned: for a step that moved the traffic
      sample: {"blue": 90, "green": 10}
smoke:
  description: What the checks of O(smoke) found, in their order. Empty when none was made.
  returned: always
  type: list
  elements: dict
  contains:
    url:
      description: What was asked, without user, password and the values of the query.
      type: str
      returned: always
      sample: https://api.staging.example.com:8443/healthz
    status:
      description: The status that came, null when there was no whole answer.
      type: int
      returned: always
      sample: 200
    seconds:
      description: How long the last attempt took.
      type: float
      returned: always
      sample: 0.021
    passed:
      description: Whether it passed.
      type: bool
      returned: always
      sample: true
    detail:
      description: What came, and if the check failed what was wrong and the beginning of the body.
      type: str
      returned: always
      sample: "GET https://api.staging.example.com:8443/healthz: 200 in 0.02 s"
one_off_task:
  description: How the one-off task ended. Null when none was run.
  returned: always
  type: dict
  sample: {"exit_code": 0, "log_tail": ["schema is at 7"], "seconds": 31.2, "task_arn": "arn:aws:ecs:us-east-1:..."}
engine:
  description: The engine that has the service's tasks. One that changes to V(native) does so with the next deployment.
  returned: always
  type: str
  sample: two_service
service_deployment:
  description: What Amazon ECS's own deployment came to. Null with O(engine=two_service) and where there was none.
  returned: always
  type: dict
  contains:
    arn:
      description: ARN of the service deployment.
      type: str
      returned: when there was one
    status:
      description: Its status as Amazon ECS names it.
      type: str
      returned: when there was one
      sample: IN_PROGRESS
    stage:
      description: Its lifecycle stage as Amazon ECS names it.
      type: str
      returned: when there was one
      sample: POST_TEST_TRAFFIC_SHIFT
    hook_id:
      description: The PAUSE hook that waits for an answer, null when none does.
      type: str
      returned: when there was one
    expires:
      description: When Amazon ECS stops waiting and takes the deployment back, in UTC.
      type: str
      returned: when there was one
      sample: "2026-11-25T10:00:00"
    definition:
      description: The task definition that it deploys.
      type: str
      returned: when this run began it
    proven:
      description: Container to the digest that DescribeServiceRevisions names for it.
      type: dict
      returned: when it was read
problems:
  description: All that was found before the first change and forbids it, one text each.
  returned: always
  type: list
  elements: str
  sample: ["image api:1.1.0 does not exist in repository api"]
notes:
  description:
    - What forbids nothing but should be known. It is a setting that works against another one, or something that could
      not be verified.
  returned: always
  type: list
  elements: str
  sample:
    - "requests to blue may last 300 s (deregistration delay), the bake watches for 60 s: what long requests suffer
      shows only after it; bake longer, or shorten the delay"
plan:
  description: What was found and planned, as it was told before the first change. Empty when blocked by the traffic.
  returned: always
  type: dict
  contains:
    from:
      description: The color that has the traffic.
      type: str
      returned: when planned
      sample: blue
    to:
      description: The color that shall have it.
      type: str
      returned: when planned
      sample: green
    task_definition:
      description: What changes in the task definition, each with C(path), C(before) and C(after).
      type: list
      elements: dict
      returned: when planned
      sample: [{"path": "api.cpu", "before": "256", "after": "512"}]
    rule:
      description: ARN of the production rule, its weights and for how many seconds it pins clients to a color.
      type: dict
      returned: when planned
      sample: {"arn": "arn:aws:elasticloadbalancing:...", "weights": {"blue": 100, "green": 0}, "sticky_seconds": 0}
    matches:
      description: Host and path of the service to the rules that requests for them match, first one first.
      type: dict
      returned: when planned
      sample: {"any host /*": ["arn:aws:elasticloadbalancing:... (priority 10), this service's"]}
    colors:
      description: Both colors with C(desired), C(running) and C(healthy) tasks, C(task_definition) and C(scaling).
      type: dict
      returned: when planned
    alarms:
      description: The alarms of the gates with C(name), C(state) and C(reason).
      type: list
      elements: dict
      returned: when planned
    draining:
      description:
        - In seconds C(bake), C(floor), C(deregistration_delay), C(stop_timeout) and C(keep_warm), which decide how long
          the old color's requests and tasks live.
      type: dict
      returned: when planned
    scaling:
      description: The bounds that the serving color gets.
      type: str
      returned: when planned
      sample: 2..6
    lock:
      description: Who else holds the lease, in check mode. Null for nobody.
      type: str
      returned: when planned
    waiting:
      description:
        - The C(seconds) that the plan waits, of which C(parts) says for what, and in C(unknown) what comes on top.
        - Not counted are API calls and what is unknown.
      type: dict
      returned: when planned
      sample: {"seconds": 132.3, "parts": {"healthy": 12, "drain": 120}, "unknown": ["the start of the tasks"]}
    double:
      description:
        - What it costs that both colors have tasks, C(tasks) for C(seconds) at C(usd), by AWS's list price for Linux on
          demand in us-east-1, whose date C(basis) says. Null when they never do.
      type: dict
      returned: when planned
    text:
      description: The same in a few lines.
      type: list
      elements: str
      returned: when planned
timings:
  description: Seconds per stage, and in V(total) since the start.
  returned: always
  type: dict
  sample: {"healthy": 12.1, "prove": 6.2, "drain": 120.0, "total": 141.0}
"""

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.ops.plugins.module_utils.aws_session import OneSession
from ansible_collections.slipway.ops.plugins.module_utils.blue_green import (
    gates_plan,
    inputs_plan,
    standalone_plan,
    two_service,
    worker_inputs_plan,
)
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.image_plan import ImageReference, reference
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.observe import Clients, Scope
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.probe import url_problem
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.progress import Progress
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.repair import repair
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.run import Stop
from ansible_collections.slipway.ops.plugins.module_utils.lease import Lease, NoLease, default_owner

NETWORK = {
    "subnets": {"type": "list", "elements": "str", "required": True},
    "security_groups": {"type": "list", "elements": "str", "required": True},
    "assign_public_ip": {"type": "bool", "default": False},
}
SCALING = {"min": {"type": "int", "required": True}, "max": {"type": "int", "required": True}}
PROBE = {
    "url": {"type": "str", "required": True},
    "host": {"type": "str"},
    "header": {"type": "str", "default": "X-Slipway-Color"},
    "count": {"type": "int", "default": 10},
    "timeout": {"type": "float", "default": 120},
}
HEALTH_CHECK = {
    "protocol": {"type": "str", "choices": ["HTTP", "HTTPS"], "default": "HTTP"},
    "path": {"type": "str", "default": "/"},
    "interval": {"type": "int", "default": 5},
    "timeout": {"type": "int", "default": 2},
    "healthy": {"type": "int", "default": 2},
    "unhealthy": {"type": "int", "default": 2},
    "matcher": {"type": "str", "default": "200"},
}
LOCK = {
    "table": {"type": "str", "required": True},
    "wait": {"type": "float", "default": 0},
    "ttl": {"type": "float", "default": 60},
}
RUN = {name: {"type": "str", "default": ""} for name in ("by", "url", "git_sha")}
SMOKE = {
    "path": {"type": "str"},
    "url": {"type": "str"},
    "host": {"type": "str"},
    "method": {"type": "str", "choices": ["GET", "HEAD", "OPTIONS", "POST"], "default": "GET"},
    "status": {"type": "int", "default": 200},
    "contains": {"type": "str", "default": ""},
    "headers": {"type": "dict", "default": {}},
    "seconds": {"type": "float", "default": 5},
    "attempts": {"type": "int", "default": 3},
}
METRIC = {
    "name": {"type": "str", "required": True},
    "statistic": {"type": "str", "required": True},
    "at_most": {"type": "float", "required": True},
}
CANARY_STEP = {"weight": {"type": "int", "required": True}, "pause": {"type": "float", "default": 60}}
WORKER = {
    "name": {"type": "str", "required": True},
    "task_definition": {"type": "dict", "required": True},
    "desired_count": {"type": "int", "default": 1},
    "exclusive": {"type": "bool", "default": False},
}
SCHEDULE = {
    "name": {"type": "str", "required": True},
    "task_definition": {"type": "dict", "required": True},
    "expression": {"type": "str", "required": True},
    "timezone": {"type": "str", "default": "UTC"},
    "enabled": {"type": "bool", "default": True},
    "role_arn": {"type": "str", "required": True},
}
ONCE = {
    "command": {"type": "list", "elements": "str", "required": True},
    "timeout": {"type": "float", "default": 600},
}
ARGUMENTS = {
    "action": {"type": "str", "choices": ["converge", "deploy", "continue", "rollback", "repair"], "required": True},
    "engine": {"type": "str", "choices": ["two_service", "native"], "default": "two_service"},
    "kind": {"type": "str", "choices": ["web", "worker"], "default": "web"},
    "service": {"type": "str", "required": True},
    "cluster": {"type": "str", "required": True},
    "load_balancer": {"type": "str"},
    "image": {"type": "str"},
    "image_accounts": {"type": "list", "elements": "str", "default": []},
    "task_definition": {"type": "dict"},
    "app_container": {"type": "str"},
    "port": {"type": "int"},
    "infrastructure_role_arn": {"type": "str"},
    "network_configuration": {"type": "dict", "options": NETWORK},
    "desired_count": {"type": "int", "default": 1},
    "scaling": {"type": "dict", "options": SCALING},
    "probe": {"type": "dict", "options": PROBE},
    "preview_url": {"type": "str"},
    "smoke": {"type": "list", "elements": "dict", "default": [], "options": SMOKE},
    "alarms": {"type": "list", "elements": "str", "default": []},
    "ignore_alarms_at_start": {"type": "bool", "default": False},
    "metrics": {"type": "list", "elements": "dict", "default": [], "options": METRIC},
    "health_check": {"type": "dict", "options": HEALTH_CHECK},
    "confirm": {"type": "str", "default": ""},
    "strategy": {"type": "str", "choices": ["all_at_once", "canary", "linear"], "default": "all_at_once"},
    "canary_steps": {
        "type": "list",
        "elements": "dict",
        "default": [{"weight": 10, "pause": 60}],
        "options": CANARY_STEP,
    },
    "linear_step_percent": {"type": "int", "default": 20},
    "linear_step_pause": {"type": "float", "default": 60},
    "bake": {"type": "float", "default": 0},
    "pause_before_shift": {"type": "bool", "default": False},
    "keep_warm": {"type": "float", "default": 0},
    "exclusive": {"type": "bool", "default": False},
    "workers": {"type": "list", "elements": "dict", "default": [], "options": WORKER},
    "schedules": {"type": "list", "elements": "dict", "default": [], "options": SCHEDULE},
    "one_off_task": {"type": "dict", "options": ONCE},
    "drain_floor": {"type": "float", "default": 120},
    "healthy_timeout": {"type": "float", "default": 300},
    "health_check_grace_period": {"type": "int", "default": 60},
    "poll_interval": {"type": "float", "default": 2},
    "lock": {"type": "dict", "options": LOCK},
    "run": {"type": "dict", "options": RUN, "default": {}},
    "tags": {"type": "dict", "default": {}},
    "progress_file": {"type": "path"},
}
REQUIRED_IF = [
    ("action", "converge", ("task_definition", "network_configuration")),
    ("action", "deploy", ("image", "task_definition")),
    ("kind", "web", ("load_balancer",)),
]
# boto3 clients that every run needs, then those for looking up what tasks need.
NEEDED = ("ecs", "elbv2", "application-autoscaling")
NEEDED_TO_DEPLOY = ("ecr", "cloudwatch", "logs", "iam", "ec2")
GOOD = {
    "converge": ("converged",),
    "deploy": ("promoted", "awaiting_approval"),
    "continue": ("promoted",),
    "rollback": ("rolled_back",),
    "repair": ("repaired",),
}


def lease_of(params: dict, clients: Clients, stop: Stop) -> Lease | NoLease:
    lock, run_of = params["lock"], params["run"]
    if lock is None:
        return NoLease()
    owner = run_of.get("by") or default_owner()
    return Lease(
        clients.get("dynamodb"),
        lock["table"],
        params["service"],
        owner,
        run_of.get("url") or "",
        lock["ttl"],
        sleep=stop.wait,
    )


def job_of(module: AnsibleAWSModule, progress: Progress, stop: Stop) -> two_service.Job:
    params = module.params
    clients = Clients(OneSession(module))
    workers, schedules = worker_inputs_plan.names_of(params)
    named = params["image"] if params["action"] in ("deploy", "continue") else None
    image = reference(named, params["image_accounts"]) if named else None
    lease = lease_of(params, clients, stop)
    clients.prepare(NEEDED + (NEEDED_TO_DEPLOY if params["action"] == "deploy" else ()))
    return two_service.Job(
        clients=clients,
        scope=Scope(
            params["service"],
            params["cluster"],
            params["load_balancer"] or "",
            image,
            gates_plan.alarm_names(params),
            workers,
            schedules,
            worker=worker_inputs_plan.standalone(params),
            image_accounts=tuple(params["image_accounts"]),
            native=inputs_plan.native(params),
        ),
        progress=progress,
        tags={key: str(value) for key, value in params["tags"].items()},
        check_mode=module.check_mode,
        validate_certs=params["validate_certs"],
        app_container=inputs_plan.app_container(params),
        action=params["action"],
        image=params["image"],
        lease=lease,
        lock_wait=params["lock"]["wait"] if params["lock"] else 0.0,
        stop=stop,
    )


def end(params: dict, job: two_service.Job) -> two_service.Ending:
    """Runs the action."""
    if params["action"] == "converge":
        return two_service.converge(job, lambda snapshot: inputs_plan.wishes_from(params, snapshot))
    if params["action"] == "repair":
        confirmed = params["confirm"] == params["service"]
        wanted = inputs_plan.wanted_from(params, None, "")
        return two_service.leased(job, lambda: repair(job, wanted, confirmed=confirmed))
    planner = planner_of(params, job.scope.image)
    if params["action"] == "rollback":
        return two_service.leased(job, lambda: two_service.rollback(job, planner))
    return two_service.leased(job, lambda: two_service.deploy(job, planner))


def planner_of(params: dict, image: ImageReference | None) -> two_service.Planner:
    """What decides about a deployment or a rollback."""
    if worker_inputs_plan.standalone(params):
        return standalone_plan.planner(inputs_plan.wanted_from(params, None, ""), image)
    if params["action"] == "rollback":
        return inputs_plan.rollback_planner(params)
    if params["action"] == "continue":
        return inputs_plan.continue_planner(params, image)
    return inputs_plan.deploy_planner(params, image)


def run(module: AnsibleAWSModule) -> dict:
    """The result, its msg empty when the outcome is the one asked for."""
    params = module.params
    found = inputs_plan.problems(params)
    if params["probe"]:
        found += [problem for problem in [url_problem(params["probe"]["url"])] if problem]
    stop = Stop()
    progress = Progress(params["progress_file"])
    if found:
        ending = two_service.refused(params["service"], "; ".join(found))
        job = two_service.Job(Clients(module.client), Scope(params["service"], "", ""), progress, {}, module.check_mode)
        job.action, job.image = params["action"], params["image"]
    else:
        job = job_of(module, progress, stop)
        with stop.on_signals():
            ending = end(params, job)
    asked = {"action": params["action"], "service": params["service"], "cluster": params["cluster"]}
    ran = {**params["run"], "by": params["run"]["by"] or default_owner(), "token": job.lease.last_token}
    return {**two_service.result_of(ending, job), **asked, "run": ran}


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, required_if=REQUIRED_IF, supports_check_mode=True)
    try:
        result = run(module)
    except AnsibleAWSError as error:
        asked = {name: module.params[name] for name in ("action", "service", "cluster")}
        module.fail_json(msg=f"{asked['service']}: {two_service.one_line(error)}", outcome="failed", **asked)
    if result["outcome"] not in GOOD[module.params["action"]]:
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
