#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What the host's user data starts: converge this host with the playbook beside this file.
set -euo pipefail
cd "$(dirname "$0")"
if ! command -v ansible-playbook >/dev/null; then
  if command -v apt-get >/dev/null; then
    # Another installation may be under way just after the boot.
    apt-get -o DPkg::Lock::Timeout=300 update -q
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -q -y --no-install-recommends ansible-core
  elif command -v dnf >/dev/null; then
    dnf install -q -y ansible-core
  fi
fi
if ! command -v ansible-playbook >/dev/null; then
  echo "boot.sh: there is no ansible-playbook and none could be installed: this host serves no model." >&2
  echo "boot.sh: let the subnet reach the distribution's packages, or use an image that has ansible-core; then terminate this host." >&2
  exit 1
fi
exec ansible-playbook --inventory localhost, --connection local --extra-vars @variables.json boot.yml
