# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What an invalidation costs, as far as that can be known. Pure.

CloudFront Developer Guide, "Pay for file invalidation": the first 1,000 paths a month are free, over all distributions
of the account; a path with a wildcard counts as one, a tag too; several in one request count one by one. The price is
that of the CloudFront pricing page.
"""

from __future__ import annotations

from dataclasses import dataclass

FREE_A_MONTH = 1000
DOLLARS_A_PATH = 0.005


@dataclass(frozen=True, slots=True)
class Price:
    """paths: how many count. at_least, at_most: dollars. text: one line for people."""

    paths: int
    at_least: float
    at_most: float
    text: str


def price_of(paths: int, used: int = 0) -> Price:
    """used: paths of this month that the caller knows of. There may be more: no call of CloudFront tells the account's
    number, and counting would mean reading every invalidation of every distribution one by one."""
    charged = paths - max(0, min(paths, FREE_A_MONTH - used))
    least, most = round(charged * DOLLARS_A_PATH, 3), round(paths * DOLLARS_A_PATH, 3)
    named = f"{paths} path{'' if paths == 1 else 's'}"
    if not paths:
        return Price(0, 0.0, 0.0, "nothing to invalidate, nothing to pay")
    if least == most:
        return Price(paths, least, most, f"{named}: ${most:.3f}, as the month's {FREE_A_MONTH} free paths are used up")
    known = f"; known of are {used} used" if used else ""
    return Price(
        paths,
        least,
        most,
        f"{named}: free within the account's first {FREE_A_MONTH} of the month over all distributions,"
        f" ${most:.3f} beyond{known}; how many others used is not known",
    )
