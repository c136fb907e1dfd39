# SPDX-License-Identifier: GPL-3.0-or-later
"""ECS's own deployment strategies BLUE_GREEN, LINEAR and CANARY.

phases.py says which way a deployment goes, plan.py decides its next move (both pure), course.py is what is kept of it,
begin.py starts it, view.py gathers what the planner sees, apply.py carries out, rules.py reads and writes the listener
rules, checks.py looks at requests, describe.py shows it, api.py has the operations for people.

Rules and sentences come from the ECS Developer Guide, whose pages are named where they are used: "blue-green" is
deployment-type-blue-green.html, "workflow" blue-green-deployment-how-it-works.html, "troubleshooting"
troubleshooting-blue-green.html, "pause" pause-lifecycle-hooks.html, "continue" continue-service-deployment.html,
"alarms" deployment-alarm-failure.html, all under https://docs.aws.amazon.com/AmazonECS/latest/developerguide/. What
AWS does not document, and is decided here, says so; docs/local-cloud.md lists it.
"""
