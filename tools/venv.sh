#!/usr/bin/env bash
# Make a virtual environment from a lock file with hashes, and put this repository into it.
set -euo pipefail
folder=$1 lock=$2
echo "== environment $folder from $lock"
[ -x "$folder/bin/python" ] || python3 -m venv "$folder"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
touch "$folder/.made"
