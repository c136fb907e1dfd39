# SPDX-License-Identifier: GPL-3.0-or-later
"""Work that processes share: the same as when one does it, whatever becomes of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.site import bundle
from ansible_collections.slipway.ops.plugins.module_utils.site.shares import Share, split

ROOT = Path(__file__).resolve().parents[5]


@pytest.mark.parametrize("costs", [[], [1], [5, 5, 5, 5], [100, 1, 1, 1], [1, 1, 1, 100], list(range(50))])
@pytest.mark.parametrize("parts", [1, 2, 4])
def test_slices_are_the_whole_in_its_order(costs, parts):
    slices = split(costs, parts)
    assert [cost for part in slices for cost in costs[part]] == costs
    assert len(slices) == parts
    shares = [sum(costs[part]) for part in slices]
    assert max(shares) <= sum(costs) / parts + max(costs, default=0)


def test_a_share_is_worked_on_apart():
    share = Share(lambda: [os.getpid(), "x" * 200_000], apart=True)
    pid, text = share.result()
    assert (pid != os.getpid(), len(text)) == (True, 200_000)
    share.close()
    assert Share(os.getpid, apart=False).result() == os.getpid()


def _killed(parent):
    if os.getpid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
    return "done"


def test_what_a_process_does_not_finish_is_done_here():
    parent = os.getpid()
    assert Share(lambda: _killed(parent), apart=True).result() == "done"


def test_what_is_wrong_is_raised_here():
    def fail():
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        Share(fail, apart=True).result()


def test_a_share_that_nobody_waits_for_is_ended():
    share = Share(signal.pause, apart=True)
    pid = share._process[0]
    share.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_folder_hashed_by_processes_is_the_same(tmp_path, monkeypatch):
    for number in range(40):
        (tmp_path / f"{number}.txt").write_bytes(os.urandom(number * 100))
    alone = bundle.read_bundle(str(tmp_path), tmp_path, 1_000_000, 100)
    monkeypatch.setattr(bundle, "_WORTH", 0)
    monkeypatch.setattr(bundle, "processes", lambda: 3)
    assert bundle.read_bundle(str(tmp_path), tmp_path, 1_000_000, 100) == alone
    (tmp_path / "39.txt").write_bytes(b"x" * 1_000_001)
    with pytest.raises(bundle.BundleError, match="more than 1000000 bytes"):
        bundle.read_bundle(str(tmp_path), tmp_path, 1_000_000, 100)


def test_a_process_with_threads_is_not_copied():
    code = (
        "import threading; from plugins.module_utils.site import shares; print(shares.processes() == 0 or"
        " shares.processes() > 1); e = threading.Event(); threading.Thread(target=e.wait).start();"
        " print(shares.processes()); e.set()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.split() == ["True", "0"]
