# SPDX-License-Identifier: GPL-3.0-or-later
"""When a schedule of EventBridge Scheduler is due: rate, cron and at expressions, as pure decisions.

EventBridge Scheduler user guide, "Schedule types": https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from zoneinfo import ZoneInfo

_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_CRON = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}
_MONTHS = dict(
    zip(("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"), range(1, 13), strict=True)
)
#: 1 is Sunday.
_DAYS = dict(zip(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), range(1, 8), strict=True))
_NAMES = {**_MONTHS, **_DAYS}
#: A field's least and greatest value.
_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (1, 7), (1970, 2199))
#: Minutes that a cron schedule is looked back for when the cloud was busy.
_LOOK_BACK = 5


def last_due(expression: str, timezone: str, created: float, now: float) -> float | None:
    """The latest time up to now at which the schedule was due, in Unix seconds; None if it never was.

    A rate without a start date begins at once. ValueError for what is not modelled: L, W and # in cron.
    """
    if match := _AT.fullmatch(expression):
        moment = datetime.datetime.fromisoformat(match[1]).replace(tzinfo=ZoneInfo(timezone)).timestamp()
        return moment if moment <= now else None
    if match := _RATE.fullmatch(expression):
        step = int(match[1]) * _SECONDS[match[2]]
        return created + (now - created) // step * step
    if match := _CRON.fullmatch(expression):
        return _last_minute(_fields(match.groups()), ZoneInfo(timezone), now)
    raise ValueError(f"the local cloud does not know the expression {expression}")


def _last_minute(fields: list[Callable[[int], bool]], zone: ZoneInfo, now: float) -> float | None:
    for back in range(_LOOK_BACK):
        minute = now // 60 * 60 - back * 60
        local = datetime.datetime.fromtimestamp(minute, zone)
        day = local.isoweekday() % 7 + 1
        values = (local.minute, local.hour, local.day, local.month, day, local.year)
        if all(fits(value) for fits, value in zip(fields, values, strict=True)):
            return minute
    return None


def _fields(texts: tuple[str, ...]) -> list[Callable[[int], bool]]:
    return [_field(text, *bounds) for text, bounds in zip(texts, _BOUNDS, strict=True)]


def _field(text: str, least: int, most: int) -> Callable[[int], bool]:
    if text in ("*", "?"):
        return lambda _value: True
    allowed: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        begin = least if first == "*" else _number(first)
        end = _number(last) if last else most if step or first == "*" else begin
        allowed.update(range(begin, end + 1, int(step or 1)))
    return allowed.__contains__


def _number(text: str) -> int:
    if text.upper() in _NAMES:
        return _NAMES[text.upper()]
    if not text.isdigit():
        raise ValueError(f"the local cloud does not know {text} in a cron expression")
    return int(text)
