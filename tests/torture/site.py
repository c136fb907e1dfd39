# SPDX-License-Identifier: GPL-3.0-or-later
"""A site on a local cloud of its own, as role cloudfront_site would make it, but for the firewall: bucket, distribution
with its function and policies, and the release store; and runs of the module on it."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from pathlib import Path
from typing import Any

from ansible_collections.slipway.ops.plugins.module_utils.cloudfront import site_documents_plan as documents

from localcloud.images import ROOT
from tests.chaos.cloud import APP, Cloud
from tests.chaos.runs import Run, Runner

RELEASES = {name: ROOT / "examples" / "web" / "releases" / name for name in ("1.0.0", "2.0.0")}
TABLE = "torture-releases"
ACCOUNT = "111111111111"
BUCKET = f"torture-site-{ACCOUNT}"
#: Seconds: as short as still tells a run that is killed from one that goes on.
LEASE = 2.0
DELAY = 0.3
_SITE: dict[str, Any] = {
    "name": "torture",
    "account_id": ACCOUNT,
    "region": "us-east-1",
    "bucket": BUCKET,
    "log_bucket": f"torture-site-logs-{ACCOUNT}",
    "log_retention_days": 1,
    "noncurrent_days": 1,
    "kms_key_arn": "",
    "tags": {},
    "domains": [],
    "certificate_arn": "",
    "tls_policy": "TLSv1.2_2021",
    "price_class": "PriceClass_100",
    "csp": "default-src 'self'",
    "permissions_policy": "camera=()",
    "referrer_policy": "no-referrer",
    "frame_options": "DENY",
    "hsts_max_age": 31536000,
    "hsts_preload": False,
    "cache_tags": False,
    "alb_dns_name": "",
    "api_domain": "",
    "api_paths": [],
}


class Site:
    """The site, and what stands in its bucket."""

    def __init__(self, folder: Path) -> None:
        self.cloud = Cloud(folder / "cloud")
        self.runner = Runner(folder / "runs")
        self.url = self.cloud.env["LOCAL_SITE_URL"]
        names = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION")
        self.runner.env = {name: self.cloud.env[name] for name in names}
        self.runner.wait_ready()
        self.distribution = ""

    def close(self) -> None:
        """Nothing stays behind."""
        self.runner.close()
        self.cloud.down()

    def provision(self) -> None:
        """By the role's own documents and modules."""
        self.cloud.admin("PUT", "settings", {"invalidation_delay": DELAY})
        self.cloud.client("dynamodb").create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("service", "item")],
            KeySchema=[{"AttributeName": "service", "KeyType": "HASH"}, {"AttributeName": "item", "KeyType": "RANGE"}],
        )
        self._module("s3_private_buckets", buckets=documents.buckets(_SITE))
        router = (ROOT / "roles" / "cloudfront_site" / "files" / "router.js").read_text()
        made = self._module("cloudfront_parts", parts=documents.parts(_SITE, router))
        config = documents.distribution(_SITE, {"ids": made["ids"], "web_acl_arn": ""})
        found = self._module(
            "cloudfront_distribution", name="torture", config=config, owned_origins=["site", "api"], wait_timeout=60
        )
        self.distribution = found["id"]
        policy = documents.bucket_policy(_SITE, found["arn"])
        self._module("s3_private_buckets", buckets=[{"name": BUCKET, "policy": policy}])

    def _module(self, module: str, **params: Any) -> dict[str, Any]:
        result = self.runner.start(module, {"region": "us-east-1", **params}).wait()
        if "crash" in result or result.get("failed"):
            raise RuntimeError(f"{module}: {result}")
        return result

    def start(self, action: str, bundle: Path | None = None, **changes: Any) -> Run:
        """A run of site_release, as a process of its own."""
        params = {
            "action": action,
            "bundle": str(bundle) if bundle else None,
            "bucket": BUCKET,
            "distribution_id": self.distribution,
            "site_url": self.url,
            "config": {"environment": "torture"} if action == "publish" else None,
            "lock": {"table": TABLE, "ttl": LEASE, "wait": 30},
            "invalidation": {"poll_interval": 0.2, "timeout": 60},
            "proof": {"timeout": 20, "deep_link": "/tides"},
            # Long enough for whoever has a page open, and short enough that releases do go.
            "keep_releases": 3,
            "keep_days": 60 / 86400,
            "threads": 8,
            "region": "us-east-1",
            **changes,
        }
        return self.runner.start("site_release", params)

    @property
    def state(self) -> dict[str, Any]:
        body = self.cloud.client("s3").get_object(Bucket=BUCKET, Key="state/current.json")["Body"].read()
        found: dict[str, Any] = json.loads(body)
        return found

    def objects(self, prefix: str = "site/") -> dict[str, str]:
        """Key -> ETag."""
        pages = self.cloud.client("s3").get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        return {item["Key"]: item["ETag"] for page in pages for item in page.get("Contents", [])}

    def visit(self, path: str) -> str:
        """What a visitor gets there."""
        with urllib.request.urlopen(f"{self.url}/{path}") as answer:
            found: str = answer.read().decode()
        return found

    def activations(self) -> list[int]:
        """The activation numbers of all invalidations, oldest first: each is to be there once."""
        client = self.cloud.client("cloudfront")
        pages = client.get_paginator("list_invalidations").paginate(DistributionId=self.distribution)
        found = [item["Id"] for page in pages for item in page["InvalidationList"].get("Items", [])]
        batches = [client.get_invalidation(DistributionId=self.distribution, Id=name)["Invalidation"] for name in found]
        references = [batch["InvalidationBatch"]["CallerReference"] for batch in batches]
        return sorted(int(match[1]) for match in (re.match(r"slipway:(\d+):", text) for text in references) if match)

    def hold(self, number: int) -> None:
        """The call number NUMBER of the modules from now on waits, and those after it."""
        self.cloud.admin("PUT", "faults", {"rules": [{"kind": "hold", "index": number, "count": None}]})

    def held(self, run: Run) -> str:
        """Waits until a call is held; what it is, empty if the run ends without."""
        while run.alive:
            held = self.cloud.admin("GET", "faults")["held"]
            if held:
                return f"{held[0]['service']} {held[0]['operation']}"
            time.sleep(0.01)
        return ""

    def let_go(self) -> None:
        self.cloud.admin("DELETE", "faults")

    def calls(self) -> list[dict[str, Any]]:
        """All of the modules' calls since forget()."""
        return [call for call in self.cloud.admin("GET", "calls") if call["app"] != APP]

    def forget(self) -> None:
        self.cloud.admin("DELETE", "calls")
