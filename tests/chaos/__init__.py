# SPDX-License-Identifier: GPL-3.0-or-later
"""The chaos suite: deployments under load that are killed, starved of answers, raced and disturbed, on a local cloud.

`python -m tests.chaos --seed N --full|--short`. What counts as failed by our doing: a request without a good answer at
any time, except while a scenario has itself killed tasks or had a person break the rule.
"""
