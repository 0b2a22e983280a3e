#!/usr/bin/env bash
# Install the Debian packages of a list that are missing; say what to do where that can't be done.
# A line is a package, or command=package where any way of having the command will do.
set -euo pipefail
missing=()
for line in $(cat "$1"); do
  package=${line#*=}
  if [ "$line" != "$package" ]; then
    command -v "${line%%=*}" >/dev/null && continue
  fi
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "missing Debian packages: ${missing[*]} (install them as root: apt-get install ${missing[*]})" >&2
  exit 0
fi
echo "== Debian packages: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
