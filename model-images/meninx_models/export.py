"""Trained weights to the graph that the image runs, checked against eager torch."""

import copy
import json
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import openvino
import torch
from torch import nn

from meninx_models.config import Config, read_config
from meninx_models.data.boxes import ready_heads
from meninx_models.infer.artefact import GRAPH_FILE, Facts, sha256_of, write_facts
from meninx_models.infer.engine import Engine, EngineSettings
from meninx_models.networks import WholeCanvas, make_network
from meninx_models.preprocess import CANVAS, box_of

VERSION = "1.0.0"
WINDOW = 96
WINDOW_TOLERANCE = 1e-3
LARGEST_FLIPPED_SHARE = 1e-4


@dataclass(frozen=True)
class Parity:
    """How far the exported graph is from eager torch in float32."""

    window_logit: float
    flipped_voxels: int
    head_voxels: int
    bf16_flipped_voxels: int


def export(config_path: Path, cache: Path) -> int:
    """Export the last stage's weights beside the config; fail if the graph differs."""
    config = read_config(config_path)
    stage = config.stages[-1]
    network = make_network(config.preset)
    network.load_state_dict(torch.load(cache / "run" / f"{stage.name}.pt", weights_only=True))
    whole = WholeCanvas(network, stage.millimetres).eval()
    folder = config_path.parent / "weights"
    folder.mkdir(exist_ok=True)
    write_graph(whole, folder / GRAPH_FILE)
    facts = facts_of(config_path.parent.name, config, folder / GRAPH_FILE)
    write_facts(folder, facts)
    stamp_manifest(config_path.parent / "aimodel.yaml", facts.sha256)
    parity = check(whole, folder / GRAPH_FILE, example_canvas(cache))
    (cache / "run" / "parity.json").write_text(json.dumps(vars(parity)))
    print(parity)  # noqa: T201 - the command's answer
    alike = parity.flipped_voxels <= max(200, LARGEST_FLIPPED_SHARE * parity.head_voxels)
    return 0 if alike and parity.window_logit < WINDOW_TOLERANCE else 1


def stamp_manifest(manifest: Path, sha256: str) -> None:
    """Write the weights' digest into the model's manifest, leaving its comments alone."""
    text = re.sub(r"(?m)^( +sha256: )[0-9a-f]{64}$", rf"\g<1>{sha256}", manifest.read_text())
    manifest.write_text(text)


def facts_of(name: str, config: Config, graph: Path) -> Facts:
    """Return the facts of an export."""
    return Facts(
        name, VERSION, config.preset, config.stages[-1].millimetres, config.threshold,
        config.least_component_ml, sha256_of(graph),
    )  # fmt: skip


def write_graph(whole: nn.Module, path: Path) -> None:
    """Write the network as ONNX for one whole canvas, float32."""
    with torch.no_grad(), tempfile.TemporaryDirectory() as folder:
        aside = Path(folder) / path.name
        torch.onnx.export(
            whole, (torch.zeros(1, 1, *CANVAS),), aside, input_names=["canvas"],
            output_names=["probability"], opset_version=17, dynamo=False,
        )  # fmt: skip
        path.write_bytes(aside.read_bytes())


def example_canvas(cache: Path) -> torch.Tensor:
    """Return a training head with a large lesion on the whole canvas."""
    head = max(ready_heads(cache / "train-boxes"), key=lambda item: item.lesion_ml)
    canvas = torch.zeros(1, 1, *CANVAS)
    x, y, z = box_of()
    canvas[0, 0, x, y, z] = torch.from_numpy(head.load()[0].astype(np.float32))
    return canvas


def check(whole: WholeCanvas, graph: Path, canvas: torch.Tensor) -> Parity:
    """Compare the graph with eager torch: logits on a window, mask on a whole head."""
    values = canvas[0, 0].numpy()
    with torch.no_grad():
        eager = whole(canvas)[0, 0].numpy() > 0.5
    flipped = {}
    for precision in ("f32", "bf16"):
        found = Engine(graph, EngineSettings(precision=precision)).probabilities(values) > 0.5
        flipped[precision] = int((found != eager).sum())
    return Parity(window_gap(whole, canvas), flipped["f32"], int(eager.sum()), flipped["bf16"])


def window_gap(whole: WholeCanvas, canvas: torch.Tensor) -> float:
    """Return the largest difference of logits on one window of 96^3 around the middle."""
    low = (CANVAS[0] - WINDOW) // 2
    part = canvas[:, :, low : low + WINDOW, low : low + WINDOW, low : low + WINDOW].contiguous()
    network = copy.deepcopy(whole.network)
    with torch.no_grad():
        eager = network(part).numpy()
    model = openvino.convert_model(network, example_input=part)
    options = {"INFERENCE_PRECISION_HINT": "f32"}
    found = openvino.Core().compile_model(model, "CPU", options)(part.numpy())[0]
    return float(np.abs(np.asarray(found) - eager).max())
