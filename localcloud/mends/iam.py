# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM: the policies that AWS manages, the simulation of a role's policies, and an identity provider's audiences."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.iam.responses import IamResponse

from localcloud.iam.language import listed, named

if TYPE_CHECKING:
    from collections.abc import Iterable

    from moto.iam.models import IAMBackend, Role

type Statement = dict[str, Any]


def install() -> None:
    """Let each account have AWS's managed policies, which moto carries but leaves out unless told so.

    Attaching arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy needs no one to create it first
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html). Costs 0.1 s an account.
    """
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    IamResponse.simulate_principal_policy = simulate_principal_policy
    IamResponse.add_client_id_to_open_id_connect_provider = add_client_id_to_open_id_connect_provider


def simulate_principal_policy(self: IamResponse) -> ActionResult:
    """SimulatePrincipalPolicy of a role, which moto lacks.

    Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html. Evaluates the role's
    own and attached policies and its boundary. No values of context keys are known, so that a statement with a
    condition never matches, and its keys are named as missing.
    """
    role = self.backend.get_role_by_arn(self._get_param("PolicySourceArn"))
    actions, resources = self._get_param("ActionNames"), self._get_param("ResourceArns") or ["*"]
    own, boundary = _statements(role), _boundary(self.backend, role)
    results = [_result(own, boundary, action, resource) for action in actions for resource in resources]
    return ActionResult({"EvaluationResults": results, "IsTruncated": False})


def add_client_id_to_open_id_connect_provider(self: IamResponse) -> ActionResult:
    """AddClientIDToOpenIDConnectProvider, which moto lacks. One that is there already is no error.

    Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddClientIDToOpenIDConnectProvider.html.
    """
    provider = self.backend.get_open_id_connect_provider(self._get_param("OpenIDConnectProviderArn"))
    audience = self._get_param("ClientID")
    if audience not in provider.client_id_list:
        provider.client_id_list.append(audience)
    return ActionResult({})


def _statements(role: Role) -> list[Statement]:
    texts = [*role.policies.values(), *(_default(policy) for policy in role.managed_policies.values())]
    return [statement for text in texts for statement in listed(json.loads(text)["Statement"])]


def _boundary(backend: IAMBackend, role: Role) -> list[Statement] | None:
    if not role.permissions_boundary_arn:
        return None
    return listed(json.loads(_default(backend.get_policy(role.permissions_boundary_arn)))["Statement"])


def _default(policy: Any) -> str:
    return next(str(version.document) for version in policy.versions if version.is_default)


def _result(own: list[Statement], boundary: list[Statement] | None, action: str, resource: str) -> dict[str, Any]:
    decision, missing = _decided(own, action, resource)
    if boundary is not None and decision == "allowed":
        bounded, missing = _decided(boundary, action, resource)
        decision = bounded
    specific = {
        "EvalResourceName": resource,
        "EvalResourceDecision": decision,
        "MatchedStatements": [],
        "MissingContextValues": missing,
    }
    return {
        "EvalActionName": action,
        "EvalResourceName": resource,
        "EvalDecision": decision,
        "MatchedStatements": [],
        "MissingContextValues": missing,
        "ResourceSpecificResults": [specific],
    }


def _decided(statements: Iterable[Statement], action: str, resource: str) -> tuple[str, list[str]]:
    """The decision, and the context keys that statements ask for which would otherwise match."""
    effects, missing = set(), set()
    for statement in statements:
        if not (named(statement, "Action", action.lower(), str.lower) and named(statement, "Resource", resource)):
            continue
        keys = {key for tests in statement.get("Condition", {}).values() for key in tests}
        if keys:
            missing |= keys
        else:
            effects.add(statement["Effect"])
    decision = "explicitDeny" if "Deny" in effects else "allowed" if "Allow" in effects else "implicitDeny"
    return decision, sorted(missing)
