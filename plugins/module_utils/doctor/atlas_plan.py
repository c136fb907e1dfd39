# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""May these credentials do at MongoDB Atlas what a peering needs: rows. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from .row_plan import FAILURE, OK, WARNING, Row

OWNER = "GROUP_OWNER"
NETWORK = "GROUP_NETWORK_ACCESS_MANAGER"
CREDENTIALS = "Atlas credentials"
ROLE = "Atlas role"


def missing(what: str) -> list[Row]:
    """what: the variables or options that are not given."""
    return [Row(CREDENTIALS, FAILURE, f"there are none: {what}", f"give {what}; docs/atlas.md says where from")]


def credentials_row(project: str, failed: str) -> Row:
    """failed: why the project's containers could not be listed, with advice, empty if they could."""
    if failed:
        return Row(CREDENTIALS, FAILURE, failed, "mend that, then run doctor.yml again; docs/atlas.md has all refusals")
    return Row(CREDENTIALS, OK, f"project {project} answers")


def role_row(roles: Sequence[str] | None, *, container: bool) -> Row:
    """roles: of the credentials in the project, None where Atlas does not tell them to who is no owner.
    container: whether the region has its network container, which only an owner can make.
    """
    if roles is None:
        found = "not the project's owner, so that Atlas does not tell which role it is"
        remedy = "give the service account the role Project Owner, or see that it is Project Network Access Manager"
        return Row(ROLE, WARNING if container else FAILURE, found, remedy)
    if OWNER in roles:
        return Row(ROLE, OK, "Project Owner")
    named = ", ".join(roles) or "none"
    if NETWORK in roles and container:
        return Row(ROLE, OK, f"{named}; the network container is there")
    return Row(ROLE, FAILURE, f"{named}: not enough for a peering", "give it the role Project Owner")
