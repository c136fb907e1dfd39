# SPDX-License-Identifier: GPL-3.0-or-later
"""When schedules are due."""

from __future__ import annotations

import datetime

import pytest

from localcloud.ecs.timetable import last_due


def at(text):
    return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC).timestamp()


NOON = at("2026-11-24T12:00:30")  # a Tuesday


@pytest.mark.parametrize(
    ("expression", "timezone", "now", "due"),
    [
        ("at(2026-11-24T12:00:00)", "UTC", NOON, "2026-11-24T12:00:00"),
        ("at(2026-11-24T13:00:00)", "Europe/Berlin", NOON, "2026-11-24T12:00:00"),
        ("at(2026-11-24T12:01:00)", "UTC", NOON, None),
        ("rate(1 minute)", "UTC", NOON, "2026-11-24T12:00:00"),
        ("rate(5 minutes)", "UTC", NOON + 299, "2026-11-24T12:05:00"),
        ("rate(1 day)", "UTC", NOON, "2026-11-24T10:00:00"),
        ("cron(0 12 * * ? *)", "UTC", NOON, "2026-11-24T12:00:00"),
        ("cron(0 13 * * ? *)", "Europe/Berlin", NOON, "2026-11-24T12:00:00"),
        ("cron(59 11 * * ? *)", "UTC", NOON, "2026-11-24T11:59:00"),
        ("cron(0 11 * * ? *)", "UTC", NOON, None),
        ("cron(0/15 8-17 ? * MON-FRI *)", "UTC", NOON, "2026-11-24T12:00:00"),
        ("cron(*/20 12 24,25 NOV ? 2026)", "UTC", NOON, "2026-11-24T12:00:00"),
        ("cron(0 12 ? * SUN *)", "UTC", NOON, None),
        ("cron(0 12 * * ? 2027)", "UTC", NOON, None),
    ],
)
def test_due(expression, timezone, now, due):
    created = at("2026-11-24T10:00:00")
    assert last_due(expression, timezone, created, now) == (due and at(due))


@pytest.mark.parametrize("expression", ["cron(0 12 L * ? *)", "cron(0 12 * * MON#1 *)", "every minute"])
def test_what_is_not_modelled_is_said(expression):
    with pytest.raises(ValueError, match="the local cloud does not know"):
        last_due(expression, "UTC", 0.0, NOON)
