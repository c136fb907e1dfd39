# SPDX-License-Identifier: GPL-3.0-or-later
"""S3's XML, read and written."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.site.s3_answer_plan import (
    Listed,
    NotDeleted,
    Page,
    Refusal,
    read_copied,
    read_deletes,
    read_error,
    read_page,
    write_deletes,
)

NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


def page(rows, encoding="<EncodingType>url</EncodingType>", more="<IsTruncated>false</IsTruncated>"):
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    return f"{head}<ListBucketResult {NAMESPACE}>{encoding}{more}{rows}</ListBucketResult>".encode()


def row(key, size=3, etag="&quot;e&quot;"):
    return f"<Contents><Key>{key}</Key><Size>{size}</Size><ETag>{etag}</ETag></Contents>"


def test_a_page_unescapes_its_keys():
    body = page(row("a+b%2Bc%25%23%C3%BC") + row("site/x", 0))
    assert read_page(body) == Page({"a b+c%#ü": Listed(3, '"e"'), "site/x": Listed(0, '"e"')}, "")


def test_a_page_that_is_not_escaped_is_taken_as_it_is():
    assert list(read_page(page(row("a+b%20"), encoding="")).objects) == ["a+b%20"]


def test_a_page_names_its_follower():
    more = "<IsTruncated>true</IsTruncated><NextContinuationToken>t/1+=</NextContinuationToken>"
    assert read_page(page("", more=more)) == Page({}, "t/1+=")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (page("", more="<IsTruncated>true</IsTruncated>"), "without the token"),
        (b"<ListBucketResult><Contents>", "not an XML document"),
        (b"", "not an XML document"),
        (b"<Error><Code>InternalError</Code></Error>", "Error instead of ListBucketResult"),
        (page(row("a", "")), "invalid literal"),
    ],
)
def test_what_is_no_page_is_not_read_as_an_empty_one(body, reason):
    with pytest.raises(ValueError, match=reason):
        read_page(body)


def test_an_error_document():
    body = b"<Error><Code>C</Code><Message>M</Message><Region>r</Region><RequestId>I</RequestId></Error>"
    assert read_error(body) == Refusal("C", "M", "r", "I")
    assert read_error(b"<Error/>") == Refusal()


@pytest.mark.parametrize("body", [b"", b"<html>a proxy</html>", b"no XML"])
def test_what_is_no_error_document_says_nothing(body):
    assert read_error(body) == Refusal()


def test_a_copy():
    body = f"<CopyObjectResult {NAMESPACE}><ETag>&quot;e&quot;</ETag></CopyObjectResult>".encode()
    assert read_copied(b"  \n" + body) == '"e"'
    with pytest.raises(ValueError, match="Error instead of CopyObjectResult"):
        read_copied(b"<Error/>")


def test_deletes_name_any_key():
    keys = ["a&b<c>", "ü 😀", "x\ry", "'\""]
    root = ElementTree.fromstring(write_deletes(keys))
    assert [element.text for element in root.iter() if element.tag.endswith("Key")] == keys
    assert root[-1].text == "true"


def test_what_was_not_deleted_is_seen():
    row = "<Error><Key>k</Key><Code>AccessDenied</Code><Message>no</Message></Error>"
    assert read_deletes(f"<DeleteResult {NAMESPACE}>{row}</DeleteResult>".encode()) == [
        NotDeleted("k", "AccessDenied", "no")
    ]
    assert read_deletes(b"<DeleteResult/>") == []
