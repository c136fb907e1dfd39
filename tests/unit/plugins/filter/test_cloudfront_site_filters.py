# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters of a site as templates use them."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.slipway.ops.plugins.filter import cloudfront_site_document, cloudfront_site_problems

from tests.unit.plugins.module_utils.cloudfront.site_example import site


def document(*given):
    return cloudfront_site_document.FilterModule().filters()["cloudfront_site_document"](site(), *given)


def test_problems():
    problems = cloudfront_site_problems.FilterModule().filters()["cloudfront_site_problems"]
    assert problems(site()) == []
    assert len(problems(site(account_id="1"))) == 1


@pytest.mark.parametrize(
    ("given", "length"),
    [
        (("buckets",), 2),
        (("web_acls",), 2),
        (("parts", "code"), 4),
        (("bucket_policy", ""), 2),
        (("distribution", {"ids": {}, "web_acl_arn": ""}), 13),
    ],
)
def test_documents(given, length):
    assert len(document(*given)) == length


def test_a_document_that_is_none():
    with pytest.raises(AnsibleFilterError, match="no document cake"):
        document("cake")
