# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""One bucket: what a release needs of S3, with retries, end-to-end checksums and conditional writes.

Every write carries the sha256 of its body, in the signature and as x-amz-checksum-sha256: S3 refuses other bytes, and
keeps the checksum. An ETag is only ever handed back to S3 as it came, since it is no hash under SSE-KMS.
"""

from __future__ import annotations

import hashlib
import time
from base64 import b64decode
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass, field
from functools import partial
from itertools import batched
from pathlib import Path
from typing import Any, TypeVar

from ..together import together
from .s3_answer_plan import DELETE_LIMIT, Listed, NotDeleted, read_copied, read_deletes, read_page, write_deletes
from .s3_client import Patience, Request, S3Client
from .s3_errors import Failure, PreconditionFailedError, StoreError
from .s3_request_plan import checksum, escape
from .s3_retry_plan import is_transient, wait_range
from .s3_wire import CONNECT_TIMEOUT, IDLE_TIMEOUT, Answer, FileBody
from .upload import Crew

__all__ = ["Found", "Listed", "PreconditionFailedError", "Progress", "Put", "Store", "StoreError"]

# Requests at a time. Each waits for S3 for 20 to 50 ms and computes for 0.3 ms, so that a core has time for many.
# S3 takes 3,500 writes a second below one prefix.
THREADS = 64
# Files up to this size are read at once, larger ones while they are sent: threads x this is the memory for bodies.
WHOLE_FILE = 256 * 1024
# Tries at the keys that DeleteObjects could not delete for a passing reason.
DELETE_ATTEMPTS = 3
_READABLE = frozenset({"cache-control", "content-disposition", "content-encoding", "content-language", "content-type"})

T = TypeVar("T")
# Of put_all: objects done, objects in all (0 if unknown), bytes done, seconds since the beginning. Called four times a
# second in the thread that waits, whether or not anything was done meanwhile.
Progress = Callable[[int, int, int, float], None]


@dataclass(frozen=True, slots=True)
class Put:
    """One object to write. body: the bytes, or the file that has them. sha256: of the body, in hex.

    headers: content-type, cache-control and so on, in any case. if_match: the ETag that it replaces.
    if_none_match: there must be no such object yet; one that has the same bytes counts as written by this Put.
    """

    key: str
    body: bytes | Path
    sha256: str
    headers: Mapping[str, str] = field(default_factory=dict)
    if_match: str | None = None
    if_none_match: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """One object looked at. sha256: in hex, empty where S3 has none for the whole of it. headers: lower-case names."""

    size: int
    etag: str
    sha256: str
    headers: Mapping[str, str]


class Store:
    """The bucket. All methods may be called from several threads; each raises StoreError when S3 will not do it."""

    def __init__(
        self,
        client: Any,
        bucket: str,
        *,
        threads: int = THREADS,
        say: Callable[[str], None] | None = None,
        verify: bool | str | None = None,
        timeouts: tuple[float, float] = (CONNECT_TIMEOUT, IDLE_TIMEOUT),
    ) -> None:
        """client: boto3's for S3: it says where the bucket is and who asks, and sends nothing.

        say: hears what delays a request, one line each, in the thread that has called the store.
        verify: a file of certificates, or whether to verify the server's at all; by default as botocore does.
        timeouts: seconds to connect, and without a byte after that.
        """
        self.bucket = bucket
        self._threads = threads
        self._say = say or (lambda _text: None)
        self._s3 = S3Client(client, bucket, verify, timeouts)
        self._patience = Patience(self._say)

    @property
    def requests(self) -> dict[str, int]:
        """How many were sent, by kind (put, get, head, list, copy, delete); as `retry` the tries after a first one."""
        return dict(self._s3.sent)

    def close(self) -> None:
        """Closes the kept connections. The store can be used again."""
        self._s3.close()

    def get(self, key: str) -> tuple[bytes, str] | None:
        """The object's bytes and its ETag; None when there is none. For small objects: the bytes are held in memory."""
        request = Request("get", "GET", key, headers={"x-amz-checksum-mode": "ENABLED"}, may_be_absent=True)
        answer = self._s3.call(request, self._patience)
        if answer.status == 404:
            return None
        found = _found(answer, len(answer.body))
        if found.sha256 and found.sha256 != hashlib.sha256(answer.body).hexdigest():
            raise StoreError(self._s3.failure(request, "these are not the bytes that S3's checksum is of"))
        return answer.body, found.etag

    def head(self, key: str) -> Found | None:
        """What there is to know of an object without its bytes; None when there is none."""
        request = Request("head", "HEAD", key, headers={"x-amz-checksum-mode": "ENABLED"}, may_be_absent=True)
        answer = self._s3.call(request, self._patience)
        return None if answer.status == 404 else _found(answer, int(answer.headers.get("content-length", "0")))

    def put(
        self,
        key: str,
        body: bytes | Path,
        *,
        headers: Mapping[str, str] | None = None,
        sha256: str = "",
        if_match: str | None = None,
        if_none_match: bool = False,
    ) -> str:
        """Writes one object; see Put. sha256: computed here for bytes when it is not given. Returns the new ETag.

        Raises PreconditionFailedError when the object is not as the condition says. It counts as written when it has
        these very bytes and if_none_match was given, or an earlier try at the same request got no good answer.
        """
        if not sha256:
            sha256 = hashlib.sha256(body if isinstance(body, bytes) else body.read_bytes()).hexdigest()
        return self._put(Put(key, body, sha256, headers or {}, if_match, if_none_match), self._patience)

    def put_all(self, items: Iterable[Put], progress: Progress | None = None, total: int = 0) -> dict[str, str]:
        """Writes many objects at once, in no particular order; returns key -> new ETag.

        items: read one at a time, so that a generator's are never all in memory. total: their number, for the progress;
        that of a collection is known. progress: see Progress; is called in this thread, and may raise to end the work.
        After the first object that cannot be written no other is begun, and its error is raised.
        """
        etags: dict[str, str] = {}
        notes: deque[str] = deque()
        crew = Crew(self._threads)
        patience = Patience(notes.append, crew.stopped.wait)
        total = len(items) if isinstance(items, Sized) else total
        began = time.monotonic()

        def work(item: Put) -> int:
            etags[item.key] = self._put(item, patience)
            return len(item.body) if isinstance(item.body, bytes) else item.body.stat().st_size

        def watch() -> None:
            if notes:
                self._say(notes[-1] if len(notes) == 1 else f"{notes[-1]} (and {len(notes) - 1} more)")
                notes.clear()
            if progress:
                progress(crew.done, total, crew.bytes, time.monotonic() - began)

        crew.run(items, work, total, watch)
        watch()
        return etags

    def list(self, prefix: str = "", splits: Sequence[str] = ()) -> dict[str, Listed]:
        """All objects whose key begins with prefix: one request for each 1,000.

        splits: keys, in their order, between which the list is read in parts at the same time. S3 lists keys in the
        order of their bytes, which for UTF-8 is that of Python's strings.
        """
        ranges = zip(("", *splits), (*splits, ""), strict=True)
        calls = {start: partial(self._list, prefix, start, end) for start, end in ranges}
        return {key: item for part in together(calls).values() for key, item in part.items()}

    def _list(self, prefix: str, start: str, end: str) -> dict[str, Listed]:
        """What comes after start, up to end; empty for no such bounds."""
        objects: dict[str, Listed] = {}
        query = {
            "list-type": "2",
            "encoding-type": "url",
            "prefix": prefix,
            **({"start-after": start} if start else {}),
        }
        while True:
            request = Request("list", "GET", query=query, late_errors=True)
            answer = self._s3.call(request, self._patience)
            page = self._read(request, read_page, answer)
            objects.update(page.objects)
            if not page.token or (end and any(key >= end for key in page.objects)):
                return {key: item for key, item in objects.items() if not end or key <= end}
            query["continuation-token"] = page.token

    def copy(self, source: str, key: str, headers: Mapping[str, str], *, if_match: str | None = None) -> str:
        """Copies an object within the bucket, with these headers instead of its own. Returns the new ETag.

        if_match: the ETag that the source must have; else PreconditionFailedError.
        """
        wanted = {
            **_lower(headers),
            "x-amz-copy-source": escape(f"/{self.bucket}/{source}"),
            "x-amz-metadata-directive": "REPLACE",
            "x-amz-checksum-algorithm": "SHA256",
        }
        if if_match:
            wanted["x-amz-copy-source-if-match"] = if_match
        request = Request("copy", "PUT", key, headers=wanted, late_errors=True)
        return self._read(request, read_copied, self._s3.call(request, self._patience))

    def copy_headers(self, key: str, headers: Mapping[str, str], *, if_match: str | None = None) -> str:
        """Gives an object these headers instead of all it has. Returns its new ETag."""
        return self.copy(key, key, headers, if_match=if_match)

    def delete_all(self, keys: Iterable[str]) -> int:
        """Deletes objects, 1,000 a request; what is not there counts as deleted. Returns how many.

        Raises StoreError that names the first of those that S3 would not delete; the others are deleted.
        """
        deleted = 0
        for some in batched(keys, DELETE_LIMIT):
            left = self._delete(some)
            for number in range(1, DELETE_ATTEMPTS):
                if not left or not all(is_transient(-1, one.code) for one in left):
                    break
                self._patience.wait(wait_range(number, "")[1])
                left = self._delete([one.key for one in left])
            if left:
                raise StoreError(self._not_deleted(left))
            deleted += len(some)
        return deleted

    def _delete(self, keys: Sequence[str]) -> Sequence[NotDeleted]:
        body = write_deletes(keys)
        sha256 = hashlib.sha256(body).hexdigest()
        headers = {"content-type": "application/xml", "x-amz-checksum-sha256": checksum(sha256)}
        request = Request(
            "delete", "POST", query={"delete": ""}, headers=headers, body=body, sha256=sha256, late_errors=True
        )
        return self._read(request, read_deletes, self._s3.call(request, self._patience))

    def _not_deleted(self, left: Sequence[NotDeleted]) -> Failure:
        first = left[0]
        more = f" (and {len(left) - 1} other keys)" if len(left) > 1 else ""
        return Failure("DELETE", self.bucket, first.key, 200, first.code, first.message + more, "", 1)

    def _put(self, item: Put, patience: Patience) -> str:
        headers = {
            **_lower(item.headers),
            "x-amz-sdk-checksum-algorithm": "SHA256",
            "x-amz-checksum-sha256": checksum(item.sha256),
        }
        if item.if_none_match:
            headers["if-none-match"] = "*"
        elif item.if_match:
            headers["if-match"] = item.if_match
        request = Request("put", "PUT", item.key, headers=headers, body=self._body(item), sha256=item.sha256)
        try:
            return self._s3.call(request, patience).headers.get("etag", "")
        except PreconditionFailedError as error:
            if not (item.if_none_match or error.uncertain):
                raise
            found = self._same(item, patience)
            if found is None:
                raise
            if _differs(found, item):
                return self.copy_headers(item.key, item.headers, if_match=found.etag)
            return found.etag

    def _body(self, item: Put) -> bytes | FileBody:
        """Raises StoreError when the file cannot be read: that is no matter of trying again."""
        if isinstance(item.body, bytes):
            return item.body
        try:
            size = item.body.stat().st_size
            return FileBody(item.body, size) if size > WHOLE_FILE else item.body.read_bytes()
        except OSError as error:
            raise StoreError(self._s3.failure(Request("put", "PUT", item.key), f"{error}")) from error

    def _same(self, item: Put, patience: Patience) -> Found | None:
        """The object that is there, if it has the bytes of item."""
        found = self.head(item.key)
        if found is None or found.sha256 == item.sha256:
            return found
        if found.sha256:
            return None
        digests = []

        def sink() -> Callable[[bytes], None]:
            digests.append(hashlib.sha256())
            return digests[-1].update

        self._s3.call(Request("get", "GET", item.key, headers={"if-match": found.etag}, sink=sink), patience)
        return found if digests[-1].hexdigest() == item.sha256 else None

    def _read(self, request: Request, reader: Callable[[bytes], T], answer: Answer) -> T:
        try:
            return reader(answer.body)
        except ValueError as error:
            raise StoreError(self._s3.failure(request, f"an answer that cannot be read: {error}")) from error


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _found(answer: Answer, size: int) -> Found:
    headers = answer.headers
    value = headers.get("x-amz-checksum-sha256", "")
    # That of an upload in parts is a hash of hashes and ends in the number of parts.
    whole = value and "-" not in value
    return Found(size, headers.get("etag", ""), b64decode(value).hex() if whole else "", headers)


def _differs(found: Found, item: Put) -> bool:
    """Whether an object with the right bytes has other headers than the wanted ones."""
    return any(
        found.headers.get(name) != value
        for name, value in _lower(item.headers).items()
        if name in _READABLE or name.startswith("x-amz-meta-")
    )
