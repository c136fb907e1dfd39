#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Makes the virtual environment $1 from the lock $3 (requirements.txt) unless the stamp $2 says that it is up to date.
set -euo pipefail
venv=$1 stamp=$2 requirements=${3:-requirements.txt}
lock=$(cksum < "$requirements")
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$lock" ] && "$venv/bin/python" -c '' 2>/dev/null; then exit 0; fi

# A candidate counts only if it runs: a pyenv shim may exist for a version that is not active.
find_python() {
  local candidate
  for candidate in "python$(cat .python-version)" python3.13 python3.12 python3.14 python3 python; do
    if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then
      echo "$candidate"; return
    fi
  done
  {
    echo "Slipway needs Python 3.12 or newer with its venv module, and none was found on PATH."
    echo "Debian: apt install python3 python3-venv.  pyenv: pyenv install $(cat .python-version)."
  } >&2
  return 1
}

python=$(find_python)
echo "Making $venv with $("$python" --version) (about a minute, once)" >&2
rm -f "$stamp"
"$python" -m venv --clear "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$requirements"
printf '%s' "$lock" > "$stamp"
