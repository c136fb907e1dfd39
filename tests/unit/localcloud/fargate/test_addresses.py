# SPDX-License-Identifier: GPL-3.0-or-later
"""Task addresses."""

from __future__ import annotations

import pytest

from localcloud.fargate.addresses import AddressPool


def test_an_address_comes_back_after_all_others():
    pool = AddressPool("127.9")
    first = pool.take()
    assert first == "127.9.16.1"
    pool.give_back(first)
    taken = [pool.take() for _ in range(235 * 254 - 1)]
    assert first not in taken
    assert len(set(taken)) == len(taken)
    assert (taken[0], taken[253], taken[-1]) == ("127.9.16.2", "127.9.17.1", "127.9.250.254")
    assert pool.take() == first


def test_no_address_left():
    pool = AddressPool("127.9")
    for _ in range(235 * 254):
        pool.take()
    with pytest.raises(RuntimeError, match="all 59690 task addresses"):
        pool.take()
    pool.give_back("127.9.20.7")
    assert pool.take() == "127.9.20.7"
