# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM: the policies that AWS manages, the simulation of a role's policies, and an identity provider's audiences."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult, BaseResponse
from moto.iam.models import AccessKey
from moto.iam.responses import IamResponse

from localcloud.iam.language import Question, applies, listed
from localcloud.mends.patch import wrap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from moto.iam.models import IAMBackend, Role, User

type Statement = dict[str, Any]

#: Whose request it is: moto's pattern, without its 20 characters.
_ACCESS_KEY = re.compile(r"AWS.*(?P<access_key>(?<![A-Z0-9])[A-Z0-9]{20,128}(?![A-Z0-9]))[:/]")


def install() -> None:
    """Let each account have AWS's managed policies, which moto carries but leaves out unless told so.

    Attaching arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy needs no one to create it first
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html). Costs 0.1 s an account.
    """
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    wrap(AccessKey, "__init__", plainly_local)
    BaseResponse.access_key_regex = _ACCESS_KEY
    IamResponse.simulate_principal_policy = simulate_principal_policy
    IamResponse.add_client_id_to_open_id_connect_provider = add_client_id_to_open_id_connect_provider


def plainly_local(original: Callable[..., None], self: AccessKey, *args: Any, **kwargs: Any) -> None:
    """An access key of a user or a session, whose id shows that it is the local cloud's and can be none of AWS's.

    AWS's are 20 characters long. By this the playbooks tell that one strayed (module_utils/endpoint_plan.py).
    """
    original(self, *args, **kwargs)
    self.access_key_id = f"{self.access_key_id[:4]}SLIPWAYLOCAL{self.access_key_id[-8:]}"


def simulate_principal_policy(self: IamResponse) -> ActionResult:
    """SimulatePrincipalPolicy of a role or a user, which moto lacks.

    Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html. Evaluates its own and
    attached policies and its boundary. Keys of conditions have the values that the call gives them; a statement that
    asks for any other never matches, and its keys are named as missing.
    """
    who = _principal(self.backend, self._get_param("PolicySourceArn"))
    actions, resources = self._get_param("ActionNames"), self._get_param("ResourceArns") or ["*"]
    given = {each["ContextKeyName"]: each["ContextKeyValues"] for each in self._get_param("ContextEntries") or []}
    own, boundary = _statements(who), _boundary(self.backend, who)
    results = [_result(own, boundary, Question(action, name, given)) for action in actions for name in resources]
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


def _principal(backend: IAMBackend, arn: str) -> Role | User:
    user = next((each for each in backend.users.values() if each.arn == arn), None)
    return backend.get_role_by_arn(arn) if user is None else user


def _statements(who: Role | User) -> list[Statement]:
    texts = [*who.policies.values(), *(_default(policy) for policy in who.managed_policies.values())]
    return [statement for text in texts for statement in listed(json.loads(text)["Statement"])]


def _boundary(backend: IAMBackend, who: Role | User) -> list[Statement] | None:
    arn = getattr(who, "permissions_boundary_arn", None)
    return listed(json.loads(_default(backend.get_policy(arn)))["Statement"]) if arn else None


def _default(policy: Any) -> str:
    return next(str(version.document) for version in policy.versions if version.is_default)


def _result(own: list[Statement], boundary: list[Statement] | None, question: Question) -> dict[str, Any]:
    decision, missing = _decided(own, question)
    if boundary is not None and decision == "allowed":
        bounded, missing = _decided(boundary, question)
        decision = bounded
    specific = {
        "EvalResourceName": question.resource,
        "EvalResourceDecision": decision,
        "MatchedStatements": [],
        "MissingContextValues": missing,
    }
    return {
        "EvalActionName": question.action,
        "EvalResourceName": question.resource,
        "EvalDecision": decision,
        "MatchedStatements": [],
        "MissingContextValues": missing,
        "ResourceSpecificResults": [specific],
    }


def _decided(statements: Iterable[Statement], question: Question) -> tuple[str, list[str]]:
    """The decision, and the context keys that statements ask for which would otherwise match."""
    effects, missing = set(), set()
    known = {key.lower() for key in question.context}
    for statement in statements:
        keys = {key for tests in statement.get("Condition", {}).values() for key in tests if key.lower() not in known}
        if not keys and applies(statement, question):
            effects.add(statement["Effect"])
        elif keys and applies({**statement, "Condition": {}}, question):
            missing |= keys
    decision = "explicitDeny" if "Deny" in effects else "allowed" if "Allow" in effects else "implicitDeny"
    return decision, sorted(missing)
