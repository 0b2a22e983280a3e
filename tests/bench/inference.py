"""`make bench-inference`: what a head costs here, beside eager torch, MONAI's windows and the floor.

Each figure is taken in a process of its own; all of a run on the same heads, one after the other.
"""

import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from tests.bench.floor import Cost, cost_of
from tests.bench.inference_dice import dice_row, eager_of
from tests.bench.inference_ours import places_of
from tests.bench.rows import ROOT, Row, less_is_better, write

from meninx_models.infer.artefact import GRAPH_FILE
from meninx_models.preprocess import BOX, CANVAS, box_of, to_canvas

TRAINING = ROOT / ".cache/venv-train/bin/python"
WEIGHTS = ROOT / "model-images/unet-meningioma/weights"
SHIPPED_UNETR = ROOT / "model-images/unetr-meningioma/weights"
WORK = ROOT / "build/bench/inference"
HEADS = ROOT / ".cache/phantoms/test"
SEEDS = (900004, 900001, 900012, 900015, 900032)
"""Held-out heads with lesions of 1 to 38 mL; the first is the one that is timed."""
TUNED = {"MALLOC_MMAP_THRESHOLD_": "8000000000", "MALLOC_TRIM_THRESHOLD_": "16000000000"}
UNTRAINED = "report-unetr, full size, untrained weights"
MEMORY_GOAL = "under 1536 MiB"
Job = dict[str, Any]


def main() -> int:
    """Measure all; the rows are written even where a goal is missed."""
    if not TRAINING.is_file():
        print("no figures: the training environment is missing (make .cache/venv-train/.made)")
        return 3
    WORK.mkdir(parents=True, exist_ok=True)
    canvas, box = WORK / "canvas.npy", WORK / "box.npy"
    values = to_canvas(*head(SEEDS[0])[:2]).values
    np.save(canvas, values)
    np.save(box, np.ascontiguousarray(values[box_of()]))
    rates = peer({"do": "rates"})
    print(f"matrix rate {rates['f32']:.0f} GFLOP/s float32, {rates['bf16']:.0f} bfloat16; "
          f"copying {rates['copy']:.0f} GB/s")  # fmt: skip
    rows = unet(canvas, box, rates) + unetr(canvas, rates) + shipped_unetr(box)
    heads = [head(seed) for seed in SEEDS]
    for name, weights in (("inference.unet", WEIGHTS), ("inference.unetr", SHIPPED_UNETR)):
        rows.append(dice_row(name, peer, WORK, weights, heads))
    print(f"written to {write('inference', rows)}")
    return 0


def head(seed: int) -> tuple[Any, Any, Any]:
    """Return image, affine and truth of a phantom of the held-out set."""
    folder = HEADS if (HEADS / f"{seed}.npz").is_file() else WORK
    if not (folder / f"{seed}.npz").is_file():
        meninx = str(Path(sys.executable).with_name("meninx"))
        command = [meninx, "phantom", "--seed", str(seed), "--arrays", "1", "--out", str(folder)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    with np.load(folder / f"{seed}.npz") as arrays:
        return arrays["image"].astype(np.float32), arrays["affine_ras"], arrays["truth"] > 0


def unet(canvas: Path, box: Path, rates: Mapping[str, float]) -> list[Row]:
    """Measure the shipped U-Net: the box of a 256^3 canvas at once, as the image looks at it."""
    job = {"do": "measure", "canvas": str(box), "mode": "window", "times": 20}
    eager = job | {"preset": "unet", "graph": str(WEIGHTS / GRAPH_FILE)}
    mine = ours(job | {"weights": str(WEIGHTS)})
    plain, tuned = peer(eager), peer(eager, TUNED)
    windows = peer(eager | {"canvas": str(canvas), "mode": "sliding", "times": 2})
    float32 = ours(job | {"weights": str(WEIGHTS), "precision": "f32"})
    cost = cost_of(WEIGHTS / GRAPH_FILE, BOX)
    rows = _warm("inference.unet", mine, plain, tuned, "at least 6")
    rows += [
        _beside("inference.unet.warm.sliding", mine, windows, "MONAI sliding window", "at least 8"),
        _floor("inference.unet.warm.floor", mine, cost, rates),
        _beside("inference.unet.warm_f32.eager_tuned", float32, tuned, "eager torch, tuned"),
        _floor("inference.unet.warm_f32.floor", float32, cost, rates),
        _memory("inference.unet", mine, plain),
    ]
    once = {"times": 1}
    cold_ours = cold(lambda: ours(job | once | {"weights": str(WEIGHTS)}))
    cold_eager = cold(lambda: peer(eager | once))
    beside = ("eager torch, process start to result", cold_eager)
    cold_row = less_is_better("inference.unet.cold.eager", cold_ours, "s", beside, "at least 4")
    return [*rows, cold_row]


def unetr(canvas: Path, rates: Mapping[str, float]) -> list[Row]:
    """Measure the report's UNETR: window for window, and a whole head."""
    graph, window = WORK / "report-unetr.onnx", WORK / "window.npy"
    peer({"do": "graph", "preset": "report-unetr", "to": str(graph)})
    np.save(window, np.ascontiguousarray(np.load(canvas)[80:176, 80:176, 80:176]))
    job = {"do": "measure", "canvas": str(window), "mode": "window", "times": 6}
    eager = job | {"preset": "report-unetr"}
    precision = ours(job | {"weights": str(WEIGHTS)})["precision"]
    fast = {"graph": str(graph), "precision": precision}
    mine = ours(job | fast)
    plain, tuned = peer(eager), peer(eager, TUNED)
    rows = _warm("inference.unetr", mine, plain, tuned, "at least 4")
    rows.append(_floor("inference.unetr.warm.floor", mine, cost_of(graph, (96, 96, 96)), rates))
    whole = {"canvas": str(canvas), "box": _box(), "mode": "windows", "times": 1}
    looked = ours(job | fast | whole)
    windows = peer(eager | {"canvas": str(canvas), "mode": "sliding", "times": 1})
    each = {"seconds": [windows["seconds"][0] / _count(CANVAS)]}
    rows += [
        _beside("inference.unetr.warm.sliding", mine, each, "MONAI sliding window, per window"),
        _beside(
            "inference.unetr.head.sliding", looked, windows, "MONAI sliding window", "at least 6"
        ),
        _memory("inference.unetr", looked, plain),
    ]
    cold_ours = cold(lambda: ours(job | fast | whole))
    same = eager | {
        "canvas": str(canvas),
        "mode": "windows",
        "places": places_of(_box()),
        "times": 1,
    }
    beside = (
        "eager torch on the same windows, process start to result",
        cold(lambda: peer(same), times=1),
    )
    rows.append(less_is_better("inference.unetr.cold.eager", cold_ours, "s", beside, "at least 4"))
    note = f"{UNTRAINED}; {looked['windows']} of {_count(CANVAS)} windows"
    return [replace(row, note=f"{note}; {row.note}".strip("; ")) for row in rows]


def shipped_unetr(box: Path) -> list[Row]:
    """Measure the UNETR that ships: a head's box at once, as it takes it."""
    job = {"do": "measure", "canvas": str(box), "mode": "window", "times": 10}
    eager = job | eager_of(SHIPPED_UNETR)
    mine = ours(job | {"weights": str(SHIPPED_UNETR)})
    plain, tuned = peer(eager), peer(eager, TUNED)
    rows = _warm("inference.unetr_shipped", mine, plain, tuned, "at least 4")
    return [*rows, _memory("inference.unetr_shipped", mine, plain)]


def _warm(name: str, mine: Job, plain: Job, tuned: Job, goal: str) -> list[Row]:
    return [
        _beside(f"{name}.warm.eager", mine, plain, "eager torch", goal),
        _beside(
            f"{name}.warm.eager_tuned", mine, tuned, "eager torch, tuned malloc", "at least 2.5"
        ),
    ]


def _beside(name: str, mine: Job, other: Job, what: str, goal: str = "") -> Row:
    row = less_is_better(name, warm(mine), "s", (what, warm(other)), goal)
    return replace(row, note=f"ours in {mine['precision']}")


def _floor(name: str, mine: Job, cost: Cost, rates: Mapping[str, float]) -> Row:
    seconds = cost.floor_seconds(dict(rates), mine["precision"])
    what = f"{cost.flops / 1e9:.1f} GFLOP in {mine['precision']} at the machine's rate"
    row = less_is_better(name, warm(mine), "s", (what, seconds), "at least 0.5")
    return replace(row, note=f"ours in {mine['precision']}")


def _memory(name: str, mine: Job, eager: Job) -> Row:
    beside = ("eager torch", eager["peak_mib"])
    return less_is_better(f"{name}.peak_memory", mine["peak_mib"], "MiB", beside, MEMORY_GOAL)


def warm(found: Job) -> float:
    """Return the best of all runs but the first, which still shapes things.

    What else the machine does only ever adds to a run; the floor's rates are the best of several too.
    """
    return float(min(found["seconds"][1:] or found["seconds"]))


def cold(start: Any, times: int = 3) -> float:
    """Return the median time from the start of a process to its end with the answer written."""
    seconds = []
    for _ in range(times):
        begun = time.perf_counter()
        start()
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds)


def ours(job: Job) -> Job:
    """Do a job with our engine."""
    return _process(sys.executable, "tests.bench.inference_ours", job)


def peer(job: Job, variables: Mapping[str, str] | None = None) -> Job:
    """Do a job with torch and MONAI."""
    return _process(str(TRAINING), "tests.bench.inference_peer", job, variables)


def _process(python: str, module: str, job: Job, variables: Mapping[str, str] | None = None) -> Job:
    path = os.pathsep.join((str(ROOT), str(ROOT / "model-images")))
    environment = (
        os.environ | {"PYTHONPATH": path, "PYTHONWARNINGS": "ignore"} | dict(variables or {})
    )
    command = [python, "-m", module, json.dumps(job)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, cwd=ROOT)
    answer: Job = json.loads(done.stdout.decode().strip().splitlines()[-1])
    return answer


def _box() -> list[list[int]]:
    return [[part.start, part.stop] for part in box_of()]


def _count(shape: tuple[int, int, int]) -> int:
    return len(list(itertools.chain(places_of([[0, n] for n in shape]))))


if __name__ == "__main__":
    sys.exit(main())
