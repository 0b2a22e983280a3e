from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from meninx_models.card import write_card
from meninx_models.recipe import Config, Stage, read_config
from meninx_models.evaluate.lesions import score_head
from meninx_models.evaluate.summary import summarise, summarise_healthy

MODEL = Path(__file__).parents[3] / "model-images" / "unet-meningioma"


def _card(folder: Path) -> str:
    lesion, nothing = np.zeros((30, 30, 30), bool), np.zeros((30, 30, 30), bool)
    lesion[5:17, 5:17, 5:17] = True
    scores = [
        score_head(1, lesion, lesion, (1.0, 1.0, 1.0)),
        score_head(2, nothing, nothing, (1.0, 1.0, 1.0)),
    ]
    report = {
        "weights_sha256": "ab" * 32,
        "rows": [asdict(row) for row in summarise(scores)],
        "healthy": asdict(summarise_healthy(scores)),
        "parity": None,
        "heads": [asdict(score) for score in scores],
    }
    config = Config(stages=(Stage(name="one", millimetres=2, steps=7, rate=0.1),))
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
    assert "Healthy heads: 1, of which 1 with nothing found" in text
    assert "7 steps at 2 mm" in text


def test_shipped_plan_keeps_test_heads_out_of_training() -> None:
    config = read_config(MODEL / "config.yaml")
    train = range(config.first_seed, config.first_seed + config.heads)
    test = range(config.test_first_seed, config.test_first_seed + config.test_heads)
    assert not set(train) & set(test)
    assert config.test_heads >= 40


def test_unknown_setting_in_a_plan_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("stages: []\nlearning_rate: 1\n")
    with pytest.raises(ValidationError, match="learning_rate"):
        read_config(tmp_path / "config.yaml")
