# SPDX-License-Identifier: GPL-3.0-or-later
"""Fargate's data plane: a task is one real local process per container, at a loopback address of its own.

Knows processes only. Images, secrets, log groups and the ECS API are resolved by localcloud.ecs before it comes here.
"""
