import json
from pathlib import Path

import nibabel
import numpy as np
import pytest
from tests.unit.models.heads import RAS, head

from meninx_models import contract
from meninx_models.infer.predict import Predicted
from meninx_models.infer.run import run
from meninx_models.infer.uncertainty import uncertainty
from meninx_models.preprocess import Volume

UNET = Path(__file__).parents[3] / "model-images" / "unet-meningioma" / "weights"


def _share(inside: float, rim: float) -> tuple[Volume, Volume]:
    share = np.zeros((24, 24, 24), np.float32)
    share[6:18, 6:18, 6:18] = rim
    share[8:16, 8:16, 8:16] = inside
    return share, (share > 0.5).astype(np.float32)


def test_clear_finding_is_not_flagged() -> None:
    share, kept = _share(0.99, 0.02)
    sure = uncertainty(Predicted(share), kept, threshold=0.5)
    assert (sure.flagged, sure.near_threshold_share, sure.flip_dice) == (False, 0.0, None)


def test_finding_near_the_threshold_is_flagged_with_why() -> None:
    share, kept = _share(0.55, 0.45)
    sure = uncertainty(Predicted(share), kept, threshold=0.5)
    assert sure.flagged
    assert "near the threshold" in sure.why
    assert sure.mean_entropy_bits > 0.9


def test_mirrored_head_that_disagrees_is_flagged() -> None:
    share, kept = _share(0.99, 0.02)
    sure = uncertainty(Predicted(share, share, np.roll(share, 5, 0)), kept, threshold=0.5)
    assert sure.flip_dice == pytest.approx(3 / 8)
    assert "mirrored head" in sure.why


def test_nothing_found_is_sure_unless_the_mirror_finds_something() -> None:
    nothing = np.zeros((24, 24, 24), np.float32)
    assert not uncertainty(Predicted(nothing), nothing, threshold=0.5).flagged
    share, _ = _share(0.99, 0.02)
    sure = uncertainty(Predicted(share / np.float32(2), share, nothing), nothing, threshold=0.5)
    assert (sure.flagged, sure.flip_dice) == (True, 0.0)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "in").mkdir()
    nibabel.save(nibabel.Nifti1Image(head()[0], RAS), tmp_path / "in" / "t1c.nii")
    return {
        contract.INPUT_ENV: str(tmp_path / "in"),
        contract.OUTPUT_ENV: str(tmp_path / "out"),
        "INFERENCE_NUM_THREADS": "1",
    }


def test_result_names_engine_mode_and_uncertainty(environment: dict[str, str]) -> None:
    assert run(UNET, environment | {"MENINX_PRECISION": "f32", "MENINX_FLIPS": "1"}) == 0
    result = json.loads((Path(environment[contract.OUTPUT_ENV]) / "result.json").read_text())
    assert result["engine"]["engine"] == "openvino"
    assert (result["engine"]["precision"], result["engine"]["checked"]) == ("f32", True)
    # a CPU without bfloat16 would have chosen the same
    assert any(why in result["engine"]["reason"] for why in ("MENINX_PRECISION", "no bfloat16"))
    assert result["mode"] == {"name": "whole", "window": None, "flips": True}
    assert result["uncertainty"]["flagged"] in {True, False}


def test_probability_map_is_written_on_request_on_the_inputs_grid(
    environment: dict[str, str],
) -> None:
    out = Path(environment[contract.OUTPUT_ENV])
    assert run(UNET, environment | {"MENINX_WINDOW": "96"}) == 0
    assert not (out / contract.PROBABILITY_FILE).exists()
    assert run(UNET, environment | {"MENINX_PROBABILITY": "1"}) == 0
    share = nibabel.load(out / contract.PROBABILITY_FILE)
    assert np.allclose(share.affine, RAS)
    assert share.shape == head()[0].shape
    values = np.asarray(share.dataobj)
    assert 0 <= values.min() <= values.max() <= 1


def test_knee_by_its_header_is_refused_before_the_image_is_read(
    environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    facts = {"name": "t1c", "acquisition": {"Modality": "MR", "BodyPartExamined": "KNEE"}}
    study = Path(environment[contract.INPUT_ENV]) / "study.json"
    study.write_text(json.dumps({"channels": [facts]}))
    assert run(UNET, environment) == contract.EXIT_NOT_FOR_MODEL
    assert "KNEE" in capsys.readouterr().err


def test_head_without_contrast_agent_ends_with_65_unless_asked(environment: dict[str, str]) -> None:
    plain = np.where(head()[0] > 200, 400, 2).astype(np.float32)
    nibabel.save(nibabel.Nifti1Image(plain, RAS), Path(environment[contract.INPUT_ENV]) / "t1c.nii")
    assert run(UNET, environment) == contract.EXIT_NOT_FOR_MODEL
    assert run(UNET, environment | {"MENINX_ANY_CONTRAST": "1"}) == contract.EXIT_DONE
