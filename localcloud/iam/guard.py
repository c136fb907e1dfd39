# SPDX-License-Identifier: GPL-3.0-or-later
"""Decides on each call when enforcement is on: who calls, what IAM is asked, what his policies say.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html and, for the
message, .../troubleshoot_access-denied.html. A caller who may do everything, as the user of an env file may, is not
asked what he does. For everybody else a call that the tables do not have is refused, by its name. What a resource's own
policy says to another account is decided where moto looks for the resource (localcloud/mends); one in the caller's own
account is not looked at, but for the trust policy of a role.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from aiohttp import web

from localcloud.control.callee import Callee, callee_of
from localcloud.iam import tables_containers, tables_data, tables_edge, tables_identity, tables_network
from localcloud.iam.asking import Call, Table, UnknownCallError, questions
from localcloud.iam.language import Decision, Question, UnsupportedError, Who, decide
from localcloud.iam.parameters import Parameters, parameters
from localcloud.iam.principals import Principal, principal_of, role_of
from localcloud.iam.tags import resolved, tags_of
from localcloud.iam.web_identity import Claims, claims_of, provider_problem

if TYPE_CHECKING:
    from localcloud.control.server import Handler

log = logging.getLogger(__name__)

TABLE: Table = {
    **tables_containers.TABLE,
    **tables_data.TABLE,
    **tables_edge.TABLE,
    **tables_identity.TABLE,
    **tables_network.TABLE,
}
#: Where a request's WSGI environment has the answers for the log of calls.
ASKED = "localcloud.asked"

_BY_WEB = "sts:AssumeRoleWithWebIdentity"


class Guard:
    """enforcing: whether anything is refused. Callers of the other methods hold lock.MOTO.

    accounts: whose policies count. Others that moto knows, as Atlas's own, are no part of what is tested.
    """

    def __init__(self, accounts: Iterable[str]) -> None:
        self._accounts = frozenset(accounts)
        self.enforcing = False

    @property
    def routes(self) -> dict[tuple[str, str], Handler]:
        """The handlers of the admin API by method and path."""
        return {("GET", "/_localcloud/iam"): self._get, ("PUT", "/_localcloud/iam"): self._put}

    async def _get(self, request: web.Request) -> web.Response:  # noqa: ARG002
        return web.json_response({"enforce": self.enforcing})

    async def _put(self, request: web.Request) -> web.Response:
        try:
            wanted = json.loads(await request.text())
        except ValueError:
            wanted = None
        if not isinstance(wanted, dict) or set(wanted) != {"enforce"} or not isinstance(wanted["enforce"], bool):
            return web.json_response({"error": 'the body must be {"enforce": true} or {"enforce": false}'}, status=400)
        self.enforcing = wanted["enforce"]
        return await self._get(request)

    def refusal(self, environ: dict[str, Any], access_key: str, account: str) -> tuple[Callee, str] | None:
        """Whom it must be told and what, if a signed call is refused."""
        if not self.enforcing or account not in self._accounts:
            return None
        principal = principal_of(access_key, account)
        if principal.administrator:
            return None
        body = _body(environ)
        callee = callee_of(environ, body)
        if callee is None:
            return None
        call = Call(callee.service, callee.operation, parameters(callee, environ, body), account, _region(environ))
        try:
            said = _decided(principal, call, environ)
        except UnknownCallError as error:
            said = (
                f"the local cloud does not know what IAM asks for {error}: localcloud/iam/tables_*.py has no such call"
            )
        except UnsupportedError as error:
            said = f"the local cloud cannot judge {principal.arn}'s policies: {error}"
        if said:
            log.warning("refused: %s", said)
        return (callee, said) if said else None

    def refusal_of_stranger(self, environ: dict[str, Any]) -> tuple[Callee, str] | None:
        """The same for an unsigned request: AssumeRoleWithWebIdentity; whatever else there is, moto decides."""
        if not self.enforcing:
            return None
        body = _body(environ)
        given = parameters(Callee("sts", "", "query"), environ, body)
        if given.get("Action") != "AssumeRoleWithWebIdentity":
            return None
        said = _distrusted(given)
        return (Callee("sts", "AssumeRoleWithWebIdentity", "query"), said) if said else None


def _body(environ: Mapping[str, Any]) -> bytes:
    stream = environ["wsgi.input"]
    body: bytes = stream.read()
    stream.seek(0)
    return body


def _region(environ: Mapping[str, Any]) -> str:
    """Of the signature's scope: KEY/DATE/REGION/SERVICE/aws4_request."""
    scope = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].split("/")
    return scope[2] if len(scope) > 3 else "us-east-1"


def _decided(principal: Principal, call: Call, environ: dict[str, Any]) -> str:
    """Why the call is refused, empty if it is not. Notes each answer for the log."""
    asked = [
        _with_what_is_known(question, resource, principal, call)
        for question in questions(TABLE, call)
        if (resource := resolved(question.resource))
    ]
    told = [(question, _decision(principal, call, question)) for question in asked]
    environ[ASKED] = [
        {
            "action": question.action,
            "resource": question.resource,
            "context": dict(question.context),
            "decision": decision.value,
        }
        for question, decision in told
    ]
    return next((_message(principal, *each) for each in told if each[1] is not Decision.ALLOWED), "")


def _with_what_is_known(question: Question, resource: str, principal: Principal, call: Call) -> Question:
    """The keys that every request has, and the resource's tags."""
    context = {
        "aws:PrincipalArn": principal.who.arns[-1] if principal.who.arns else principal.arn,
        "aws:PrincipalAccount": principal.who.account,
        "aws:RequestedRegion": "us-east-1" if call.service in ("iam", "cloudfront", "route53") else call.region,
        # Loopback stands for TLS, as in the rest of the local cloud.
        "aws:SecureTransport": "true",
        **{f"aws:ResourceTag/{key}": value for key, value in tags_of(resource).items()},
        **question.context,
    }
    return Question(question.action, resource, context)


def _decision(principal: Principal, call: Call, question: Question) -> Decision:
    own = principal.decide(question)
    if question.action != "sts:AssumeRole" or own is Decision.DENIED:
        return own
    role = role_of(question.resource)
    if role is None:
        return Decision.SILENT
    trust = [role.assume_role_policy_document]
    external = call.get("ExternalId")
    asked = Question(question.action, "*", {**question.context, **({"sts:ExternalId": external} if external else {})})
    trusted = _trust(trust, asked, principal.who)
    if trusted is not Decision.ALLOWED or own is Decision.ALLOWED:
        return trusted
    # A role that names the caller himself, and not only his account, needs nothing of his own account's policies.
    same = role.arn.split(":")[4] == principal.who.account
    return _trust(trust, asked, Who(arns=principal.who.arns)) if same else Decision.SILENT


def _trust(documents: list[Any], question: Question, who: Who) -> Decision:
    return decide([json.loads(each) if isinstance(each, str) else each for each in documents], question, who)


def _message(principal: Principal, question: Question, decision: Decision) -> str:
    start = f"User: {principal.arn} is not authorized to perform: {question.action} on resource: {question.resource}"
    if decision is Decision.DENIED:
        return f"{start} with an explicit deny in an identity-based policy"
    return f"{start} because no identity-based policy allows the {question.action} action"


def _distrusted(given: Parameters) -> str:
    """Why a role is not given for a token, empty if it is."""
    refused = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
    role = role_of(str(given.get("RoleArn", "")))
    claims: Claims | None = claims_of(str(given.get("WebIdentityToken", "")))
    if role is None or claims is None:
        return refused
    account = role.arn.split(":")[4]
    if problem := provider_problem(account, claims):
        return problem
    context = {f"{claims.host}:{name}": value for name, value in claims.texts.items()}
    who = Who(federated=claims.provider(account))
    try:
        found = _trust([role.assume_role_policy_document], Question(_BY_WEB, "*", context), who)
    except UnsupportedError as error:
        return f"the local cloud cannot judge the trust policy of {role.arn}: {error}"
    return "" if found is Decision.ALLOWED else refused
