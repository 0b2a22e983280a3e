#!/usr/bin/env bash
# Unseen phantoms through the exported models, as the images run them: evaluation.json, cards, build/bench/models.json.
# evaluate.sh [MODEL...]: the shipped ones without names.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh" "$@"
for name in "${models[@]}"; do
  phantoms test test_first_seed test_heads
  phantoms unseen unseen_first_seed unseen_heads --unseen
  for seed in $(setting unseen_also | tr -d '[],'); do
    "$meninx" phantom --seed "$seed" --arrays 1 --out "$cache/unseen" --unseen
  done
  "$python" -m meninx_models evaluate --config "$here/$name/config.yaml" --cache "$cache"
done
(cd "$root" && "$root/.venv/bin/python" -m tests.bench.models)
