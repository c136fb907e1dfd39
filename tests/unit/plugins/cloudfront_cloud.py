# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudFront's API of the local cloud inside the test, over HTTP, with its faults and its log of calls."""

from __future__ import annotations

import json
import urllib.request

import boto3
from botocore.config import Config
from moto.cloudfront.models import cloudfront_backends

from localcloud import network
from localcloud.control import access, calls, dispatcher, edge_board
from localcloud.control.server import Server
from localcloud.mends import cloudfront as mends
from localcloud.settings import Account


class CloudFrontCloud:
    """One account with one distribution of an S3 origin."""

    def __init__(self, state):
        prefix, self._claim = network.claim_network(str(state))
        host = f"{prefix}.0.1"
        port = network.free_port(host, 4566)
        self.endpoint = f"http://{host}:{port}"
        self.account = Account("local", "111111111111", "AKIASLIPWAYLOCAL1111", "secret", f"{prefix}.1.1", 8080, 8081)
        keys = access.Keys((self.account,))
        log = calls.Calls(keys)
        self._server = Server(host, port, access.Access(dispatcher.Dispatcher(), keys), log.routes, log)

    def start(self, delay=0.0):
        """Answer; invalidations take so many seconds."""
        mends.install()
        self.delay, edge_board.EDGE.deploy_delay = delay, 0.0
        self._server.start()
        self.client = self.make_client()
        self.distribution = self.create()

    def stop(self):
        self._server.stop()
        self._claim.close()
        cloudfront_backends.reset()
        edge_board.EDGE.invalidation_delay, edge_board.EDGE.deploy_delay = 2.0, 0.5

    @property
    def delay(self):
        return edge_board.EDGE.invalidation_delay

    @delay.setter
    def delay(self, seconds):
        edge_board.EDGE.invalidation_delay = seconds

    def make_client(self, **config):
        settings = {"retries": {"total_max_attempts": 1}, "read_timeout": 5, **config}
        return boto3.client(
            "cloudfront",
            region_name="us-east-1",
            endpoint_url=self.endpoint,
            aws_access_key_id=self.account.access_key,
            aws_secret_access_key=self.account.secret_key,
            config=Config(**settings),
        )

    def create(self, **more):
        """The id of a new distribution."""
        origin = {"Id": "s3", "DomainName": "bucket.s3.us-east-1.amazonaws.com", "OriginPath": "/site"}
        config = {
            "CallerReference": str(len(self.client.list_distributions()["DistributionList"].get("Items", []))),
            "Comment": "site",
            "Enabled": True,
            "Origins": {"Quantity": 1, "Items": [{**origin, "S3OriginConfig": {"OriginAccessIdentity": ""}}]},
            "DefaultCacheBehavior": {
                "TargetOriginId": "s3",
                "ViewerProtocolPolicy": "redirect-to-https",
                "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
            },
            **more,
        }
        return self.client.create_distribution(DistributionConfig=config)["Distribution"]["Id"]

    def invalidate(self, *paths, reference="by hand"):
        batch = {"Paths": {"Quantity": len(paths), "Items": list(paths)}, "CallerReference": reference}
        answer = self.client.create_invalidation(DistributionId=self.distribution, InvalidationBatch=batch)
        return answer["Invalidation"]["Id"]

    def listed(self):
        """The ids of all invalidations, newest first."""
        found = self.client.list_invalidations(DistributionId=self.distribution)["InvalidationList"]
        return [item["Id"] for item in found.get("Items", [])]

    def paths_of(self, invalidation_id):
        found = self.client.get_invalidation(DistributionId=self.distribution, Id=invalidation_id)
        return found["Invalidation"]["InvalidationBatch"]["Paths"]["Items"]

    def fault(self, *rules):
        self._admin("faults", "PUT", {"rules": [{"service": "cloudfront", **rule} for rule in rules]})

    def calls(self, operation):
        """How often the operation was called."""
        return sum(call["operation"] == operation for call in self._admin("calls"))

    def forget_calls(self):
        self._admin("calls", "DELETE")

    def _admin(self, path, method="GET", body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.endpoint}/_localcloud/{path}", data=data, method=method)
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.loads(response.read() or b"null")
