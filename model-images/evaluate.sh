#!/usr/bin/env bash
# Unseen phantoms through the exported model, as the image runs it: evaluation.json, the card, build/bench/models.json.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
"$meninx" phantom --seed "$(setting test_first_seed)" --arrays "$(setting test_heads)" --out "$cache/test"
"$python" -m meninx_models evaluate --config "$model/config.yaml" --cache "$cache"
(cd "$root" && "$root/.venv/bin/python" -m tests.bench.models)
