# SPDX-License-Identifier: GPL-3.0-or-later
"""How CloudFront writes lists, and what is declared over what is there."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.cloudfront.config_plan import (
    canonical,
    members_that_differ,
    merge,
    same,
    wire,
)


@pytest.mark.parametrize(
    ("declared", "written"),
    [
        ({"Enabled": True, "Comment": "x"}, {"Enabled": True, "Comment": "x"}),
        ({"Aliases": ["a", "b"]}, {"Aliases": {"Quantity": 2, "Items": ["a", "b"]}}),
        ({"Aliases": []}, {"Aliases": {"Quantity": 0}}),
        ({"Aliases": ()}, {"Aliases": {"Quantity": 0}}),
        (
            {"AllowedMethods": {"Items": ["GET"], "CachedMethods": ["GET"]}},
            {"AllowedMethods": {"Quantity": 1, "Items": ["GET"], "CachedMethods": {"Quantity": 1, "Items": ["GET"]}}},
        ),
        ({"Geo": {"Type": "none", "Items": []}}, {"Geo": {"Type": "none", "Quantity": 0}}),
        ({"Origins": [{"Headers": []}]}, {"Origins": {"Quantity": 1, "Items": [{"Headers": {"Quantity": 0}}]}}),
    ],
)
def test_lists_are_written_as_the_api_wants_them(declared, written):
    assert wire(declared) == written


LIST = {"Quantity": 2, "Items": ["a", "b"]}


@pytest.mark.parametrize(
    ("live", "declared", "merged"),
    [
        ({"a": 1, "b": 2}, {"b": 3}, {"a": 1, "b": 3}),
        ({"a": {"x": 1, "y": 2}}, {"a": {"y": 3}}, {"a": {"x": 1, "y": 3}}),
        ({"a": LIST}, {"a": {"Quantity": 1, "Items": ["c"]}}, {"a": {"Quantity": 1, "Items": ["c"]}}),
        ({"a": LIST}, {"a": {"Quantity": 0}}, {"a": {"Quantity": 0}}),
        ({"a": 1, "b": 2}, {"b": None}, {"a": 1}),
        ({}, {"a": None, "b": {"c": None, "d": 1}}, {"b": {"d": 1}}),
        ({"a": "x"}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        (None, {"a": 1}, {"a": 1}),
    ],
)
def test_what_is_declared_lies_over_what_is_there(live, declared, merged):
    assert merge(live, declared) == merged


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ({"a": "", "b": 1}, {"b": 1}, True),
        ({"a": {"Quantity": 0}}, {}, True),
        ({"a": {"Quantity": 0, "Items": []}}, {"a": None}, True),
        ({"a": LIST}, {"a": {"Quantity": 2, "Items": ["b", "a"]}}, True),
        ({"a": [{"x": 1}, {"x": 2}]}, {"a": [{"x": 2}, {"x": 1}]}, False),
        ({"Enabled": False}, {}, False),
        ({"MinTTL": 0}, {}, False),
    ],
)
def test_configurations_are_compared_by_what_they_mean(one, other, alike):
    assert same(one, other) is alike


def test_a_list_of_objects_keeps_its_order():
    assert canonical([{"b": 1}, {"a": 1}]) == [{"b": 1}, {"a": 1}]


def test_members_that_differ_are_named():
    assert members_that_differ({"a": 1, "b": 2, "c": ""}, {"a": 1, "b": 3, "d": 4}) == ("b", "d")
