# SPDX-License-Identifier: GPL-3.0-or-later
"""One kill of a whole playbook. The chaos suite in its short form is in apart/, as it has clouds of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from pathlib import Path

from localcloud.images import ROOT
from tests.e2e.harness import other_than

# Of the run that is killed: a lease that the next one need not wait a minute for, and a short drain.
QUICK = {"ecs_service_lock_ttl": 10, "ecs_service_lock_wait": 60, "ecs_service_drain_floor": 6}


def test_a_playbook_that_is_killed_is_continued_by_the_next_while_site_yml_runs(serving, images):
    before = serving.answer()["version"]
    wanted = other_than(before)
    extra = {"image": images[wanted], **QUICK}
    with serving.load(100.0) as load:
        kill_when(serving, extra, "healthy, ")
        assert serving.answer()["version"] == before
        site: list = []
        beside = threading.Thread(target=lambda: site.append(serving.playbook("site")))
        beside.start()
        done = serving.playbook("deploy_backend", extra=extra)
        beside.join()
        counted = load.stop()
    assert done.status == 0, done.output[-3000:]
    assert done.deployment["outcome"] == "promoted"
    assert site[0].status == 0, site[0].output[-3000:]
    assert wanted.endswith(f":{serving.answer()['version']}")
    assert counted.summary["errors"] == {}


def kill_when(environment, extra, text):
    """Run deploy_backend.yml and kill it, with every process that it has started, when it says TEXT."""
    command = ["ansible-playbook", "-i", f"inventories/{environment.name}", "playbooks/deploy_backend.yml"]
    process = subprocess.Popen(
        [*command, "-e", json.dumps(extra)],
        cwd=ROOT,
        env=environment.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        assert process.stdout is not None
        told = []
        for line in iter(process.stdout.readline, ""):
            told.append(line)
            if text in line:
                _kill(process)
    assert process.returncode == -signal.SIGKILL, "".join(told)[-3000:]


def _kill(process):
    for pid in (*_children(process.pid), process.pid):
        os.kill(pid, signal.SIGKILL)


def _children(pid):
    """All processes below this one, whatever session they are in."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found, last = [], [pid]
    while last:
        last = [child for child, parent in parents.items() if parent in last]
        found += last
    return found
