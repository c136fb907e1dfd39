# SPDX-License-Identifier: GPL-3.0-or-later
"""MongoDB Atlas on loopback: the Administration API v2 for what Slipway uses, stateful, checked against a contract.

A project's network peering is real as far as AWS goes: Atlas's own account asks for it through the ordinary EC2 API, so
that it appears as a pending VPC peering connection in the user's account. What is not modeled: the data plane (no
MongoDB runs), other clouds than AWS, organizations, billing, alerts, and the real timings.
"""
