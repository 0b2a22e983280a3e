#!/usr/bin/env bash
# Phantoms, training, export, by the plan in unet-meningioma/config.yaml; resumable at any point.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
"$meninx" phantom --seed "$(setting first_seed)" --arrays "$(setting heads)" --out "$cache/train"
"$python" -m meninx_models train --config "$model/config.yaml" --cache "$cache"
"$python" -m meninx_models export --config "$model/config.yaml" --cache "$cache"
echo "Weights are in $model/weights; measure them with make evaluate-models."
