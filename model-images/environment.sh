# Sourced by train.sh and evaluate.sh: where things lie, and an allocator that doesn't page each step.
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(dirname "$here")"
cache="${MENINX_CACHE:-$root/.cache}/phantoms"
meninx="$root/.venv/bin/meninx"
python="$root/.cache/venv-train/bin/python"
for needed in "$meninx" "$python"; do
  [ -x "$needed" ] || { echo "$needed is missing: run make venv, and make train for the training one" >&2; exit 1; }
done
models=("$@")
[ $# -gt 0 ] || models=(unet-meningioma unetr-meningioma)
for name in "${models[@]}"; do
  [ -f "$here/$name/config.yaml" ] || { echo "$name is no model here with a config.yaml" >&2; exit 2; }
done
export PYTHONPATH="$here" OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}" OPENBLAS_NUM_THREADS=1
# Half of a training step on a CPU is page faults unless freed memory is kept.
export MALLOC_MMAP_THRESHOLD_=8000000000 MALLOC_TRIM_THRESHOLD_=16000000000
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
mkdir -p "$cache"
setting() { sed -n "s/^$1: *//p" "$here/$name/config.yaml"; }
phantoms() {
  "$meninx" phantom --seed "$(setting "$2")" --arrays "$(setting "$3")" --out "$cache/$1" \
    --processes "$(nproc)" "${@:4}"
}
