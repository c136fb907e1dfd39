# SPDX-License-Identifier: GPL-3.0-or-later
"""`push`: puts an image of the tables into ECR through the ordinary API; the local cloud's `docker push`.

What is pushed is a manifest without layers to pull: its annotation names the table's entry, and its configuration the
digest of the program's files, so that a changed program is another image, and the same program the same one.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from localcloud import images, status
from localcloud.settings import Account, Settings

if TYPE_CHECKING:
    from pathlib import Path

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_CONTENT = "io.slipway.localcloud.content"


def run(state: Path, key: str, environment: str, repository: str | None, tag: str | None) -> int:
    """Push an image and print its reference by digest; exit status 1, and one line, when it cannot be done."""
    found = status.load(state)
    if found is None or not found.running:
        return _fail(f"no local cloud is up in {state}: run `python -m localcloud up`")
    cloud = Settings.load(state / "settings.json")
    account = next((account for account in cloud.accounts if account.name == environment), None)
    if account is None:
        return _fail(f"no environment {environment!r}: there are {', '.join(item.name for item in cloud.accounts)}")
    try:
        table = images.load(cloud.images)
    except images.ImageTableError as error:
        return _fail(str(error))
    if key not in table:
        return _fail(f"no image {key!r} in the tables: there are {', '.join(sorted(table))}")
    name, _, version = key.partition(":")
    try:
        print(_push(_client(cloud, account), table[key], repository or name, tag or version))
    except (ClientError, BotoCoreError) as error:
        return _fail(f"cannot push {key}: {error}")
    return 0


def manifest(image: images.Image) -> str:
    """The image's OCI manifest; the same text for the same content."""
    content = configuration(image).encode()
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": {"mediaType": _CONFIG, "digest": _digest(content), "size": len(content)},
            "layers": [],
            "annotations": {images.ANNOTATION: image.key},
        },
        sort_keys=True,
    )


def configuration(image: images.Image) -> str:
    """The image's OCI configuration. Programs run on this machine whatever it is; the stack's tasks ask for amd64."""
    return json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": []},
            "config": {"Labels": {_CONTENT: f"sha256:{image.content_digest()}"}},
        },
        sort_keys=True,
    )


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _upload(ecr: Any, repository: str, content: bytes) -> None:
    """Upload a blob unless it is there, as docker push does."""
    asked = ecr.batch_check_layer_availability(repositoryName=repository, layerDigests=[_digest(content)])
    if asked["layers"]:
        return
    upload = ecr.initiate_layer_upload(repositoryName=repository)["uploadId"]
    target = {"repositoryName": repository, "uploadId": upload}
    ecr.upload_layer_part(**target, partFirstByte=0, partLastByte=len(content) - 1, layerPartBlob=content)
    ecr.complete_layer_upload(**target, layerDigests=[_digest(content)])


def _push(ecr: Any, image: images.Image, repository: str, tag: str) -> str:
    """The reference by digest of the image, now in the repository under the tag; pushing it again changes nothing."""
    text = manifest(image)
    _upload(ecr, repository, configuration(image).encode())
    try:
        pushed = ecr.put_image(repositoryName=repository, imageManifest=text, imageTag=tag)["image"]
    except ecr.exceptions.ImageAlreadyExistsException:
        pushed = ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": tag}])["imageDetails"][0]
        digest = pushed["imageDigest"]
    else:
        digest = pushed["imageId"]["imageDigest"]
    uri = ecr.describe_repositories(repositoryNames=[repository])["repositories"][0]["repositoryUri"]
    return f"{uri}@{digest}"


def _client(cloud: Settings, account: Account) -> Any:
    os.environ.pop("AWS_PROFILE", None)  # the user's own, which this needs not and which may be missing
    return boto3.client(
        "ecr",
        endpoint_url=cloud.endpoint_url,
        region_name=cloud.region,
        aws_access_key_id=account.access_key,
        aws_secret_access_key=account.secret_key,
    )


def _fail(message: str) -> int:
    print(message, file=sys.stderr)
    return 1
