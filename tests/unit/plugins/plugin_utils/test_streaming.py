# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

import pytest
from ansible_collections.slipway.ops.plugins.plugin_utils.streaming import Follower, line_of


def test_an_event_is_one_line_without_control_sequences():
    event = json.dumps({"seconds": 1.25, "text": "accept:\x1b[31m red\n"})
    assert line_of(event, "vpc-1") == "[   1.2s] vpc-1: accept: [31m red "


@pytest.mark.parametrize("event", ["", "no JSON", "[]", '{"seconds": 1}', '{"seconds": "x", "text": "y"}'])
def test_what_is_no_event_is_not_shown(event):
    assert line_of(event, "vpc-1") is None


def test_every_complete_line_is_shown_once(tmp_path):
    path = tmp_path / "progress"
    path.write_bytes(b"")
    shown = []
    with Follower(path, shown.append), path.open("ab", buffering=0) as stream:
        for part in (b"one\ntw", b"o\n", b"three"):
            stream.write(part)
    assert shown == ["one", "two"]
