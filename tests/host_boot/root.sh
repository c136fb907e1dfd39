#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Make a Debian in FOLDER as a GPU host's image is before its first boot: systemd, Python, the AWS CLI, and no Ansible.
# From this machine's own package sources, which is why it needs Debian.
set -euo pipefail
folder=$1
cannot() { echo "no Debian could be made here: $*" >&2; exit 3; }
[ "$(id -u)" = 0 ] || cannot "it needs root"
for program in mmdebstrap systemd-nspawn; do
  command -v "$program" >/dev/null || cannot "there is no $program (apt-get install mmdebstrap systemd-container)"
done
# shellcheck source=/dev/null
. /etc/os-release
[ "$ID" = debian ] || cannot "this is $ID, not Debian"
sources=/etc/apt/sources.list.d/debian.sources
[ -e "$sources" ] || sources=/etc/apt/sources.list
mmdebstrap --quiet --mode=root --variant=minbase --include=systemd,systemd-sysv,dbus,python3,awscli \
  "$VERSION_CODENAME" "$folder" "$sources" >"$folder.log" 2>&1 || cannot "mmdebstrap: $(tail -1 "$folder.log")"
