# SPDX-License-Identifier: GPL-3.0-or-later
"""Claims on loopback networks, and free ports."""

from __future__ import annotations

import socket

import pytest

from localcloud import network


def test_claims_exclude_each_other_and_end_with_their_socket():
    first, held = network.claim_network("seed")
    with held:
        second, other = network.claim_network("seed")
        other.close()
        assert first != second
    again, held = network.claim_network("seed")
    held.close()
    assert again == first


def test_elsewhere_than_on_linux_it_says_why_not(monkeypatch):
    monkeypatch.setattr(network.sys, "platform", "darwin")
    with pytest.raises(network.NetworkError, match="needs Linux") as caught:
        network.claim_network("seed")
    assert "\n" not in str(caught.value)


def test_loopback_that_is_no_network_is_told(monkeypatch):
    monkeypatch.setattr(network, "_answers", lambda host: False)
    with pytest.raises(network.NetworkError, match="loopback is not 127"):
        network.claim_network("seed")


def test_all_networks_taken(monkeypatch):
    monkeypatch.setattr(network, "_candidates", lambda seed: iter(()))
    with pytest.raises(network.NetworkError, match="are taken by other local clouds"):
        network.claim_network("seed")


def test_free_port_passes_over_what_is_bound_or_taken():
    first = network.free_port("127.0.0.1", 20000)
    assert network.free_port("127.0.0.1", first, frozenset({first})) > first
    with socket.socket() as blocker:
        blocker.bind(("0.0.0.0", first))
        blocker.listen()
        assert network.free_port("127.0.0.1", first) > first


def test_no_free_port():
    with pytest.raises(network.NetworkError, match="no free port"):
        network.free_port("127.0.0.1", 32768)
