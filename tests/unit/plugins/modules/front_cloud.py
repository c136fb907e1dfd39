# SPDX-License-Identifier: GPL-3.0-or-later
"""The APIs in front of a site, and those that watch it, of the local cloud, inside the test."""

from __future__ import annotations

import boto3
from botocore.config import Config
from moto.backends import get_backend
from moto.moto_api._internal import moto_api_backend

from localcloud import network
from localcloud.control import access, calls, dispatcher, edge_board
from localcloud.control.faults import parse
from localcloud.control.server import Server
from localcloud.mends import acm, cloudfront, logs, route53, s3, wafv2
from localcloud.settings import Account


class FrontCloud:
    """One account, over HTTP."""

    def __init__(self, state):
        prefix, self._claim = network.claim_network(str(state))
        host = f"{prefix}.0.1"
        port = network.free_port(host, 4566)
        self.url = f"http://{host}:{port}"
        self.account = Account("local", "111111111111", "AKIASLIPWAYLOCAL1111", "secret", f"{prefix}.1.1", 8080, 8081)
        keys = access.Keys((self.account,))
        self._calls = calls.Calls(keys)
        self._server = Server(host, port, access.Access(dispatcher.Dispatcher(), keys), self._calls.routes, self._calls)
        self._clients = {}

    def start(self):
        for mend in (acm, cloudfront, logs, route53, s3, wafv2):
            mend.install()
        self.deploys_within(0.0)
        self._server.start()

    def stop(self):
        self._server.stop()
        self._claim.close()
        moto_api_backend.reset()
        self.deploys_within(0.5)

    def deploys_within(self, seconds):
        """How long a change of a distribution takes to reach all edge locations."""
        edge_board.EDGE.deploy_delay = seconds

    def variables(self):
        """The environment of a process that shall use this account."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": self.account.access_key,
            "AWS_SECRET_ACCESS_KEY": self.account.secret_key,
            "AWS_REGION": "us-east-1",
        }

    def empty(self):
        """As if nothing had been made, and no call were struck. The account's keys stay."""
        for service in ("acm", "cloudfront", "cloudwatch", "ec2", "elbv2", "logs", "route53", "s3", "sns", "wafv2"):
            get_backend(service)[self.account.id].reset()
        self.fault()
        self.deploys_within(0.0)

    def client(self, service, region="us-east-1"):
        """One client per service and region."""
        if (service, region) not in self._clients:
            self._clients[service, region] = boto3.client(
                service,
                region_name=region,
                endpoint_url=self.url,
                aws_access_key_id=self.account.access_key,
                aws_secret_access_key=self.account.secret_key,
                config=Config(retries={"total_max_attempts": 1}),
            )
        return self._clients[service, region]

    def fault(self, *rules):
        """Strike calls; without rules none."""
        self._calls._faults.rules = parse({"rules": list(rules)})
