# Sourced by train.sh and evaluate.sh: where things lie, and an allocator that doesn't page each step.
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(dirname "$here")"
cache="${MENINX_CACHE:-$root/.cache}/phantoms"
model="$here/unet-meningioma"
meninx="$root/.venv/bin/meninx"
python="$root/.cache/venv-train/bin/python"
for needed in "$meninx" "$python"; do
  [ -x "$needed" ] || { echo "$needed is missing: run make venv, and make train for the training one" >&2; exit 1; }
done
export PYTHONPATH="$here" OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}" OPENBLAS_NUM_THREADS=1
# Half of a training step on a CPU is page faults unless freed memory is kept.
export MALLOC_MMAP_THRESHOLD_=8000000000 MALLOC_TRIM_THRESHOLD_=16000000000
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
mkdir -p "$cache"
setting() { sed -n "s/^$1: *//p" "$model/config.yaml"; }
