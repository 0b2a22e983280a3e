from pathlib import Path

import numpy as np
import pytest
import torch

from meninx_models.config import Preset
from meninx_models.export import (
    WINDOW_TOLERANCE,
    check,
    eager_logits,
    export_network,
    in_blocks,
    stamp_manifest,
    window_gap,
    window_of,
    write_graph,
    write_program,
)
from meninx_models.infer.artefact import Facts
from meninx_models.infer.choice import EngineChoice
from meninx_models.infer.engine import open_engine
from meninx_models.infer.torch_gpu import Torch
from meninx_models.networks import AtOneMillimetre, Size, make_network
from meninx_models.preprocess import Volume

pytestmark = [
    pytest.mark.torch,
    pytest.mark.timeout(300),
    # torch announces the end of tracing, by which both exporters here work
    pytest.mark.filterwarnings("ignore"),
]

SMALL: Size = (64, 48, 48)
PRESETS: tuple[Preset, ...] = ("unet", "report-unet", "unetr", "report-unetr")


def _noise(shape: Size) -> Volume:
    values: Volume = torch.rand(shape, generator=torch.Generator().manual_seed(1)).numpy()
    return values


def _network(preset: Preset, millimetres: int = 1) -> AtOneMillimetre:
    torch.manual_seed(3)
    whole = AtOneMillimetre(make_network(preset, SMALL), millimetres)
    whole.eval()
    return whole


def _facts(preset: Preset, window: Size | None) -> Facts:
    return Facts("one", "1", preset, 1, 0.5, 0.1, "", window)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_agrees_tightly_with_eager(preset: Preset, tmp_path: Path) -> None:
    whole = _network(preset)
    write_graph(whole, tmp_path / "model.onnx", SMALL, fixed=True)
    assert window_gap(whole, tmp_path / "model.onnx", _noise(SMALL)) < WINDOW_TOLERANCE


def test_attention_over_few_tokens_agrees_as_tightly(tmp_path: Path) -> None:
    """Twelve tokens: OpenVINO's fused attention was wrong there by 0.04."""
    torch.manual_seed(3)
    few: Size = (48, 32, 32)
    whole = AtOneMillimetre(make_network("report-unetr", few), 1).eval()
    write_graph(whole, tmp_path / "model.onnx", few, fixed=True)
    assert window_gap(whole, tmp_path / "model.onnx", _noise(few)) < WINDOW_TOLERANCE


@pytest.mark.parametrize("millimetres", [1, 2])
def test_graph_of_any_size_gives_the_same_mask_on_a_larger_box(
    tmp_path: Path, millimetres: int
) -> None:
    whole = _network("unet", millimetres)
    write_graph(whole, tmp_path / "model.onnx", (64, 64, 64))
    box = _noise((96, 128, 96))
    parity = check(whole, tmp_path / "model.onnx", box)
    assert parity.flipped_voxels < 1e-3 * box.size
    assert parity.window_logit < WINDOW_TOLERANCE
    assert parity.agrees


def test_graph_of_another_network_is_told_by_its_mask_too(tmp_path: Path) -> None:
    whole = _network("unet")
    torch.manual_seed(4)
    other = AtOneMillimetre(make_network("unet"), 1).eval()
    write_graph(other, tmp_path / "other.onnx", SMALL)
    parity = check(whole, tmp_path / "other.onnx", _noise(SMALL), part=(48, 48, 48))
    assert parity.clear_flips > 100
    assert not parity.agrees


@pytest.mark.parametrize(("preset", "window"), [("unet", None), ("unetr", SMALL)], ids=str)
def test_export_leaves_a_check_that_its_engine_passes(
    preset: Preset, window: Size | None, tmp_path: Path
) -> None:
    facts = export_network(_network(preset), tmp_path, _facts(preset, window), _noise((64, 64, 64)))
    engine = open_engine(tmp_path, {})
    assert engine.checked
    assert len(facts.sha256) == 64


def test_graph_in_half_precision_is_half_as_large_and_answers_as_the_rounded_network(
    tmp_path: Path,
) -> None:
    whole = _network("unetr")
    whole.network.half().float()
    sizes = []
    for half in (False, True):
        asked = _facts("unetr", SMALL)
        export_network(whole, tmp_path, asked, _noise((64, 64, 64)), half=half)
        sizes.append((tmp_path / "model.onnx").stat().st_size)
    assert sizes[1] < 0.55 * sizes[0]
    assert open_engine(tmp_path, {}).checked
    assert window_gap(whole, tmp_path / "model.onnx", _noise(SMALL)) < WINDOW_TOLERANCE


def test_stored_check_is_of_blocks_that_the_network_averages() -> None:
    window = _noise(SMALL)
    kept = in_blocks(window, 2)
    assert kept.shape == SMALL
    assert np.ptp(kept[2:4, 4:6, 6:8]) == 0
    assert kept[3, 5, 7] == pytest.approx(window[2:4, 4:6, 6:8].mean())


def test_check_tells_one_network_from_another(tmp_path: Path) -> None:
    export_network(_network("unet"), tmp_path, _facts("unet", None), _noise((64, 64, 64)))
    torch.manual_seed(4)
    other = AtOneMillimetre(make_network("unet"), 1).eval()
    write_graph(other, tmp_path / "other.onnx", SMALL)
    assert not open_engine(tmp_path, {}, tmp_path / "other.onnx").checked


def test_torch_program_answers_as_the_network_it_came_from(tmp_path: Path) -> None:
    """The GPU's engine, on the CPU: no GPU is at hand in tests."""
    whole = _network("unet")
    write_program(whole, tmp_path, SMALL)
    choice = EngineChoice("torch", "GPU", "f32", torch.__version__, 1, "a test")
    engine = Torch(tmp_path, choice, device="cpu")
    found = engine.run("logits", _noise(SMALL)[None, None])[0, 0]
    assert np.abs(found - eager_logits(whole, _noise(SMALL))).max() < WINDOW_TOLERANCE


def test_windowed_presets_say_what_they_take_at_once() -> None:
    assert window_of("unet", 1) is None
    assert window_of("unetr", 2, (64, 64, 64)) == (128, 128, 128)


def test_shipped_unetr_is_small_enough_to_commit() -> None:
    parameters = sum(p.numel() for p in make_network("unetr", (64, 64, 64)).parameters())
    assert 2 * parameters < 40_000_000


def test_export_stamps_the_manifest_with_its_digest(tmp_path: Path) -> None:
    manifest = tmp_path / "aimodel.yaml"
    manifest.write_text("# kept\nspec:\n  weights:\n    sha256: " + "0" * 64 + "\n")
    stamp_manifest(manifest, "ab" * 32)
    assert manifest.read_text() == "# kept\nspec:\n  weights:\n    sha256: " + "ab" * 32 + "\n"
