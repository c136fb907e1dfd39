# SPDX-License-Identifier: GPL-3.0-or-later
"""What many write for themselves: boto3, a pool of 32 threads, a list and its ETags. `... FOLDER BUCKET PREFIX`."""

from __future__ import annotations

import hashlib
import mimetypes
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
from botocore.config import Config

THREADS = 32


def main(folder, bucket, prefix):
    client = boto3.client("s3", config=Config(max_pool_connections=THREADS, s3={"addressing_style": "path"}))
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    there = {item["Key"]: item["ETag"].strip('"') for page in pages for item in page.get("Contents", [])}

    def publish(path):
        key, body = f"{prefix}{path.relative_to(folder).as_posix()}", path.read_bytes()
        if there.get(key) == hashlib.md5(body, usedforsecurity=False).hexdigest():
            return
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        client.put_object(Bucket=bucket, Key=key, Body=body, ContentType=kind)

    files = [path for path in folder.rglob("*") if path.is_file()]
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(publish, files))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
