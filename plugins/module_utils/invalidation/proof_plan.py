# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the edge has to answer for a release to be proven, and what an answer says about that. Pure.

A check is one request, and what its answer has to be. The document that visitors start from is asked for twice, without
compression and as a browser asks: CloudFront keeps the two apart in its cache, and either could be stale alone.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..site.references_plan import references
from .items_plan import viewer_path

# As browsers ask for it; the plain one is HTTP's way of asking for the bytes as they are.
AS_A_BROWSER = "gzip, deflate, br, zstd"
PLAIN = "identity"
# Paths that no build has. Fixed, as a fresh one each time would fill the edge's cache with 404 answers.
DEEP_LINK = "/slipway-proof/deep-link"
ABSENT = "/assets/slipway-proof-absent.js"
# As the value of a header: whatever it is.
ANY = "*"
_HTML = "text/html"
_TYPES = {".js": "javascript", ".mjs": "javascript", ".css": "text/css", ".json": "json", ".wasm": "application/wasm"}


@dataclass(frozen=True, slots=True)
class Answer:
    """headers: lower-case names. sha256: of the body as it came over the wire. body: itself, as far as it is needed.
    error: why there is no answer, else empty."""

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    sha256: str = ""
    error: str = ""

    @property
    def kind(self) -> str:
        """The media type without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Check:
    """One request and what its answer has to be.

    path: the viewer path, encoded. what: kind of check. sha256: of the body, empty where any will do. headers: names,
    in any case, to values, * for any. typed: whether the type has to be what the name's extension promises, and never
    HTML. encoding: what is sent as accepted.
    """

    path: str
    what: str
    sha256: str = ""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    typed: bool = False
    encoding: str = PLAIN


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the edge has to serve.

    documents: viewer path, encoded, -> sha256 of the body, for every document and configuration; / is the document that
    visitors start from. assets: the same for whatever else has a known hash; of them those are asked for that the
    start document names. headers: names to values, * for any, that the start document must have. deep_link: viewer path
    that the routing function answers with the start document, empty to ask for none. absent: whether a missing asset
    has to be 404. start: the bytes of the start document, empty where only its hash is known.
    """

    documents: Mapping[str, str]
    assets: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    deep_link: str = DEEP_LINK
    absent: bool = True
    start: bytes = b""

    @property
    def known(self) -> bool:
        """Whether what the start document names can be asked for before the edge has answered with it."""
        return bool(self.start) and hashlib.sha256(self.start).hexdigest() == self.documents.get("/")


def first_checks(wanted: Wanted) -> list[Check]:
    """What can be asked before the edge has answered with the start document."""
    checks = [Check(path, "document", sha256) for path, sha256 in sorted(wanted.documents.items()) if path != "/"]
    start = wanted.documents.get("/", "")
    if start:
        checks.insert(0, Check("/", "start", start, headers=tuple(sorted(wanted.headers.items()))))
        checks.insert(1, Check("/", "compressed", start, encoding=AS_A_BROWSER))
        if wanted.deep_link:
            checks.append(Check(wanted.deep_link, "deep link", start))
    if wanted.absent:
        checks.append(Check(ABSENT, "absent", status=404))
    return checks + (asset_checks(wanted, wanted.start) if wanted.known else [])


def asset_checks(wanted: Wanted, body: bytes) -> list[Check]:
    """For what the start document loads from its own site, whatever its own name is."""
    named = references("index.html", body.decode("utf-8", errors="replace"))
    paths = [viewer_path(one.path) for one in named if not one.path.startswith("api/")]
    fresh = [path for path in dict.fromkeys(paths) if path not in wanted.documents]
    return [Check(path, "asset", wanted.assets.get(path, ""), typed=True) for path in fresh]


def fault_of(check: Check, answer: Answer, etag: str = "") -> str:
    """Why the answer does not prove what the check asks for, in a few words; empty when it does.

    etag: that of the same path's plain and right answer. With it an encoding is judged that Python cannot undo: the
    tag names the object, and CloudFront makes it weak when it compresses.
    """
    if answer.error:
        return answer.error
    if answer.status != check.status:
        return f"{answer.status} instead of {check.status}"
    return _missing_header(check, answer) or _wrong_type(check, answer) or _wrong_body(check, answer, etag)


def _missing_header(check: Check, answer: Answer) -> str:
    for name, value in check.headers:
        found = answer.headers.get(name.lower())
        if found is None:
            return f"no header {name}"
        if value not in (ANY, found.strip()):
            return f"header {name} is {found!r} instead of {value!r}"
    return ""


def _wrong_type(check: Check, answer: Answer) -> str:
    if not check.typed:
        return ""
    name = check.path.partition("?")[0].rpartition("/")[2]
    promised = _TYPES.get(name[name.rfind(".") :].lower() if "." in name else "", "")
    if answer.kind == _HTML or promised not in answer.kind:
        return f"content type {answer.kind or 'missing'}"
    return ""


def _wrong_body(check: Check, answer: Answer, etag: str) -> str:
    if not check.sha256:
        return ""
    encoding = answer.headers.get("content-encoding", PLAIN).lower()
    if answer.sha256 == check.sha256:
        return ""
    if encoding == "gzip":
        return "" if _gunzipped(answer.body) == check.sha256 else "another document, compressed"
    if encoding != PLAIN and etag:
        same = _strong(answer.headers.get("etag", "")) == _strong(etag)
        return "" if same else f"another document, as {encoding}"
    return "another document" + (f", as {encoding}" if encoding != PLAIN else "")


def _gunzipped(body: bytes) -> str:
    """The sha256 of what was compressed, empty for what is no gzip."""
    try:
        return hashlib.sha256(zlib.decompress(body, 16 + zlib.MAX_WBITS)).hexdigest()
    except zlib.error:
        return ""


def _strong(etag: str) -> str:
    return etag.removeprefix("W/")


def summary(faults: Sequence[tuple[Check, str]]) -> str:
    """The faults in one line, the first few with their paths."""
    told = "; ".join(f"{check.path} ({check.what}): {fault}" for check, fault in faults[:3])
    return told + (f"; and {len(faults) - 3} more" if len(faults) > 3 else "")
