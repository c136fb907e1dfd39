# SPDX-License-Identifier: GPL-3.0-or-later
"""One playbook by stock Ansible and by the warm process: the same results, in whatever way a module ends."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
MODULES = Path(__file__).with_name("warm_modules")
RECORDER = ROOT / "tests" / "e2e" / "callback"
BEHAVE = "test.warm.behave"


def behave(how, **task):
    given = task.pop("args", {})
    return {"name": " ".join([how, *given, *task]), BEHAVE: {"how": how, **given}, "ignore_errors": True, **task}


#: Run by a new process under both.
STOCK = [
    behave("tell", environment={"LC_ALL": "C"}),
    behave("tell", vars={"ansible_python_interpreter": str(Path(sys.executable).with_name("python3"))}),
    {"name": "of no collection that may be", "test.other.behave": {"how": "tell"}},
]
WARM = [
    behave("tell", delegate_to="other", check_mode=True, loop=[1, 2]),
    behave("tell", environment={"WARM_TEST": "of the task", "AWS_REGION": "eu-west-9", "TZ": "Asia/Tokyo"}),
    *map(behave, ("crash", "leave", "fall_off", "rubbish", "rubbish_around", "killed", "interrupted", "fail", "warn")),
    *map(behave, ("large", "thread", "command", "unknown")),
    behave("diff", diff=True),
    behave("fail", no_log=True),
    behave("tell", args={"misspelled": 1}, module_defaults={BEHAVE: {"secret": "a secret of the task"}}),
    behave("crash", **{"async": 20, "poll": 1}),
    {"name": "unimportable", "test.warm.unimportable": {}, "ignore_errors": True},
    {"name": "no check mode", "test.warm.refuses_check_mode": {}, "check_mode": True},
    {"name": "shell", "ansible.builtin.shell": "echo $WARM_TEST; echo to stderr >&2; exit 4", "ignore_errors": True},
]
#: Twice the same text, from two places, whose errors name each its own; no module is run.
UNDEFINED = [behave(how, args={"secret": "{{ missing }}"}) for how in ("fail", "tell")]
CLEAN = [behave("files", args={"to": "{{ left }}"})]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with the playbook, its modules and its configuration."""
    place = tmp_path_factory.mktemp("warm")
    for collection in ("warm", "other"):
        modules = place / "collections" / "ansible_collections" / "test" / collection / "plugins" / "modules"
        shutil.copytree(MODULES, modules, ignore=shutil.ignore_patterns("__pycache__"))
    play = {
        "hosts": "one",
        "gather_facts": False,
        "environment": {"WARM_TEST": "of the play"},
        "tasks": [*WARM, *STOCK, *UNDEFINED, *CLEAN],
    }
    (place / "play.yml").write_text(json.dumps([play]))
    host = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    (place / "hosts.yml").write_text(json.dumps({"all": {"hosts": {"one": host, "other": host}}}))
    (place / "ansible.cfg").write_text(
        f"[defaults]\ncollections_path = {place / 'collections'}:{ROOT / 'collections'}\n"
        "callbacks_enabled = slipway.ops.warm, recorder\n[callback_warm]\ncollections = test.warm\n"
        "builtin_modules = command, async_status\n"
    )
    return place


def environment(place, name, fast):
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "SLIPWAY_", "AWS_"))}
    return kept | {
        "ANSIBLE_CONFIG": str(place / "ansible.cfg"),
        "ANSIBLE_HOME": str(place / f"{name}.home"),
        "ANSIBLE_CALLBACK_PLUGINS": str(RECORDER),
        "ANSIBLE_NOCOLOR": "1",
        "RECORDER_FILE": str(place / f"{name}.jsonl"),
        "SLIPWAY_FAST": fast,
    }


def play(place, name, fast):
    """Run the playbook; what each task returned, and the output."""
    env = environment(place, name, fast)
    left = place / f"{name}.left"
    command = ["ansible-playbook", "-vvv", "-i", "hosts.yml", "play.yml", "-e", f"left={left}"]
    done = subprocess.run(command, cwd=place, env=env, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    lines = Path(env["RECORDER_FILE"]).read_text().splitlines()
    return [json.loads(line) for line in lines], done.stdout, left.read_text().splitlines()


@pytest.fixture(scope="module")
def both(place):
    return {name: play(place, name, fast) for name, fast in (("stock", "0"), ("fast", "1"))}


def comparable(place, task):
    """A task's result without what differs from run to run: temporary paths and times; and of a traceback that Python
    printed, which goes through whatever runs the module, the last line."""
    if task["result"].get("module_stderr", "").startswith("Traceback"):
        last = task["result"]["module_stderr"].splitlines()[-1]
        task = {**task, "result": {**task["result"], "module_stderr": last}}
    text = json.dumps(task)
    for pattern, shown in (
        (r"(stock|fast)\.(left|home)", r"NAME.\2"),
        (r"j\d+\.\d+", "JOB"),
        (r"/tmp/ansible_\S*?payload\S*?\.zip/ansible_collections", "COLLECTIONS"),
        (re.escape(str(place / "collections" / "ansible_collections")), "COLLECTIONS"),
        (r"/tmp/[\w.]*/?ansible-tmp-[\w.-]*/?\w*", "TMP"),
        (r"0:00:0\d\.\d+|20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\.\d+", "TIME"),
        (r'"attempts": \d+', '"attempts": N'),
    ):
        text = re.sub(pattern, shown, text)
    return json.loads(text)


def test_both_come_to_the_same(place, both):
    stock, fast = ([comparable(place, task) for task in both[name][0]] for name in ("stock", "fast"))
    assert [task["task"] for task in fast] == [task["task"] for task in stock]
    for one, other in zip(stock, fast, strict=True):
        assert other == one


def test_what_may_be_is_run_warm_and_all_else_is_not(both):
    """By the name of each task in the output, up to the next one's."""
    ran = both["fast"][1].split("\nTASK [")[1:]
    tasks = dict.fromkeys(task["name"] for task in [*WARM, *STOCK, *CLEAN])
    warm = {name: "> WARM " in part for name in tasks for part in ran if part.startswith(f"{name}]")}
    assert [name for name, was in warm.items() if not was] == [task["name"] for task in STOCK]
    assert "> WARM " not in both["stock"][1]


def test_secrets_are_not_in_the_output(both):
    for _tasks, output, _left in both.values():
        assert "a secret of the task" not in output


def test_nothing_is_left_behind(both):
    for _tasks, _output, left in both.values():
        assert len(left) == 2
        assert not [path for path in left if Path(path).exists()]


def test_a_worker_that_is_told_to_end_tells_its_module(place):
    """As stock Ansible's worker does, whose process group the module is in."""
    env = environment(place, "ended", "1")
    task = {"ansible.builtin.command": f"sh -c 'echo $$ > {place}/pid; exec sleep 60'"}
    (place / "ended.yml").write_text(json.dumps([{"hosts": "one", "gather_facts": False, "tasks": [task]}]))
    command = ["ansible-playbook", "-i", "hosts.yml", "ended.yml"]
    with subprocess.Popen(command, cwd=place, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        module = int(awaited(lambda: (place / "pid").exists() and (place / "pid").read_text()))
        process.send_signal(signal.SIGINT)
    assert process.returncode
    awaited(lambda: not Path(f"/proc/{module}").exists())


def test_without_the_warm_process_modules_are_run_as_ever(place):
    """The first task kills it: the parent of its shell's parent."""
    env = environment(place, "killed", "1")
    kill = {"ansible.builtin.shell": "kill -9 $(cut -d' ' -f4 /proc/$PPID/stat)"}
    (place / "killed.yml").write_text(
        json.dumps([{"hosts": "one", "gather_facts": False, "tasks": [kill, behave("warn")]}])
    )
    command = ["ansible-playbook", "-vvv", "-i", "hosts.yml", "killed.yml"]
    done = subprocess.run(command, cwd=place, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout
    assert "is run by a new process" in done.stdout
    assert re.search(r"^one +: ok=2 +changed=1 ", done.stdout, re.MULTILINE)


def awaited(look):
    for _attempt in range(300):
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError("it did not happen")
