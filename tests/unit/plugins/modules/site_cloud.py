# SPDX-License-Identifier: GPL-3.0-or-later
"""An account with a site's bucket, its distribution and a release table, over HTTP; and an edge that visitors ask.

The edge stands in for localcloud.edge: it keeps what it fetched until an invalidation that is completed clears it.
"""

from __future__ import annotations

import itertools
import json
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import boto3
from ansible_collections.slipway.ops.plugins.module_utils.invalidation.items_plan import matches
from moto.cloudfront.models import cloudfront_backends
from moto.moto_api._internal import moto_api_backend
from moto.s3.models import s3_backends

from localcloud import network
from localcloud.control import access, calls, dispatcher, edge_board
from localcloud.control.server import Server
from localcloud.mends import cloudfront, dynamodb, s3, s3_checksums
from localcloud.mends.cloudfront.store import store_of
from localcloud.settings import Account
from tests.unit.plugins.dynamo import create_table

ACCOUNT = "111111111111"
TABLE = "slipway-test-releases"
_BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
_numbers = itertools.count(1)
REVALIDATED = ("sw.js", "config.json")


class SiteCloud:
    def __init__(self, state):
        prefix, self._claim = network.claim_network(str(state))
        host = f"{prefix}.0.1"
        port = network.free_port(host, 4566)
        self.url = f"http://{host}:{port}"
        self.account = Account("local", ACCOUNT, "AKIASLIPWAYLOCAL1111", "secret", f"{prefix}.1.1", 8080, 8081)
        keys = access.Keys((self.account,))
        log = calls.Calls(keys)
        self._server = Server(host, port, access.Access(dispatcher.Dispatcher(), keys), log.routes, log)
        self.cache, self._lock = {}, threading.Lock()
        self._edge = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._edge.serve_forever, kwargs={"poll_interval": 0.02})
        self.site_url = f"http://127.0.0.1:{self._edge.server_port}"

    def start(self):
        for mend in (cloudfront, dynamodb, s3, s3_checksums):
            mend.install()
        edge_board.EDGE.invalidation_delay = edge_board.EDGE.deploy_delay = 0.0
        self._server.start()
        self._thread.start()
        self.s3, self.cloudfront, dynamodb_client = map(self.client, ("s3", "cloudfront", "dynamodb"))
        create_table(dynamodb_client, TABLE)
        control = {
            "Name": "site",
            "SigningProtocol": "sigv4",
            "SigningBehavior": "always",
            "OriginAccessControlOriginType": "s3",
        }
        made = self.cloudfront.create_origin_access_control(OriginAccessControlConfig=control)
        self._control = made["OriginAccessControl"]["Id"]

    def stop(self):
        self._edge.shutdown()
        self._thread.join()
        self._edge.server_close()
        self._server.stop()
        self._claim.close()
        moto_api_backend.reset()
        edge_board.EDGE.invalidation_delay, edge_board.EDGE.deploy_delay = 2.0, 0.5

    def fresh(self):
        """An empty site of its own for the next test."""
        self.bucket = f"slipway-test{next(_numbers)}-site-{ACCOUNT}"
        self.s3.create_bucket(Bucket=self.bucket)
        self.s3.put_public_access_block(Bucket=self.bucket, PublicAccessBlockConfiguration=dict.fromkeys(_BLOCKS, True))
        self.distribution = self.distribute(f"{self.bucket}.s3.us-east-1.amazonaws.com")
        self.admit(self.distribution)
        self.cache.clear()
        self.fault()
        self.admin("calls", "DELETE")

    def distribute(self, domain, **more):
        """A new distribution's id."""
        listed = self.cloudfront.list_distributions()["DistributionList"].get("Items", [])
        origin = {"Id": "s3", "DomainName": domain, "OriginPath": "/site", "OriginAccessControlId": self._control}
        config = {
            "CallerReference": str(len(listed)),
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
        return self.cloudfront.create_distribution(DistributionConfig=config)["Distribution"]["Id"]

    def admit(self, distribution, **more):
        """Lets the distribution read the site, and nobody else."""
        arn = f"arn:aws:cloudfront::{ACCOUNT}:distribution/{distribution}"
        common = {
            "Effect": "Allow",
            "Principal": {"Service": "cloudfront.amazonaws.com"},
            "Condition": {"StringEquals": {"AWS:SourceArn": arn}},
        }
        statements = [
            {**common, "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{self.bucket}/site/*"},
            {**common, "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{self.bucket}"},
            *([more] if more else []),
        ]
        policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
        self.s3.put_bucket_policy(Bucket=self.bucket, Policy=policy)

    def client(self, name):
        return boto3.client(
            name,
            region_name="us-east-1",
            endpoint_url=self.url,
            aws_access_key_id=self.account.access_key,
            aws_secret_access_key=self.account.secret_key,
        )

    def variables(self):
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": self.account.access_key,
            "AWS_SECRET_ACCESS_KEY": self.account.secret_key,
            "AWS_REGION": "us-east-1",
        }

    def objects(self):
        """Key -> object as moto has it."""
        bucket = s3_backends[ACCOUNT]["aws"].buckets.get(self.bucket)
        return dict(bucket.keys.items()) if bucket else {}

    def body(self, key):
        found = self.objects().get(key)
        return found.value if found else None

    def admin(self, path, method="GET", body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_localcloud/{path}", data=data, method=method)
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.loads(response.read() or b"null")

    def fault(self, *rules):
        self.admin("faults", "PUT", {"rules": list(rules)})

    def calls(self, service):
        """Operation -> how often it was called."""
        counted = {}
        for call in self.admin("calls"):
            if call["service"] == service:
                counted[call["operation"]] = counted.get(call["operation"], 0) + 1
        return counted

    def invalidations(self):
        found = store_of(cloudfront_backends[ACCOUNT]["aws"]).distributions[self.distribution]
        return found.invalidations

    def get(self, path):
        """Status, headers and body as a visitor gets them."""
        try:
            with urllib.request.urlopen(f"{self.site_url}{path}", timeout=10) as answer:
                return answer.status, dict(answer.headers), answer.read()
        except urllib.error.HTTPError as error:
            return error.code, dict(error.headers), error.read()

    def _answer(self, path):
        with self._lock:
            self._clear()
        key = unquote(path.partition("?")[0]).lstrip("/")
        name = key.rpartition("/")[2]
        key = key if "." in name else "index.html"
        if key not in self.cache or key in REVALIDATED:
            found = self.objects().get(f"site/{key}")
            self.cache[key] = (found.value, found.metadata.get("content-type", "")) if found else None
        return self.cache[key]

    def _clear(self):
        for done in self.invalidations():
            if done.completed and not done.sent:
                uris = {key: [f"/{key}", *(["/"] if key == "index.html" else [])] for key in self.cache}
                for key, paths in uris.items():
                    if any(matches(item, path) for item in done.paths for path in paths):
                        self.cache.pop(key)
                done.sent = True

    def _handler(cloud):  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                found = cloud._answer(self.path)
                body, kind = found or (b"not found", "text/plain")
                self.send_response(200 if found else 404)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                """Silence."""

        return Handler
