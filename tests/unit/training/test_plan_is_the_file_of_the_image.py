from typing import Any, get_args

import pytest
import yaml

from meninx.controller.training.plan import NAMES, document, text
from meninx.resources import trainingplan
from meninx.resources.trainingplan import TrainingPlan
from meninx_models.config import resolve


def made(**plan: Any) -> dict[str, Any]:
    return document(TrainingPlan.model_validate({"preset": "default"} | plan))


def test_only_what_is_said_goes_into_the_file() -> None:
    assert made() == {"preset": "default"}


WHOLE: dict[str, Any] = {
    "epochs": 3,
    "batchSize": 2,
    "seed": 7,
    "loss": "DiceFocal",
    "optimiser": {"name": "SGD", "learningRate": 0.01, "weightDecay": 0.0001},
    "schedule": {"name": "Polynomial", "warmUpEpochs": 1},
    "metrics": ["Dice", "AverageHausdorff"],
    "augmentation": ["Flip", "BiasField"],
    "mixedPrecision": False,
    "gradientCheckpointing": True,
    "earlyStopEpochs": 9,
    "more": {"data": {"broken": "skip"}},
}


def test_whole_plan_is_one_that_our_own_image_reads() -> None:
    plan = TrainingPlan.model_validate({"preset": "default"} | WHOLE)
    read = resolve(yaml.safe_load(text(plan)))
    assert (read.epochs, read.batch, read.seed) == (3, 2, 7)
    assert (read.loss.name, read.optimiser.name, read.optimiser.rate) == ("dice_focal", "sgd", 0.01)
    assert (read.schedule.name, read.precision) == ("poly", "float32")
    assert [part.name for part in read.augmentation] == ["flip", "bias_field"]
    assert read.early_stop is not None
    assert (read.early_stop.patience, read.data.broken) == (9, "skip")


@pytest.mark.parametrize("word", NAMES)
def test_each_word_of_the_resource_is_one_of_our_own_image(word: str) -> None:
    fields = {
        "loss": (get_args(trainingplan.Loss), word),
        "metrics": (get_args(trainingplan.Metric), [word]),
        "augmentation": (get_args(trainingplan.Augmentation), [word]),
        "optimiser": (("Adam", "AdamW", "SGD"), {"name": word}),
        "schedule": (("Constant", "Cosine", "Polynomial", "Plateau"), {"name": word}),
    }
    meant = {field: value for field, (words, value) in fields.items() if word in words}
    assert meant
    for field, value in meant.items():
        resolve(made(**{field: value}))
