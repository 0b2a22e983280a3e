from pathlib import Path

import numpy as np
import pytest
import torch

from meninx_models.export import WINDOW_TOLERANCE, check, stamp_manifest, window_gap, write_graph
from meninx_models.infer.engine import Engine, EngineSettings
from meninx_models.networks import WholeCanvas, make_network
from meninx_models.preprocess import BOX, CANVAS, box_of

pytestmark = [
    pytest.mark.torch,
    pytest.mark.timeout(300),
    # torch announces the end of tracing, by which both exporters here work
    pytest.mark.filterwarnings("ignore"),
]


@pytest.fixture(scope="module")
def canvas() -> torch.Tensor:
    """Return a canvas with something in the network's box."""
    values = torch.zeros(1, 1, *CANVAS)
    x, y, z = box_of()
    values[0, 0, x, y, z] = torch.rand(BOX, generator=torch.Generator().manual_seed(1))
    return values


def _whole(millimetres: int) -> WholeCanvas:
    torch.manual_seed(3)
    whole = WholeCanvas(make_network("unet"), millimetres)
    whole.eval()
    return whole


def test_window_agrees_tightly_with_eager(canvas: torch.Tensor) -> None:
    assert window_gap(_whole(1), canvas) < WINDOW_TOLERANCE


@pytest.mark.parametrize("millimetres", [1, 2])
def test_whole_head_gives_the_same_mask(
    canvas: torch.Tensor, tmp_path: Path, millimetres: int
) -> None:
    whole = _whole(millimetres)
    write_graph(whole, tmp_path / "model.onnx")
    parity = check(whole, tmp_path / "model.onnx", canvas)
    assert parity.flipped_voxels < 1e-3 * np.prod(BOX)


def test_nothing_is_found_outside_the_box(canvas: torch.Tensor, tmp_path: Path) -> None:
    write_graph(_whole(1), tmp_path / "model.onnx")
    engine = Engine(tmp_path / "model.onnx", EngineSettings())
    found = engine.probabilities(canvas[0, 0].numpy())
    assert found.shape == CANVAS
    found[box_of()] = 0
    assert not found.any()


def test_export_stamps_the_manifest_with_its_digest(tmp_path: Path) -> None:
    manifest = tmp_path / "aimodel.yaml"
    manifest.write_text("# kept\nspec:\n  weights:\n    sha256: " + "0" * 64 + "\n")
    stamp_manifest(manifest, "ab" * 32)
    assert manifest.read_text() == "# kept\nspec:\n  weights:\n    sha256: " + "ab" * 32 + "\n"
