# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM and STS: which call asks what. See asking.py."""

from __future__ import annotations

from collections.abc import Iterator

from localcloud.iam.asking import Call, Row, on, rows
from localcloud.iam.language import Question

_ROLE = "arn:aws:iam::{A}:role/{RoleName}"
_PROVIDER = "{OpenIDConnectProviderArn}"


def _tagged_role(call: Call) -> Iterator[Question]:
    if call.get("Tags"):
        yield Question("iam:TagRole", f"arn:aws:iam::{call.account}:role/{call.get('RoleName')}")


TABLE: dict[str, Row | None] = {
    # Nobody needs a permission to ask who he is, or may be refused it.
    **rows("sts", "GetCallerIdentity", None),
    # Whom a role trusts decides as well; guard.py asks the role.
    **rows("sts", "AssumeRole", on("{RoleArn}")),
    **rows("iam", "ListAccountAliases ListRoles ListOpenIDConnectProviders ListUsers ListPolicies", on()),
    **rows("iam", "CreateRole", on(_ROLE, also=_tagged_role)),
    **rows(
        "iam",
        "AttachRolePolicy DeleteRole DeleteRolePolicy DetachRolePolicy GetRole GetRolePolicy "
        "ListAttachedRolePolicies ListInstanceProfilesForRole ListRolePolicies ListRoleTags PutRolePolicy TagRole "
        "UntagRole UpdateAssumeRolePolicy UpdateRole UpdateRoleDescription PutRolePermissionsBoundary",
        on(_ROLE),
    ),
    **rows("iam", "CreateUser CreateAccessKey PutUserPolicy AttachUserPolicy", on("arn:aws:iam::{A}:user/{UserName}")),
    **rows("iam", "SimulatePrincipalPolicy", on("{PolicySourceArn}")),
    **rows(
        "iam",
        "GetOpenIDConnectProvider AddClientIDToOpenIDConnectProvider DeleteOpenIDConnectProvider "
        "TagOpenIDConnectProvider UntagOpenIDConnectProvider",
        on(_PROVIDER),
    ),
    **rows("iam", "CreateOpenIDConnectProvider", on("arn:aws:iam::{A}:oidc-provider/*")),
    **rows("iam", "GetPolicy", on("{PolicyArn}")),
}
