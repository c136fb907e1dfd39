# SPDX-License-Identifier: GPL-3.0-or-later
"""What an S3 in memory answers: objects, lists, copies, deletes, uploads in parts, conditional writes."""

from __future__ import annotations

import base64
import hashlib
import itertools
import time
from collections import Counter
from email.utils import formatdate
from urllib.parse import parse_qs, quote, unquote
from xml.etree import ElementTree
from xml.sax.saxutils import escape

PAGE = 1000
# Headers of a PUT that come back with the object, and those that begin with x-amz-meta-.
_KEPT = frozenset({"cache-control", "content-disposition", "content-language", "content-type", "expires"})
XML = {"content-type": "application/xml"}
_NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


class Stored:
    """One object."""

    __slots__ = ("body", "etag", "headers", "iso", "modified")

    def __init__(self, body, headers, etag=None):
        now = time.time()
        self.body = body
        self.headers = headers
        self.etag = etag or f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
        self.modified = formatdate(now, usegmt=True)
        self.iso = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(now))

    def answer(self):
        return {**self.headers, "etag": self.etag, "last-modified": self.modified, "accept-ranges": "bytes"}


class Memory:
    """Objects by "BUCKET/KEY". answer() gives (status, headers, body) of a request and counts its kind."""

    def __init__(self):
        self.objects = {}
        self.parts = {}
        self.counts = Counter()
        self._uploads = itertools.count(1)

    def answer(self, method, target, headers, body):
        path, _mark, query = target.partition("?")
        bucket, _slash, key = unquote(path[1:]).partition("/")
        asked = parse_qs(query, keep_blank_values=True) if query else {}
        if "aws-chunked" in headers.get("content-encoding", ""):
            body = unchunked(body)
        kind, handle = self._choose(method, key, asked, headers)
        self.counts[kind] += 1
        return handle(bucket, key, asked, headers, body)

    def _choose(self, method, key, asked, headers):
        if not key:
            return self._of_bucket(method, asked)
        if "uploads" in asked or "uploadId" in asked:
            return {
                "POST": ("put", self._begin_parts if "uploads" in asked else self._join_parts),
                "PUT": ("put", self._put_part),
            }.get(method, ("other", _unknown))
        if method == "PUT":
            return ("copy", self._copy) if "x-amz-copy-source" in headers else ("put", self._put)
        return {
            "GET": ("get", self._get),
            "HEAD": ("head", self._get),
            "DELETE": ("delete", self._delete),
        }.get(method, ("other", _unknown))

    def _of_bucket(self, method, asked):
        if method == "POST" and "delete" in asked:
            return "delete", self._delete_many
        if method == "GET" and "location" in asked:
            return "other", lambda *_request: (200, XML, f"<LocationConstraint {_NAMESPACE}/>".encode())
        if method == "GET" and ("list-type" in asked or not asked.keys() - _LIST_OPTIONS):
            return "list", self._list
        if method in ("HEAD", "PUT"):
            return "other", lambda *_request: (200, {}, b"")
        return "other", _unknown

    def _get(self, bucket, key, _asked, headers, _body):
        stored = self.objects.get(f"{bucket}/{key}")
        if stored is None:
            return _error(404, "NoSuchKey")
        if headers.get("if-none-match") == stored.etag:
            return 304, stored.answer(), b""
        return 200, stored.answer(), stored.body

    def _put(self, bucket, key, _asked, headers, body):
        name = f"{bucket}/{key}"
        there = self.objects.get(name)
        if headers.get("if-none-match") == "*" and there:
            return _error(412, "PreconditionFailed")
        if "if-match" in headers and (there is None or there.etag != headers["if-match"]):
            return _error(412, "PreconditionFailed")
        wanted = headers.get("x-amz-checksum-sha256")
        if wanted and base64.b64encode(hashlib.sha256(body).digest()).decode() != wanted:
            return _error(400, "BadDigest")
        stored = self.objects[name] = Stored(body, _kept(headers))
        if wanted:
            stored.headers["x-amz-checksum-sha256"] = wanted
        return 200, {"etag": stored.etag}, b""

    def _copy(self, bucket, key, _asked, headers, _body):
        source = self.objects.get(unquote(headers["x-amz-copy-source"]).lstrip("/").partition("?")[0])
        if source is None:
            return _error(404, "NoSuchKey")
        replace = headers.get("x-amz-metadata-directive") == "REPLACE"
        stored = Stored(source.body, _kept(headers) if replace else dict(source.headers), source.etag)
        self.objects[f"{bucket}/{key}"] = stored
        text = f"<ETag>{escape(stored.etag)}</ETag><LastModified>{stored.iso}</LastModified>"
        return 200, XML, f"<CopyObjectResult {_NAMESPACE}>{text}</CopyObjectResult>".encode()

    def _delete(self, bucket, key, *_request):
        self.objects.pop(f"{bucket}/{key}", None)
        return 204, {}, b""

    def _delete_many(self, bucket, _key, _asked, _headers, body):
        for element in ElementTree.fromstring(body).iter():
            if element.tag.endswith("Key"):
                self.objects.pop(f"{bucket}/{element.text}", None)
        return 200, XML, f"<DeleteResult {_NAMESPACE}/>".encode()

    def _begin_parts(self, bucket, key, _asked, headers, _body):
        upload = str(next(self._uploads))
        self.parts[upload] = (_kept(headers), {})
        text = f"<Bucket>{bucket}</Bucket><Key>{escape(key)}</Key><UploadId>{upload}</UploadId>"
        return 200, XML, f"<InitiateMultipartUploadResult {_NAMESPACE}>{text}</InitiateMultipartUploadResult>".encode()

    def _put_part(self, _bucket, _key, asked, _headers, body):
        self.parts[asked["uploadId"][0]][1][int(asked["partNumber"][0])] = body
        return 200, {"etag": f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'}, b""

    def _join_parts(self, bucket, key, asked, _headers, _body):
        headers, parts = self.parts.pop(asked["uploadId"][0])
        ordered = [parts[number] for number in sorted(parts)]
        digests = b"".join(hashlib.md5(part, usedforsecurity=False).digest() for part in ordered)
        etag = f'"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(ordered)}"'
        self.objects[f"{bucket}/{key}"] = Stored(b"".join(ordered), headers, etag)
        text = f"<Bucket>{bucket}</Bucket><Key>{escape(key)}</Key><ETag>{escape(etag)}</ETag>"
        return 200, XML, f"<CompleteMultipartUploadResult {_NAMESPACE}>{text}</CompleteMultipartUploadResult>".encode()

    def _list(self, bucket, _key, asked, _headers, _body):
        """Both versions; without sorting more than once a page, which is enough for what is measured here."""
        prefix, delimiter = asked.get("prefix", [""])[0], asked.get("delimiter", [""])[0]
        after = asked.get("continuation-token", asked.get("marker", asked.get("start-after", [""])))[0]
        code = quote if asked.get("encoding-type") == ["url"] else escape
        start = len(bucket) + 1
        names = sorted(name[start:] for name in self.objects if name.startswith(f"{bucket}/{prefix}"))
        entries = _entries([name for name in names if name > after], prefix, delimiter)
        most = int(asked.get("max-keys", [PAGE])[0])
        page = list(itertools.islice(entries, most + 1))
        more, page = len(page) > most, page[:most]
        rows = "".join(
            f"<CommonPrefixes><Prefix>{code(entry)}</Prefix></CommonPrefixes>"
            if common
            else _row(code(entry), self.objects[f"{bucket}/{entry}"])
            for entry, common in page
        )
        # What is after a common prefix begins with something larger than anything in it.
        token = f"{page[-1][0]}\U0010ffff" if more and page[-1][1] else (page[-1][0] if more else "")
        following = f"<NextContinuationToken>{escape(token)}</NextContinuationToken>" if more else ""
        following += f"<NextMarker>{code(token)}</NextMarker>" if more else ""
        encoding = "<EncodingType>url</EncodingType>" if code is quote else ""
        text = (
            f"<Name>{bucket}</Name><Prefix>{code(prefix)}</Prefix><MaxKeys>{most}</MaxKeys>"
            f"<KeyCount>{len(page)}</KeyCount><IsTruncated>{str(more).lower()}</IsTruncated>{encoding}{following}{rows}"
        )
        return 200, XML, f"<ListBucketResult {_NAMESPACE}>{text}</ListBucketResult>".encode()


_LIST_OPTIONS = {"delimiter", "encoding-type", "marker", "max-keys", "prefix", "x-id"}


def _row(key, stored):
    return (
        f"<Contents><Key>{key}</Key><LastModified>{stored.iso}</LastModified><ETag>{escape(stored.etag)}</ETag>"
        f"<Size>{len(stored.body)}</Size><StorageClass>STANDARD</StorageClass></Contents>"
    )


def _entries(names, prefix, delimiter):
    """(name, False) or (common prefix, True), in order."""
    last = None
    for name in names:
        end = name.find(delimiter, len(prefix)) if delimiter else -1
        if end < 0:
            yield name, False
        elif name[: end + 1] != last:
            last = name[: end + 1]
            yield last, True


def _kept(headers):
    kept = {name: value for name, value in headers.items() if name in _KEPT or name.startswith("x-amz-meta-")}
    encoding = headers.get("content-encoding", "").replace("aws-chunked", "").strip(", ")
    return {**kept, "content-encoding": encoding} if encoding else kept


def unchunked(body):
    """A body in the aws-chunked encoding, signed or not, without its frame and trailers."""
    pieces, position = [], 0
    while True:
        end = body.index(b"\r\n", position)
        size = int(body[position:end].partition(b";")[0], 16)
        if not size:
            return b"".join(pieces)
        pieces.append(body[end + 2 : end + 2 + size])
        position = end + 2 + size + 2


def _error(status, code):
    return status, XML, f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode()


def _unknown(*_request):
    return _error(501, "NotImplemented")
