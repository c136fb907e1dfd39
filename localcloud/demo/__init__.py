# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo: a whole environment on the local cloud and a swap under load, as a user would do it by hand.

It uses only what users have: `python -m localcloud`, the playbooks, the AWS API and HTTP.
"""
