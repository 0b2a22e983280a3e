from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from pydantic import ValidationError

from meninx_models.card import write_card
from meninx_models.config import Preset
from meninx_models.evaluate.lesions import score_head
from meninx_models.evaluate.summary import report_of
from meninx_models.presets import DESCRIPTIONS
from meninx_models.recipe import Config, Stage, read_config

MODEL = Path(__file__).parents[3] / "model-images" / "unet-meningioma"


PLAN = Config(stages=(Stage(name="one", millimetres=2, steps=7, rate=0.1),))


def _card(folder: Path, config: Config = PLAN, refused: dict[int, str] | None = None) -> str:
    lesion, nothing = np.zeros((30, 30, 30), bool), np.zeros((30, 30, 30), bool)
    lesion[5:17, 5:17, 5:17] = True
    scores = [
        score_head(1, lesion, lesion, (1.0, 1.0, 1.0)),
        score_head(2, nothing, nothing, (1.0, 1.0, 1.0)),
    ]
    report = {
        "weights_sha256": "ab" * 32, "parity": None, **report_of(scores), "refused": refused,
        "unseen": report_of(scores[1:]),
    }  # fmt: skip
    write_card(folder / "MODEL_CARD.md", config, report)
    return (folder / "MODEL_CARD.md").read_text()


def test_card_warns_before_anything_else(tmp_path: Path) -> None:
    first = _card(tmp_path).splitlines()[2]
    assert "Trained on phantoms" in first
    assert "Not for clinical use" in first


def test_card_shows_each_size_class_and_the_healthy(tmp_path: Path) -> None:
    text = _card(tmp_path)
    assert "| 1 to 10 mL | 1 | 1 | 1.00 | 1.00 | 0.0 | 0.0 | 1.00 | 0.00 |" in text
    assert "| over 10 mL | 0 | 0 | none | none |" in text
    assert "1 to 3 mL: 1 of 1" in text
    assert "Healthy heads: 1, of which 1 with nothing found" in text
    assert "7 steps at 2 mm" in text


def test_card_tells_the_unseen_template_from_that_of_training(tmp_path: Path) -> None:
    unseen, seen = _card(tmp_path).split("**The template of training**")
    assert "1 heads with seeds 910000 to" in unseen
    assert "| all | 0 | 0 | none |" in unseen
    assert "2 heads with seeds 900000 to" in seen


@pytest.mark.parametrize("name", ["unet-meningioma", "unetr-meningioma"])
def test_shipped_plan_keeps_test_heads_out_of_training(name: str) -> None:
    config = read_config(MODEL.with_name(name) / "config.yaml")
    train = range(config.first_seed, config.first_seed + config.heads)
    test = range(config.test_first_seed, config.test_first_seed + config.test_heads)
    unseen = range(config.unseen_first_seed, config.unseen_first_seed + config.unseen_heads)
    assert not set(train) & (set(test) | set(unseen) | set(config.unseen_also))
    assert min(config.test_heads, config.unseen_heads) >= 60


def test_card_names_the_heads_that_were_refused(tmp_path: Path) -> None:
    text = _card(tmp_path, refused={900001: "nothing in the head enhances (0.3 mL): give more"})
    assert "counted as nothing found: 1 of 2; 900001: nothing in the head enhances." in text


def test_card_of_a_unetr_says_what_it_sees_at_once(tmp_path: Path) -> None:
    stage = Stage(name="one", millimetres=2, steps=7, rate=0.1)
    config = Config(preset="unetr", window=(64, 64, 64), bfloat16=False, stages=(stage,))
    text = _card(tmp_path, config)
    assert "UNETR" in text
    assert "at 2 mm, windows of 128 x 128 x 128 mm" in text
    assert "whole heads" not in text


def test_card_of_a_unetr_that_sees_the_box_at_once_says_so(tmp_path: Path) -> None:
    stage = Stage(
        name="one", millimetres=2, steps=7, rate=0.1, lesion_ml=(0.5, 10), lesion_ml_share=0.3
    )
    text = _card(tmp_path, Config(preset="unetr", window=(80, 112, 96), stages=(stage,)))
    assert "one pass over 160 x 224 x 192 mm around the head" in text
    assert "whole heads, bfloat16" in text
    assert "7 steps at 2 mm (30% of them on heads with 0.5 to 10 mL of lesion)" in text


def test_unknown_setting_in_a_plan_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("stages: []\nlearning_rate: 1\n")
    with pytest.raises(ValidationError, match="learning_rate"):
        read_config(tmp_path / "config.yaml")


def test_every_network_has_a_name_for_its_card() -> None:
    assert set(DESCRIPTIONS) == set(get_args(Preset))
