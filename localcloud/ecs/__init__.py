# SPDX-License-Identifier: GPL-3.0-or-later
"""The ECS service scheduler: makes moto's ECS backend run real tasks.

plan.py decides (pure), controller.py loops and applies, lifecycle.py takes one task from PROVISIONING to STOPPED,
api.py mends the operations of moto that create and show all this; native/ has the strategies that move traffic. Runs
inside the control process.

Not modeled: launch types other than Fargate, deployment controllers other than ECS, alarms that roll back rolling
deployments, lifecycle hooks that call functions, scaling policies and scheduled scaling, Service Connect and service
registries, volumes, container dependencies, CPU and memory limits, the task metadata endpoint, ECS Exec, and what an
execution role may do. A process group is no container: it sees the machine's files and network, and a program that
makes a session of its own escapes.
"""
