"""Eager torch and MONAI's sliding window, as a user would write them; runs in the training environment.

`python -m tests.bench.inference_peer JOB`: JOB is JSON; the answer is JSON on the last line of stdout.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from monai.inferers import sliding_window_inference
from onnx import numpy_helper
from torch import Tensor, nn

from meninx_models.export import write_graph
from meninx_models.infer.window import blend
from meninx_models.networks import WINDOW, AtOneMillimetre, make_network
from meninx_models.preprocess import Volume

SEED = 20261125
Look = Callable[[Tensor], Tensor]


def network_of(job: dict[str, Any]) -> nn.Module:
    """Return a preset's network: with the weights of a graph, or with fresh ones of a fixed seed."""
    torch.manual_seed(SEED)
    network = make_network(job["preset"], tuple(job.get("window") or WINDOW))
    if job.get("graph"):
        fill(network, Path(job["graph"]))
    return network.eval()


def logits_of(job: dict[str, Any]) -> Look:
    """Return what gives logits at 1 mm for a part of the head at 1 mm."""
    look: Look = AtOneMillimetre(network_of(job), job.get("millimetres", 1)).eval().logits
    return look


def fill(network: nn.Module, graph: Path) -> None:
    """Put a graph's weights into a network, also those that export renamed; what it never uses stays."""
    stored = weights_of(graph)
    state = network.state_dict()
    renamed = iter(value for name, value in stored.items() if name not in state)
    filled = {
        name: stored[name] if name in stored else next(renamed, old).reshape(old.shape)
        for name, old in state.items()
    }
    network.load_state_dict(filled)


def weights_of(path: Path) -> dict[str, Tensor]:
    """Return a graph's weights in float32, by the names that the network has for them.

    Those of a linear layer have no name of theirs: the node that uses them has, and they are turned.
    """
    graph = onnx.load(path).graph
    layers = {
        node.input[1]: node.name.removeprefix("/network/").rpartition("/")[0].replace("/", ".")
        for node in graph.node
        if node.op_type == "MatMul"
    }
    found = {}
    for item in graph.initializer:
        name = item.name.removesuffix(".half")
        value = torch.from_numpy(numpy_helper.to_array(item).copy())
        value = value.float() if value.is_floating_point() else value
        if name in layers:
            found[f"{layers[name]}.weight"] = value.T.contiguous()
        else:
            found[name.removeprefix("network.")] = value
    return found


def sliding(network: Look, canvas: Tensor) -> Tensor:
    """Return probabilities by MONAI's sliding window."""
    return torch.sigmoid(sliding_window_inference(canvas, WINDOW, 4, network, overlap=0.25))


def _timed(work: Callable[[], Tensor], times: int) -> tuple[list[float], Tensor]:
    seconds, answer = [], torch.zeros(1)
    for _ in range(times):
        begun = time.perf_counter()
        answer = work()
        seconds.append(time.perf_counter() - begun)
    return seconds, answer


def measure(job: dict[str, Any]) -> dict[str, Any]:
    """Do one job: `mode` window, windows or sliding."""
    network = logits_of(job)
    canvas = torch.from_numpy(np.load(job["canvas"]))[None, None]
    work: dict[str, Callable[[], Tensor]] = {
        "sliding": lambda: sliding(network, canvas),
        "window": lambda: torch.sigmoid(network(canvas)),
        "windows": lambda: windows(network, canvas, job["places"]),
    }
    with torch.inference_mode():
        seconds, share = _timed(work[job["mode"]], job.get("times", 1))
    if job.get("answer"):
        np.save(job["answer"], share[0, 0].numpy())
    return {"seconds": seconds}


def windows(network: Look, canvas: Tensor, places: list[list[int]]) -> Tensor:
    """Look at the same windows as we do, one after the other; the sum of what they say."""
    total = torch.zeros(())
    for x, y, z in places:
        part = canvas[:, :, x : x + WINDOW[0], y : y + WINDOW[1], z : z + WINDOW[2]]
        total += torch.sigmoid(network(part)).sum()
    return total.reshape(1, 1, 1)


def shares(job: dict[str, Any]) -> dict[str, Any]:
    """Write eager torch's probabilities for each box that is given."""
    network, window = logits_of(job), job.get("window_mm")

    def look(part: Volume) -> Volume:
        found: Volume = torch.sigmoid(network(torch.from_numpy(part)[None, None]))[0, 0].numpy()
        return found

    with torch.inference_mode():
        for source, target in job["boxes"]:
            box = np.load(source)
            every = np.ones(box.shape, bool)
            np.save(target, blend(look, box, window, occupied=every) if window else look(box))
    return {}


def graph(job: dict[str, Any]) -> dict[str, Any]:
    """Write the graph of a network with fresh weights."""
    write_graph(AtOneMillimetre(network_of(job), 1).eval(), Path(job["to"]), WINDOW, fixed=True)
    return {}


def _matrix_rate(size: int, kind: torch.dtype) -> float:
    one, other = (torch.rand(size, size).to(kind) for _ in range(2))
    seconds, _ = _timed(lambda: one @ other, 7)
    return float(2 * size**3 / min(seconds) / 1e9)


def rates(_job: dict[str, Any]) -> dict[str, Any]:
    """Measure this machine's matrix rate (GFLOP/s) and copying (GB/s), the best of several."""
    found = {
        name: max(_matrix_rate(size, kind) for size in (1024, 2048, 4096))
        for name, kind in (("f32", torch.float32), ("bf16", torch.bfloat16))
    }
    source, target = torch.rand(64 * 1024**2), torch.empty(64 * 1024**2)
    seconds, _ = _timed(lambda: target.copy_(source), 7)
    return found | {"copy": 2 * source.nbytes / min(seconds) / 1e9}


def main() -> int:
    """Do the job of the command line."""
    job = json.loads(sys.argv[1])
    jobs = {"measure": measure, "shares": shares, "graph": graph, "rates": rates}
    answer = jobs[job["do"]](job)
    status = Path("/proc/self/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    print(json.dumps(answer | {"peak_mib": int(peak.split()[1]) / 1024}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
