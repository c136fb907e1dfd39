# SPDX-License-Identifier: GPL-3.0-or-later
"""Run benchmarks: `python -m tests.bench [NAME...]`, all of them by default. Each is a module of this folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

NAMES = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_"))


def main(names: list[str]) -> int:
    """Run the benchmarks called `names` one after the other; returns the first exit status that is not 0."""
    unknown = sorted(set(names) - set(NAMES))
    if unknown:
        print(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(NAMES)}")
        return 2
    for name in names or NAMES:
        print(f"== {name}", flush=True)
        status = subprocess.run([sys.executable, "-m", f"tests.bench.{name}"]).returncode
        if status:
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
