"""Trained weights to the graph that the image runs, checked against eager torch."""

import json
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import torch
from torch import nn

from meninx_models.config import Preset
from meninx_models.data.boxes import ready_heads
from meninx_models.infer.artefact import (
    GRAPH_FILE,
    INPUT,
    LOGITS,
    PROBABILITY,
    Facts,
    sha256_of,
    write_facts,
)
from meninx_models.infer.choice import EngineChoice, Precision
from meninx_models.infer.found import PROGRAM_FILE
from meninx_models.infer.openvino_cpu import OpenVino
from meninx_models.infer.plausible import GADOLINIUM
from meninx_models.infer.selfcheck import HEAD_TOLERANCE, f32_tolerance, write_check
from meninx_models.networks import WINDOW, AtOneMillimetre, Size, is_windowed, make_network
from meninx_models.recipe import Config, read_config, run_folder
from meninx_models.train.losses import CURVES_FILE, LOG_FILE, draw_log, read_log, write_log

VERSION = "1.0.0"
CHECK_EDGES = {1: 48, 2: 64}
"""Edge of the window that is stored with a graph that takes any size, by its millimetres."""
WINDOW_TOLERANCE = 1e-3
LARGEST_FLIPPED_SHARE = 1e-4
SMALL_TENSOR = 4096
"""Bytes up to which a tensor stays as it is."""
Volume = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Parity:
    """How far the exported graph is from eager torch in float32."""

    window_logit: float
    flipped_voxels: int
    head_voxels: int
    bf16_flipped_voxels: int
    tolerance: float = WINDOW_TOLERANCE
    """Of the logits on the window."""
    clear_flips: int = 0
    """Of the flipped voxels those whose logit in torch is farther from 0 than any drift."""

    @property
    def agrees(self) -> bool:
        """Whether the graph is the network: tight on a window, and in no voxel of a head clearly otherwise."""
        return self.clear_flips == 0 and self.window_logit < self.tolerance

    @property
    def holds(self) -> bool:
        """Whether it is, and few voxels flip at all: to be asked of a network that was trained to its end."""
        most = max(200, LARGEST_FLIPPED_SHARE * self.head_voxels)
        return self.agrees and self.flipped_voxels <= most


def export(config_path: Path, cache: Path) -> int:
    """Export the last stage's weights beside the config; fail if the graph differs."""
    config = read_config(config_path)
    stage = config.stages[-1]
    run, folder = run_folder(config_path, cache), config_path.parent / "weights"
    network = make_network(config.preset, config.window or WINDOW)
    network.load_state_dict(torch.load(run / f"{stage.name}.pt", weights_only=True))
    if config.half_precision:
        network.half().float()
    whole = AtOneMillimetre(network, stage.millimetres).eval()
    example, asked = example_box(cache), facts_of(config_path.parent.name, config)
    facts = export_network(whole, folder, asked, example, half=config.half_precision)
    stamp_manifest(config_path.parent / "aimodel.yaml", facts.sha256)
    parity = check(whole, folder / GRAPH_FILE, example, facts.window)
    (run / "parity.json").write_text(json.dumps(vars(parity)))
    entries = read_log(run / LOG_FILE)
    if entries:
        write_log(config_path.parent / LOG_FILE, entries)
        draw_log(config_path.parent / CURVES_FILE, entries)
    print(parity)  # noqa: T201 - the command's answer
    return 0 if parity.holds else 1


def export_network(
    whole: AtOneMillimetre, folder: Path, facts: Facts, example: Volume, *, half: bool = False
) -> Facts:
    """Write graph, facts and stored check of a network; return the facts with the graph's digest.

    `example` is a head on its box: the check is a window of it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    edge = CHECK_EDGES[facts.millimetres]
    window = facts.window or (edge, edge, edge)
    write_graph(whole, folder / GRAPH_FILE, window, fixed=facts.window is not None)
    if half:
        keep_in_half(folder / GRAPH_FILE)
    digest = sha256_of(folder / GRAPH_FILE)
    # not zeroed instead: where much is of one value, instance norm differs by engine
    seen = in_blocks(likely(whole, example, facts.window, window), facts.millimetres)
    seen = seen.astype(np.float16).astype(np.float32)
    write_check(folder, seen, eager_logits(whole, seen), digest)
    made = Facts(**{**vars(facts), "sha256": digest})
    write_facts(folder, made)
    return made


def stamp_manifest(manifest: Path, sha256: str) -> None:
    """Write the weights' digest into the model's manifest, leaving its comments alone."""
    text = re.sub(r"(?m)^( +sha256: )[0-9a-f]{64}$", rf"\g<1>{sha256}", manifest.read_text())
    manifest.write_text(text)


def facts_of(name: str, config: Config) -> Facts:
    """Return the facts of an export before its graph is written."""
    return Facts(
        name, VERSION, config.preset, config.stages[-1].millimetres, config.threshold,
        config.least_component_ml, "",
        window_of(config.preset, config.stages[-1].millimetres, config.window or WINDOW), GADOLINIUM,
    )  # fmt: skip


def window_of(preset: Preset, millimetres: int, window: Size = WINDOW) -> Size | None:
    """Return what the graph takes at once in voxels of 1 mm; None: any size."""
    if not is_windowed(preset):
        return None
    x, y, z = (edge * millimetres for edge in window)
    return x, y, z


def write_graph(whole: nn.Module, path: Path, window: Size, *, fixed: bool = False) -> None:
    """Write the network as ONNX in float32, for one shape or for any that 16 divides."""
    axes = {0: "n"} if fixed else {0: "n", 2: "x", 3: "y", 4: "z"}
    with torch.no_grad(), tempfile.TemporaryDirectory() as folder:
        aside = Path(folder) / path.name
        torch.onnx.export(
            whole, (torch.zeros(1, 1, *window),), aside, input_names=[INPUT],
            output_names=[LOGITS, PROBABILITY], opset_version=17, dynamo=False,
            dynamic_axes=dict.fromkeys((INPUT, LOGITS, PROBABILITY), axes),
        )  # fmt: skip
        path.write_bytes(aside.read_bytes())


def keep_in_half(graph: Path) -> None:
    """Store a graph's weights in half precision; they become float32 again when it is loaded."""
    model = onnx.load(graph)
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT and len(tensor.raw_data) > SMALL_TENSOR:
            name, stored = tensor.name, f"{tensor.name}.half"
            values = onnx.numpy_helper.to_array(tensor).astype(np.float16)
            tensor.CopyFrom(onnx.numpy_helper.from_array(values, stored))
            float32 = onnx.TensorProto.FLOAT
            casts.append(onnx.helper.make_node("Cast", [stored], [name], to=float32))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.save(model, graph)


def in_blocks(window: Volume, edge: int) -> Volume:
    """Return a window whose blocks of some voxels are of one value: what is stored of it is small then."""
    x, y, z = (n // edge for n in window.shape)
    means = window.reshape(x, edge, y, edge, z, edge).mean(axis=(1, 3, 5))
    repeated: Volume = means.repeat(edge, 0).repeat(edge, 1).repeat(edge, 2)
    return repeated


def write_program(whole: nn.Module, folder: Path, window: Size) -> Path:
    """Write the network as a torch program of one shape: what torch runs on a GPU."""
    with torch.no_grad():
        program = torch.export.export(whole, (torch.zeros(1, 1, *window),))
    torch.export.save(program, folder / PROGRAM_FILE)
    return folder / PROGRAM_FILE


def example_box(cache: Path) -> Volume:
    """Return a training head with a large lesion."""
    head = max(ready_heads(cache / "train-boxes"), key=lambda item: item.lesion_ml)
    image: Volume = head.load()[0].astype(np.float32)
    return image


def likely(whole: AtOneMillimetre, box: Volume, window: Size | None, size: Size) -> Volume:
    """Return the part of a head where lesion is likeliest, or its middle where only windows fit."""
    if window is None:
        place = np.unravel_index(int(np.argmax(eager_logits(whole, box))), box.shape)
    else:
        place = tuple(n // 2 for n in box.shape)
    low = [
        max(0, min(int(p) - w // 2, n - w)) for p, w, n in zip(place, size, box.shape, strict=True)
    ]
    part = box[tuple(slice(a, a + w) for a, w in zip(low, size, strict=True))]
    return np.pad(part, [(0, w - n) for w, n in zip(size, part.shape, strict=True)])


def eager_logits(whole: AtOneMillimetre, window: Volume) -> Volume:
    """Return what eager torch gives in float32."""
    with torch.no_grad():
        logits: Volume = whole.logits(torch.from_numpy(window)[None, None])[0, 0].numpy()
    return logits


def check(
    whole: AtOneMillimetre,
    graph: Path,
    box: Volume,
    window: Size | None = None,
    part: Size = WINDOW,
) -> Parity:
    """Compare the graph with eager torch: mask on a head, logits on a part of it (both on the graph's one window)."""
    seen = likely(whole, box, window, window) if window else box
    eager = eager_logits(whole, seen)
    flipped = {
        precision: (_by_openvino(graph, seen, precision) > 0) != (eager > 0)
        for precision in ("f32", "bf16")
    }
    clear = flipped["f32"] & (np.abs(eager) > HEAD_TOLERANCE)
    close = likely(whole, box, window, window or part)
    gap, tolerance = window_gap(whole, graph, close), f32_tolerance(close.size, WINDOW_TOLERANCE)
    return Parity(
        gap, int(flipped["f32"].sum()), int((eager > 0).sum()), int(flipped["bf16"].sum()),
        tolerance, int(clear.sum()),
    )  # fmt: skip


def window_gap(whole: AtOneMillimetre, graph: Path, window: Volume) -> float:
    """Return the largest difference of logits between eager torch and the graph on a window."""
    found = _by_openvino(graph, window, "f32")
    return float(np.abs(found - eager_logits(whole, window)).max())


def _by_openvino(graph: Path, window: Volume, precision: Precision) -> Volume:
    choice = EngineChoice("openvino", "CPU", precision, "", torch.get_num_threads(), "parity check")
    logits: Volume = OpenVino(graph, choice).run(LOGITS, window[None, None])[0, 0]
    return logits
