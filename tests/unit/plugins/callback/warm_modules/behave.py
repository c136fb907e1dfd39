#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module that ends in each of the ways that a module can end in."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

SEEN: list[str] = []


def tell(module: AnsibleModule) -> None:
    SEEN.append("told")
    names = ("WARM_TEST", "AWS_REGION", "PATH", "TZ")
    old = os.umask(0)
    os.umask(old)
    module.exit_json(
        environment={name: os.environ.get(name) for name in names},
        folder=str(Path.cwd()),
        umask=old,
        seen=SEEN,
        terminals=[os.isatty(descriptor) for descriptor in (1, 2)],
        arguments=len(sys.argv),
        main=__name__,
        check=module.check_mode,
        verbosity=module._verbosity,
        zone=time.tzname[0],
        sigterm=signal.getsignal(signal.SIGTERM) is signal.SIG_DFL,
        stdin=sys.stdin.read(),
    )


def crash(module: AnsibleModule) -> None:
    raise ValueError("a crash of the module's own")


def leave(module: AnsibleModule) -> None:
    sys.exit("left with a text")


def fall_off(module: AnsibleModule) -> None:
    return


def rubbish(module: AnsibleModule) -> None:
    print("this is no JSON")
    print("nor is this", file=sys.stderr)
    sys.exit(0)


def rubbish_around(module: AnsibleModule) -> None:
    atexit.register(print, "rubbish after it")
    print("rubbish before it")
    module.exit_json(changed=True)


def killed(module: AnsibleModule) -> None:
    print("half an ans", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)


def fail(module: AnsibleModule) -> None:
    try:
        {}["nothing"]
    except KeyError as error:
        module.fail_json(msg="it failed", exception=error, detail={"a": [1, None, "ü"]})


def interrupted(module: AnsibleModule) -> None:
    raise KeyboardInterrupt


def warn(module: AnsibleModule) -> None:
    module.warn("a warning")
    module.deprecate("a deprecation", version="9.9.9", collection_name="test.warm")
    warnings.warn("Python's own", UserWarning, stacklevel=1)
    module.exit_json(changed=False)


def diff(module: AnsibleModule) -> None:
    module.exit_json(changed=True, diff={"before": "a\n", "after": "b\n"})


def large(module: AnsibleModule) -> None:
    print("x" * 300_000, file=sys.stderr)
    module.exit_json(value="y" * 300_000)


def thread(module: AnsibleModule) -> None:
    def late() -> None:
        time.sleep(0.3)
        print("the thread's line", file=sys.stderr)

    threading.Thread(target=late).start()
    module.exit_json(changed=True)


def files(module: AnsibleModule) -> None:
    """Leaves the paths of what must be gone when it has ended."""
    folder, kept = module.tmpdir, tempfile.TemporaryDirectory()
    Path(module.params["to"]).write_text(f"{folder}\n{kept.name}")
    module.exit_json(changed=True)


def command(module: AnsibleModule) -> None:
    status, out, err = module.run_command(["sh", "-c", "echo $WARM_TEST; exit 2"])
    module.exit_json(status=status, out=out, err=err)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "how": {"type": "str", "required": True},
            "secret": {"type": "str", "no_log": True},
            "to": {"type": "path"},
        },
        supports_check_mode=True,
    )
    globals()[module.params["how"]](module)


if __name__ == "__main__":
    main()
