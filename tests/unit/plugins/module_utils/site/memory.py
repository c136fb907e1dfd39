# SPDX-License-Identifier: GPL-3.0-or-later
"""A bucket, a distribution and its edge in memory, which can be killed before or after any call, and which check at
every write that no document names a file that is not there.

The edge keeps whatever it fetched until an invalidation clears it, but for the worker and the configuration: for those
no invalidation is made when they change last, and CloudFront does ask for them anew.
"""

from __future__ import annotations

import hashlib
import threading
from datetime import UTC, datetime

from ansible_collections.slipway.ops.plugins.module_utils.blue_green.progress import Progress
from ansible_collections.slipway.ops.plugins.module_utils.invalidation.items_plan import matches
from ansible_collections.slipway.ops.plugins.module_utils.invalidation.proof import Proof, ProofError
from ansible_collections.slipway.ops.plugins.module_utils.site import apply as applied
from ansible_collections.slipway.ops.plugins.module_utils.site import transaction
from ansible_collections.slipway.ops.plugins.module_utils.site.manifest_plan import manifest_of
from ansible_collections.slipway.ops.plugins.module_utils.site.model_plan import CURRENT
from ansible_collections.slipway.ops.plugins.module_utils.site.references_plan import references
from ansible_collections.slipway.ops.plugins.module_utils.site.s3_errors import Failure, PreconditionFailedError
from ansible_collections.slipway.ops.plugins.module_utils.site.state_plan import current_from
from ansible_collections.slipway.ops.plugins.module_utils.site.store import Found, Listed

BUCKET = "bucket"
DISTRIBUTION = "E1"


class KilledError(BaseException):
    """The process is gone."""


class Fuse:
    """Kills at the call number at, before it is carried out or after it."""

    def __init__(self):
        self.at, self.after, self.calls = 0, False, 0
        self._lock = threading.Lock()

    def arm(self, at, *, after=False):
        self.at, self.after, self.calls = at, after, 0

    def around(self, work):
        with self._lock:
            self.calls += 1
            number = self.calls
        if number == self.at and not self.after:
            raise KilledError
        result = work()
        if number == self.at and self.after:
            raise KilledError
        return result


class Source:
    def __init__(self, content):
        self.content = content
        self.sha256 = hashlib.sha256(content).hexdigest()
        self.md5 = hashlib.md5(content).hexdigest()
        self.size = len(content)


class MemoryStore:
    """kms: ETags are no MD5s."""

    def __init__(self, fuse, *, kms=False):
        self.objects, self.headers, self.requests = {}, {}, {}
        self._fuse, self._kms = fuse, kms
        self.on_write = lambda: None

    def etag(self, key):
        digest = hashlib.md5((b"kms" if self._kms else b"") + self.objects[key]).hexdigest()
        return f'"{digest}"'

    def _count(self, kind, work):
        self.requests[kind] = self.requests.get(kind, 0) + 1
        return self._fuse.around(work)

    def close(self):
        """Nothing is open."""

    def get(self, key):
        return self._count("get", lambda: (self.objects[key], self.etag(key)) if key in self.objects else None)

    def head(self, key):
        def found():
            if key not in self.objects:
                return None
            content = self.objects[key]
            return Found(len(content), self.etag(key), hashlib.sha256(content).hexdigest(), self.headers[key])

        return self._count("head", found)

    def put(self, key, body, *, headers=None, sha256="", if_match=None, if_none_match=False):
        content = body if isinstance(body, bytes) else body.read_bytes()
        assert not sha256 or hashlib.sha256(content).hexdigest() == sha256

        def write():
            there = key in self.objects
            if if_none_match and there and self.objects[key] == content:
                return self.etag(key)
            if (if_none_match and there) or (if_match and (not there or self.etag(key) != if_match)):
                raise PreconditionFailedError(Failure("PUT", BUCKET, key, 412, "PreconditionFailed", "", "", 1))
            self.objects[key], self.headers[key] = content, dict(headers or {})
            etag = self.etag(key)
            self.on_write()
            return etag

        return self._count("put", write)

    def put_all(self, items, progress=None, total=0):
        done, size, etags = 0, 0, {}
        for item in items:
            etags[item.key] = self.put(
                item.key,
                item.body,
                headers=item.headers,
                sha256=item.sha256,
                if_match=item.if_match,
                if_none_match=item.if_none_match,
            )
            done, size = done + 1, size + len(item.body)
        if progress:
            progress(done, total, size, 0.0)
        return etags

    def list(self, prefix="", splits=()):
        return self._count(
            "list",
            lambda: {
                key: Listed(len(content), self.etag(key))
                for key, content in self.objects.items()
                if key.startswith(prefix)
            },
        )

    def copy_headers(self, key, headers, *, if_match=None):
        def write():
            self.headers[key] = dict(headers)
            return self.etag(key)

        return self._count("copy", write)

    def delete_all(self, keys):
        def delete():
            for key in keys:
                self.objects.pop(key, None)
            self.on_write()

        return self._count("delete", delete)


class MemoryCloudFront:
    """made: caller reference -> invalidation; each is completed at the second look."""

    def __init__(self, fuse, edge):
        self.made, self._fuse, self._edge = {}, fuse, edge

    def create_invalidation(self, DistributionId, InvalidationBatch):  # noqa: N803 - boto3's names
        def create():
            reference, items = InvalidationBatch["CallerReference"], InvalidationBatch["Paths"]["Items"]
            found = self.made.get(reference)
            if found is None:
                found = self.made[reference] = {
                    "Id": f"I{len(self.made)}",
                    "Status": "InProgress",
                    "CreateTime": datetime.now(UTC),
                    "InvalidationBatch": InvalidationBatch,
                }
            assert found["InvalidationBatch"]["Paths"]["Items"] == items, "the same reference, other paths"
            return {"Invalidation": dict(found), "ResponseMetadata": {"HTTPHeaders": {}}}

        return self._fuse.around(create)

    def get_invalidation(self, DistributionId, Id):  # noqa: N803
        def get():
            found = next(item for item in self.made.values() if item["Id"] == Id)
            if found["Status"] == "InProgress":
                found["Status"] = "Completed"
                self._edge.clear(found["InvalidationBatch"]["Paths"]["Items"])
            return {"Invalidation": dict(found), "ResponseMetadata": {"HTTPHeaders": {}}}

        return self._fuse.around(get)


class MemoryEdge:
    def __init__(self, store):
        self._store, self.cache = store, {}

    def get(self, path):
        key = "index.html" if path == "/" else path.lstrip("/")
        if path not in self.cache:
            self.cache[path] = self._store.objects.get(f"site/{key}")
        return self._store.objects.get(f"site/{key}") if key in ("sw.js", "config.json") else self.cache[path]

    def clear(self, items):
        self.cache = {path: body for path, body in self.cache.items() if not any(matches(item, path) for item in items)}


class World:
    """One site, and runs of the module on it."""

    def __init__(self, *, kms=False):
        self.fuse = Fuse()
        self.store = MemoryStore(self.fuse, kms=kms)
        self.edge = MemoryEdge(self.store)
        self.cloudfront = MemoryCloudFront(self.fuse, self.edge)
        self.public, self.now = False, datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
        self.store.on_write = self.check

    def check(self):
        """Nothing that a document names is missing, ever."""
        objects = dict(self.store.objects)  # another thread may be writing
        for key in [key for key in objects if key.startswith("site/") and key.endswith(".html")]:
            path = key.removeprefix("site/")
            for one in references(path, objects[key].decode()):
                assert f"site/{one.path}" in objects, f"{path} names {one.path}, which is missing"

    def job(self, action="publish", **more):
        options = applied.EdgeOptions("http://site", "run it again", timeout=5, proof_timeout=0, poll_interval=0.001)
        made = transaction.Job(
            store=self.store,
            client={"cloudfront": self.cloudfront}.get,
            bucket=BUCKET,
            distribution_id=DISTRIBUTION,
            action=action,
            edge=options,
            progress=Progress(),
            check_mode=False,
            clock=lambda: self.now,
            **more,
        )
        made.store.requests.clear()
        return made

    def publish(self, files, **more):
        sources = {path: Source(content) for path, content in files.items()}
        return transaction.publish(self.job(**more), manifest_of(sources), lambda path: sources[path].content)

    def rollback(self, release="", **more):
        return transaction.rollback(self.job("rollback", release=release, **more))

    def prune(self, **more):
        return transaction.prune(self.job("prune", **more))

    def killed(self, run, at, *, after=False):
        """Runs until the fuse blows; whether it did."""
        self.fuse.arm(at, after=after)
        try:
            run()
        except KilledError:
            return True
        finally:
            self.fuse.arm(0)
        return False

    def killed_when(self, state, run):
        """Runs until the site's state is this."""

        def look():
            self.check()
            if self.state.state == state:
                self.store.on_write = self.check
                raise KilledError

        self.store.on_write = look
        try:
            run()
        except KilledError:
            return True
        return False

    def visit(self):
        """What a visitor gets: every document and what it names, from the edge."""
        page = self.edge.get("/").decode()
        return page, [self.edge.get(f"/{one.path}") for one in references("index.html", page)]

    @property
    def state(self):
        return current_from(self.store.objects[CURRENT])

    def site(self):
        return {key: body for key, body in self.store.objects.items() if key.startswith("site/")}

    def prove(self, site_url, wanted, pace, *, validate_certs=True):
        """In the place of the proof over HTTP."""
        proof = Proof(site_url)
        wrong = [
            path
            for path, sha256 in wanted.documents.items()
            if hashlib.sha256(self.edge.get(path) or b"").hexdigest() != sha256
        ]
        if wrong:
            raise ProofError(f"{site_url} does not serve the release: {wrong}", proof)
        return proof


def site(name, **more):
    """A small bundle: two assets, a page beside the index, a file, a worker, with the name in all that changes."""
    code, style = f"assets/index-{name}1b2c3d4.js", "assets/style-0a1b2c3d.css"
    page = f'<link rel="stylesheet" href="/{style}"><script src="/{code}"></script>{name}'
    files = {
        "index.html": page,
        code: f"run({name})",
        f"{code}.map": f"map of {name}",
        style: "body{}",
        "about.html": f"<p>{name}</p>",
        "robots.txt": "same",
        "locales/de.json": f'{{"name": "{name}"}}',
        "sw.js": f"// {name}",
        **more,
    }
    return {path: text.encode() for path, text in files.items() if text is not None}
