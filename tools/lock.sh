#!/usr/bin/env bash
# Resolve pyproject.toml into lock files with hashes and without index addresses.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -x .venv/bin/uv ] || .venv/bin/python -m pip install --quiet uv
compile() {
  out=$1; shift
  .venv/bin/uv pip compile pyproject.toml "$@" --quiet --generate-hashes --no-emit-index-url \
    --no-annotate --no-header --universal --python-version 3.11 --output-file "$out"
}
compile requirements.lock --extra cluster --extra imaging --extra models --extra test --extra build
compile requirements-image.lock --extra cluster --extra imaging --extra build
compile requirements-train.lock --extra train --extra build --extra test
