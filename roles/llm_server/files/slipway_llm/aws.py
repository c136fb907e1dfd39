# SPDX-License-Identifier: GPL-3.0-or-later
"""The few calls to AWS that the host makes, signed, over one connection each."""

from __future__ import annotations

import base64
import json
import os
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from datetime import datetime, timezone

from slipway_llm.credentials import Credentials
from slipway_llm.errors import HostError
from slipway_llm.sigv4 import Scope, payload_hash, sign

TIMEOUT = 20
FORM = "application/x-www-form-urlencoded; charset=utf-8"


def endpoint(service: str, region: str) -> str:
    """The URL of a service: AWS_ENDPOINT_URL of the environment, else the region's own."""
    given = os.environ.get(f"AWS_ENDPOINT_URL_{service.upper()}") or os.environ.get("AWS_ENDPOINT_URL")
    if given:
        return given.rstrip("/")
    host = {"ecr": "api.ecr"}.get(service, service)
    return f"https://{host}.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}"


class Aws:
    """One region, with the credentials of the host."""

    def __init__(self, region: str, credentials: Credentials | None = None) -> None:
        self.region = region
        self.credentials = credentials or Credentials()

    def put_metrics(self, namespace: str, name: str, values: Mapping[str, tuple[float, str]]) -> None:
        """CloudWatch PutMetricData: metric to its value and unit, all with dimension Name."""
        data = {"Namespace": namespace}
        for number, (metric, (value, unit)) in enumerate(sorted(values.items()), 1):
            member = f"MetricData.member.{number}"
            data |= {f"{member}.MetricName": metric, f"{member}.Value": f"{value:g}", f"{member}.Unit": unit}
            data |= {f"{member}.Dimensions.member.1.Name": "Name", f"{member}.Dimensions.member.1.Value": name}
        self._query("monitoring", "PutMetricData", "2010-08-01", data)

    def leave_group(self, instance: str) -> None:
        """EC2 Auto Scaling: end this instance, and want one fewer. Without the latter the group would replace it."""
        data = {"InstanceId": instance, "ShouldDecrementDesiredCapacity": "true"}
        self._query("autoscaling", "TerminateInstanceInAutoScalingGroup", "2011-01-01", data)

    def registry_password(self) -> str:
        """ECR GetAuthorizationToken: the password of user AWS, valid for 12 hours."""
        target = {"x-amz-target": "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"}
        answer = self._post("ecr", b"{}", {"content-type": "application/x-amz-json-1.1", **target})
        token = json.loads(answer)["authorizationData"][0]["authorizationToken"]
        return base64.b64decode(token).decode().partition(":")[2]

    def _query(self, service: str, action: str, version: str, data: Mapping[str, str]) -> bytes:
        body = urllib.parse.urlencode({"Action": action, "Version": version, **data}).encode()
        return self._post(service, body, {"content-type": FORM})

    def _post(self, service: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        """The answer's body. Raises HostError with what AWS says, or OSError's text."""
        url = f"{endpoint(service, self.region)}/"
        scope, now = Scope(self.region, service), datetime.now(timezone.utc)
        signed = sign("POST", url, headers, payload_hash(body), scope, self.credentials.keys(), now)
        signed.pop("host")
        try:
            request = urllib.request.Request(url, body, signed)  # noqa: S310 - an AWS endpoint
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            raise HostError(f"{service} answers {error.code}: {_message(error.read())}") from error
        except OSError as error:
            raise HostError(f"{service} at {url} does not answer: {error}") from error


def _message(body: bytes) -> str:
    """What an error answer says, XML or JSON, on one line."""
    text = " ".join(re.sub(r"<[^>]*>", " ", body.decode(errors="replace")).split())
    return text[:300]
