"""Our engine in a process of its own, so that its start and its memory are its own.

`python -m tests.bench.inference_ours JOB`: JOB is JSON; the answer is JSON on the last line of stdout.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from meninx_models.infer.choice import wanted_from
from meninx_models.infer.engine import Engine, first_right, open_engine
from meninx_models.infer.found import look
from meninx_models.infer.openvino_cpu import OpenVino
from meninx_models.infer.postprocess import head_depth_mm, occupied
from meninx_models.infer.window import blend, starts
from meninx_models.preprocess import Volume


def engine_of(job: dict[str, Any]) -> Engine:
    """Open the engine as the image does; for a graph without stored check in the precision asked."""
    wish = {"MENINX_PRECISION": job["precision"]} if job.get("precision") else {}
    if job.get("weights"):
        return open_engine(Path(job["weights"]), wish)
    graph = Path(job["graph"])
    wanted_from(wish)
    return first_right(lambda choice: OpenVino(graph, choice), look(), wish, None)


def measure(job: dict[str, Any]) -> dict[str, Any]:
    """Time `mode` window (what is given at once) or windows (those of a canvas's box with a head in them)."""
    canvas = np.load(job["canvas"])
    engine = engine_of(job)
    seconds, asked = [], 0
    share: Volume = canvas
    for _ in range(job.get("times", 1)):
        begun = time.perf_counter()
        share, asked = _look(engine, canvas, job)
        seconds.append(time.perf_counter() - begun)
    if job.get("answer"):
        np.save(job["answer"], share)
    return {"seconds": seconds, "windows": asked, "precision": engine.choice.precision}


def _look(engine: Engine, canvas: Volume, job: dict[str, Any]) -> tuple[Volume, int]:
    if job["mode"] == "window":
        return engine.probabilities(canvas), 1
    (x0, x1), (y0, y1), (z0, z1) = job["box"]
    box, share = canvas[x0:x1, y0:y1, z0:z1], np.zeros(canvas.shape, np.float32)
    asked = [0]

    def count(window: Volume) -> Volume:
        asked[0] += 1
        return engine.probabilities(window)

    inside = occupied(head_depth_mm(box), box.shape)
    share[x0:x1, y0:y1, z0:z1] = blend(count, box, (96, 96, 96), occupied=inside)
    return share, asked[0]


def places_of(box: list[list[int]], window: int = 96) -> list[list[int]]:
    """Return where on the canvas the windows of a box begin."""
    x, y, z = ([low + s for s in starts(high - low, window, 0.25)] for low, high in box)
    return [[a, b, c] for a in x for b in y for c in z]


def main() -> int:
    """Do the job of the command line."""
    answer = measure(json.loads(sys.argv[1]))
    status = Path("/proc/self/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    print(json.dumps(answer | {"peak_mib": int(peak.split()[1]) / 1024}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
