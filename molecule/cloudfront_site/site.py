# SPDX-License-Identifier: GPL-3.0-or-later
"""`read` what there is of a site, or `release`: write as a release does, and meddle as people do."""

from __future__ import annotations

import json
import sys
from typing import Any

import boto3

REGION = "us-east-1"
OBJECTS = ("site/index.html", "site/assets/app-1a2b3c4d.js", "state/current.json", "releases/1/manifest.json")


def distributions(name: str) -> list[dict[str, Any]]:
    """Distributions of the name, with id and ETag."""
    client = boto3.client("cloudfront", region_name=REGION)
    items = client.list_distributions()["DistributionList"].get("Items") or []
    return [client.get_distribution(Id=item["Id"]) for item in items if item["Comment"] == name]


def parts(name: str) -> list[str]:
    """Names of the objects that belong to the site."""
    client, waf = boto3.client("cloudfront", region_name=REGION), boto3.client("wafv2", region_name=REGION)
    policies = client.list_cache_policies(Type="custom")["CachePolicyList"].get("Items") or []
    headers = client.list_response_headers_policies(Type="custom")["ResponseHeadersPolicyList"].get("Items") or []
    controls = client.list_origin_access_controls()["OriginAccessControlList"].get("Items") or []
    functions = client.list_functions(Stage="LIVE")["FunctionList"].get("Items") or []
    logs = boto3.client("logs", region_name=REGION)
    names = [
        *(item["CachePolicy"]["CachePolicyConfig"]["Name"] for item in policies),
        *(item["ResponseHeadersPolicy"]["ResponseHeadersPolicyConfig"]["Name"] for item in headers),
        *(item["Name"] for item in [*controls, *functions]),
        *(item["Name"] for item in waf.list_web_acls(Scope="CLOUDFRONT")["WebACLs"]),
        *(item["Name"] for item in waf.list_ip_sets(Scope="CLOUDFRONT")["IPSets"]),
        *(item["logGroupName"] for item in logs.describe_log_groups()["logGroups"]),
        *(item["name"] for item in logs.describe_delivery_sources()["deliverySources"]),
        *(item["name"] for item in logs.describe_delivery_destinations()["deliveryDestinations"]),
    ]
    return sorted(found for found in names if name in found)


def buckets(name: str) -> list[str]:
    """Buckets of the site."""
    return sorted(item["Name"] for item in boto3.client("s3").list_buckets()["Buckets"] if name in item["Name"])


def versions(bucket: str) -> dict[str, str]:
    """Key -> version of every object in a bucket."""
    found = boto3.client("s3").list_object_versions(Bucket=bucket)
    return {item["Key"]: item["VersionId"] for item in found.get("Versions", [])}


def read(name: str) -> dict[str, Any]:
    """All of it."""
    found = distributions(name)
    waf = boto3.client("wafv2", region_name=REGION)
    acl = next((item for item in waf.list_web_acls(Scope="CLOUDFRONT")["WebACLs"] if item["Name"] == name), None)
    rules = waf.get_web_acl(Name=name, Scope="CLOUDFRONT", Id=acl["Id"])["WebACL"]["Rules"] if acl else []
    there = buckets(name)
    return {
        "distributions": [item["Distribution"]["DistributionConfig"] for item in found],
        "status": [item["Distribution"]["Status"] for item in found],
        "rules": rules,
        "named": parts(name),
        "buckets": there,
        # Not those of the log bucket, to which S3 keeps writing.
        "objects": {key: at for bucket in there if "logs" not in bucket for key, at in versions(bucket).items()},
    }


def release(name: str) -> dict[str, Any]:
    """Write what a release writes; add a behavior of somebody else's, and a rule against an attack."""
    client, s3 = boto3.client("cloudfront", region_name=REGION), boto3.client("s3")
    (bucket,) = [item for item in buckets(name) if "logs" not in item]
    for key in OBJECTS:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    (found,) = distributions(name)
    config = found["Distribution"]["DistributionConfig"]
    behaviors = config["CacheBehaviors"]["Items"]
    behaviors.insert(0, {**behaviors[-1], "PathPattern": "/assets/private/*", "TargetOriginId": "blog"})
    config["CacheBehaviors"] = {"Quantity": len(behaviors), "Items": behaviors}
    blog = {**config["Origins"]["Items"][-1], "Id": "blog", "DomainName": "blog.example.com"}
    config["Origins"]["Items"].append(blog)
    config["Origins"]["Quantity"] += 1
    client.update_distribution(Id=found["Distribution"]["Id"], IfMatch=found["ETag"], DistributionConfig=config)
    add_rule(name)
    return read(name)


def add_rule(name: str) -> None:
    """What a person does in the console while the site is attacked."""
    waf = boto3.client("wafv2", region_name=REGION)
    (summary,) = [item for item in waf.list_web_acls(Scope="CLOUDFRONT")["WebACLs"] if item["Name"] == name]
    where = {"Name": name, "Scope": "CLOUDFRONT", "Id": summary["Id"]}
    answer = waf.get_web_acl(**where)
    acl = answer["WebACL"]
    rule = {
        "Name": "attack",
        "Priority": 5,
        "Action": {"Block": {}},
        "Statement": {"GeoMatchStatement": {"CountryCodes": ["AQ"]}},
        "VisibilityConfig": {**acl["VisibilityConfig"], "MetricName": "attack"},
    }
    kept = {key: acl[key] for key in ("DefaultAction", "VisibilityConfig", "Description")}
    waf.update_web_acl(**where, **kept, LockToken=answer["LockToken"], Rules=[*acl["Rules"], rule])


def main(action: str, name: str) -> None:
    """Do it and print what there is then, as JSON."""
    print(json.dumps({"read": read, "release": release}[action](name), default=str))


if __name__ == "__main__":
    main(*sys.argv[1:])
