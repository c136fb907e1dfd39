# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""S3's XML, read and written. Pure. Each reader raises ValueError for a document that is not what was asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote_plus
from xml.etree import ElementTree
from xml.sax.saxutils import escape

# The most that one DeleteObjects may name.
DELETE_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Listed:
    """One object of a bucket. etag: with its quotes, as conditional requests want it; never a hash to compute with."""

    size: int
    etag: str


@dataclass(frozen=True, slots=True)
class Page:
    """token: asks for the next page; empty on the last."""

    objects: Mapping[str, Listed]
    token: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """What S3 says in an error document; each member is empty where it says nothing."""

    code: str = ""
    message: str = ""
    region: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class NotDeleted:
    """One key that DeleteObjects did not delete."""

    key: str
    code: str
    message: str


def _document(body: bytes, name: str) -> ElementTree.Element:
    """The root element without anybody's name space."""
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 - S3's answer over a verified connection
    except ElementTree.ParseError as error:
        raise ValueError(f"not an XML document: {error}") from None
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    if root.tag != name:
        raise ValueError(f"{root.tag} instead of {name}")
    return root


def _text(element: ElementTree.Element, name: str) -> str:
    return element.findtext(name) or ""


def read_error(body: bytes) -> Refusal:
    """What an answer's body says went wrong; nothing where it is no error document of S3's (a proxy's page)."""
    try:
        root = _document(body, "Error")
    except ValueError:
        return Refusal()
    return Refusal(_text(root, "Code"), _text(root, "Message"), _text(root, "Region"), _text(root, "RequestId"))


def read_page(body: bytes) -> Page:
    """A page of ListObjectsV2 with encoding-type=url."""
    root = _document(body, "ListBucketResult")
    escaped = _text(root, "EncodingType") == "url"
    objects = {}
    for row in root.iter("Contents"):
        key = _text(row, "Key")
        objects[unquote_plus(key) if escaped else key] = Listed(int(_text(row, "Size")), _text(row, "ETag"))
    token = _text(root, "NextContinuationToken") if _text(root, "IsTruncated") == "true" else ""
    if _text(root, "IsTruncated") == "true" and not token:
        raise ValueError("a list that goes on, without the token to go on with")
    return Page(objects, token)


def read_copied(body: bytes) -> str:
    """The new object's ETag. CopyObject may answer 200 and be an error all the same: then read_error() knows more."""
    return _text(_document(body, "CopyObjectResult"), "ETag")


def write_deletes(keys: Sequence[str]) -> bytes:
    """The request that deletes keys, of which only those that stay are to be told."""
    rows = "".join(f"<Object><Key>{escape(key, {chr(13): '&#13;'})}</Key></Object>" for key in keys)
    return f'<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{rows}<Quiet>true</Quiet></Delete>'.encode()


def read_deletes(body: bytes) -> list[NotDeleted]:
    """What DeleteObjects did not delete: it answers 200 for that, too."""
    rows = _document(body, "DeleteResult").iter("Error")
    return [NotDeleted(_text(row, "Key"), _text(row, "Code"), _text(row, "Message")) for row in rows]
