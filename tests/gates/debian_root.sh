#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Make a Debian with systemd and Python in FOLDER, unless it is there: from this machine's own package sources, which is
# why it needs Debian. The packages are unpacked and not configured: what runs in it here needs no more, and it takes a
# third of the time. Exit status 3, with the reason on standard error, where it cannot be made.
set -euo pipefail
folder=$1
[ -e "$folder/etc/debian_version" ] && exit 0
cannot() { echo "no Debian root could be made here: $*" >&2; exit 3; }
[ "$(id -u)" = 0 ] || cannot "chroot needs root"
command -v mmdebstrap >/dev/null || cannot "there is no mmdebstrap (apt-get install mmdebstrap)"
# shellcheck source=/dev/null
. /etc/os-release
[ "$ID" = debian ] || cannot "this is $ID, not Debian"
sources=/etc/apt/sources.list.d/debian.sources
[ -e "$sources" ] || sources=/etc/apt/sources.list
mkdir -p "$folder"
log="$folder.log"
if ! mmdebstrap --quiet --mode=root --variant=extract --include=base-files,base-passwd,coreutils,dash,findutils,python3,systemd "$VERSION_CODENAME" "$folder" "$sources" \
  >"$log" 2>&1; then
  rm -rf "$folder"
  cannot "mmdebstrap failed: $(tail -1 "$log")"
fi
# What configuring dash and base-passwd would do.
[ -e "$folder/bin/sh" ] || ln -s dash "$folder/bin/sh"
cp "$folder/usr/share/base-passwd/passwd.master" "$folder/etc/passwd"
cp "$folder/usr/share/base-passwd/group.master" "$folder/etc/group"
# Or every call of a module would compile what it imports.
env -u PYTHONDONTWRITEBYTECODE chroot "$folder" /usr/bin/python3 -c \
  'import ast, ctypes, http.client, json, locale, logging, platform, selectors, shutil, socket, subprocess, syslog, tempfile, uuid, zipfile'
# What the hosts' image brings beside Debian: Docker, and a mounted instance store.
printf '[Service]\nExecStart=/usr/bin/true\n' >"$folder/etc/systemd/system/docker.service"
