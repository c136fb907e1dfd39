# SPDX-License-Identifier: GPL-3.0-or-later
"""ECR: other accounts' registries, and the replication of what is pushed.

Sources: https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policy-examples.html,
https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html,
https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html.
"""

from __future__ import annotations

import json
from typing import Any

from moto.core.exceptions import ServiceException
from moto.ecr.exceptions import InvalidParameterException
from moto.ecr.models import ECRBackend, Image, ecr_backends
from moto.ecr.responses import ECRResponse

from localcloud.control.bucket_policy import account, allows
from localcloud.mends.callers import principal_arn
from localcloud.mends.ecr import copy_blobs
from localcloud.mends.patch import wrap

MOST_RULES = 10


class AccessDeniedException(ServiceException):  # type: ignore[misc]
    """The repository's policy does not let the caller in."""

    code = "AccessDeniedException"


def install() -> None:
    """Put the mends in place."""
    ECRResponse.ecr_backend = property(ecr_backend)
    wrap(ECRBackend, "put_image", put_image)
    wrap(ECRBackend, "put_replication_configuration", put_replication_configuration)


def ecr_backend(self: ECRResponse) -> ECRBackend:
    """The registry of the account that registryId names, "If you do not specify a registry, the default registry is
    assumed", if the repository's policy allows the call. moto looks into the caller's registry only."""
    owner = str(self._get_param("registryId") or self.current_account)
    found: ECRBackend = ecr_backends[owner][self.region]
    if owner == self.current_account:
        return found
    name, caller = str(self._get_param("repositoryName")), principal_arn(self)
    action, arn = f"ecr:{self._get_action()}", f"arn:aws:ecr:{self.region}:{owner}:repository/{name}"
    repository = found.repositories.get(name)
    # A repository policy names no resource: it is about its own repository.
    policy = _with_resource(repository.policy) if repository is not None and repository.policy else None
    if not allows(policy, action, arn, account(self.current_account, caller)):
        raise AccessDeniedException(
            f"User: {caller} is not authorized to perform: {action} on resource: {arn} because no resource-based "
            f"policy allows the {action} action"
        )
    return found


def _with_resource(policy: str) -> str:
    parsed = json.loads(policy)
    statements = parsed["Statement"] if isinstance(parsed["Statement"], list) else [parsed["Statement"]]
    return json.dumps({**parsed, "Statement": [{"Resource": "*", **statement} for statement in statements]})


def put_replication_configuration(
    original: Any, self: ECRBackend, replication_config: dict[str, Any]
) -> dict[str, Any]:
    """Take up to 10 rules (Amazon ECR API reference, ReplicationConfiguration); moto takes one."""
    rules, before = replication_config["rules"], self.replication_config
    if len(rules) > MOST_RULES:
        raise InvalidParameterException(f"'rules' has {len(rules)} members; it must have at most {MOST_RULES}")
    try:
        # moto looks at each on its own.
        for rule in rules:
            original(self, {"rules": [rule]})
    except ServiceException:
        self.replication_config = before
        raise
    self.replication_config = replication_config
    return {"replicationConfiguration": replication_config}


def put_image(original: Any, self: ECRBackend, repository_name: str, *args: Any, **kwargs: Any) -> Image:
    """Copy what is pushed to where the registry's rules say. In AWS that takes "less than 30 minutes" for most."""
    image: Image = original(self, repository_name, *args, **kwargs)
    for rule in self.replication_config["rules"]:
        filters = [each["filter"] for each in rule.get("repositoryFilters", [])]
        if filters and not repository_name.startswith(tuple(filters)):
            continue
        for destination in rule["destinations"]:
            _replicate(self, image, repository_name, ecr_backends[destination["registryId"]][destination["region"]])
    return image


def _replicate(source: ECRBackend, image: Image, name: str, target: ECRBackend) -> None:
    """Unless the target's registry policy lets the source in, nothing happens, and the source is told by
    DescribeImageReplicationStatus only. A repository that is not there is made, if the policy allows that, too."""
    arn, caller = f"arn:aws:ecr:{target.region_name}:{target.account_id}:repository/{name}", source.account_id
    who = account(caller, f"arn:aws:iam::{caller}:root")
    own = source.account_id == target.account_id
    if not (own or allows(target.registry_policy, "ecr:ReplicateImage", arn, who)):
        return
    if name not in target.repositories:
        if not (own or allows(target.registry_policy, "ecr:CreateRepository", arn, who)):
            return
        target.create_repository(name, target.account_id, {}, None, "MUTABLE", [])
    repository = target.repositories[name]
    copy_blobs(source, target, name)
    if all(each.image_manifest != image.image_manifest for each in repository.images):
        copied = Image(
            target.account_id,
            None,
            image.image_manifest,
            name,
            image.image_manifest_media_type,
            image.get_image_digest(),
        )
        repository.images.append(copied)
    found = next(each for each in repository.images if each.image_manifest == image.image_manifest)
    for tag in image.image_tags:
        found.update_tag(tag)
