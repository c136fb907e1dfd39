# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Who asks, where, and by which clock: rows about credentials, account, region, zones and time. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .row_plan import FAILURE, OK, WARNING, Row, Unread, unread

# AWS refuses what is signed with a time more than five minutes away from its own (IAM user guide, "Elements of
# an AWS API request signature"). A minute off, something is wrong with this machine's clock already.
_SKEW_FAILS, _SKEW_WARNS = 240.0, 60.0


@dataclass(frozen=True)
class Identity:
    """The answer of sts:GetCallerIdentity."""

    account: str
    arn: str


def identity_rows(found: Identity | Unread, account_id: str, environment: str) -> list[Row]:
    """Are there credentials, and whose are they?"""
    if isinstance(found, Unread):
        remedy = "give AWS credentials (AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or aws sso login)"
        return [Row("credentials", FAILURE, f"no usable AWS credentials: {found.why}", remedy)]
    rows = [Row("credentials", OK, found.arn)]
    if found.account == account_id:
        return [*rows, Row("account", OK, f"{found.account}, as inventories/{environment} has it")]
    said = f"the credentials belong to {found.account}, inventories/{environment} to {account_id}"
    remedy = f"use credentials of {account_id}, or mend slipway_account_id in inventories/{environment}"
    return [*rows, Row("account", FAILURE, said, remedy)]


def clock_row(skew: float | Unread) -> Row:
    """skew: seconds by which this machine is ahead of AWS, negative if it is behind."""
    if isinstance(skew, Unread):
        return Row("clock", WARNING, f"AWS told no time: {skew.why}", "look whether this machine's clock is right")
    side = "ahead of" if skew > 0 else "behind"
    found = f"{abs(skew):.0f} s {side} AWS" if abs(skew) >= 1 else "as AWS's, to the second"
    remedy = "set this machine's clock by NTP (timedatectl set-ntp true): AWS refuses what is signed 5 minutes off"
    if abs(skew) > _SKEW_FAILS:
        return Row("clock", FAILURE, found, remedy)
    if abs(skew) > _SKEW_WARNS:
        return Row("clock", WARNING, found, remedy)
    return Row("clock", OK, found)


def region_row(region: str, opted: str | Unread | None) -> Row:
    """opted: OptInStatus as ec2:DescribeRegions has it; None where AWS knows no such region."""
    if isinstance(opted, Unread):
        return unread("region", opted, "ec2:DescribeRegions")
    if opted is None:
        return Row("region", FAILURE, f"AWS has no region {region}", "mend slipway_region in the inventory")
    if opted == "not-opted-in":
        remedy = f"aws account enable-region --region-name {region}, or another slipway_region"
        return Row("region", FAILURE, f"{region} is not enabled in this account", remedy)
    return Row("region", OK, f"{region} is enabled")


def zones_row(wanted: Sequence[str], states: Mapping[str, str] | Unread) -> Row:
    """wanted: the inventory's zones. states: zone -> state, of this account in this region."""
    if isinstance(states, Unread):
        return unread("zones", states, "ec2:DescribeAvailabilityZones")
    bad = [f"{zone} is {states.get(zone, 'not there')}" for zone in wanted if states.get(zone) != "available"]
    if bad:
        usable = ", ".join(sorted(zone for zone, state in states.items() if state == "available"))
        remedy = f"choose vpc_availability_zones among {usable or 'none that is available'}"
        return Row("zones", FAILURE, ", ".join(bad), remedy)
    return Row("zones", OK, f"{', '.join(wanted)} available")
