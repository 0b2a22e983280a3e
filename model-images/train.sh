#!/usr/bin/env bash
# Phantoms, training, export, by the plan in each model's config.yaml; resumable at any point.
# train.sh [MODEL...]: the shipped ones without names.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh" "$@"
for name in "${models[@]}"; do
  phantoms train first_seed heads
  "$python" -m meninx_models train --config "$here/$name/config.yaml" --cache "$cache"
  "$python" -m meninx_models export --config "$here/$name/config.yaml" --cache "$cache"
  echo "Weights are in $here/$name/weights; measure them with make evaluate-models."
done
