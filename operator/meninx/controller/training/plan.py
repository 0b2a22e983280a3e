"""The plan of a TrainingJob as the file that its image reads (pure)."""

from collections.abc import Callable, Iterable
from typing import Any

import yaml

from meninx.resources.trainingplan import Optimiser, Schedule, TrainingPlan

NAMES = {
    "Dice": "dice",
    "DiceCE": "dice_ce",
    "DiceFocal": "dice_focal",
    "DiceHardest": "dice_hardest",
    "GeneralisedDice": "generalised_dice",
    "Tversky": "tversky",
    "Focal": "focal",
    "CrossEntropy": "cross_entropy",
    "AverageHausdorff": "average_hausdorff_mm",
    "HD95": "hd95_mm",
    "Sensitivity": "sensitivity",
    "Specificity": "specificity",
    "LesionDice": "lesion_dice",
    "LesionRecall": "recall",
    "FalseLesions": "false_lesions",
    "Adam": "adam",
    "AdamW": "adamw",
    "SGD": "sgd",
    "Constant": "constant",
    "Cosine": "cosine",
    "Polynomial": "poly",
    "Plateau": "plateau",
    "Flip": "flip",
    "Rotation": "rotation",
    "Affine": "affine",
    "Elastic": "elastic",
    "Gamma": "gamma",
    "Noise": "noise",
    "BiasField": "bias_field",
}
"""Words of the resource and of the file."""


def _part(name: str, **fields: Any) -> dict[str, Any]:
    return {
        "name": NAMES[name],
        **{key: value for key, value in fields.items() if value is not None},
    }


def _optimiser(it: Optimiser) -> dict[str, Any]:
    return _part(it.name, rate=it.learning_rate, weight_decay=it.weight_decay)


def _schedule(it: Schedule) -> dict[str, Any]:
    return _part(it.name, warm_up_epochs=it.warm_up_epochs)


def _words(names: Iterable[str]) -> list[str]:
    return [NAMES[name] for name in names]


_FIELDS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "preset": ("preset", str),
    "epochs": ("epochs", int),
    "batch_size": ("batch", int),
    "seed": ("seed", int),
    "loss": ("loss", _part),
    "optimiser": ("optimiser", _optimiser),
    "schedule": ("schedule", _schedule),
    "metrics": ("metrics", _words),
    "augmentation": ("augmentation", lambda names: [_part(name) for name in names]),
    "mixed_precision": ("precision", lambda mixed: "bfloat16" if mixed else "float32"),
    "gradient_checkpointing": ("gradient_checkpointing", bool),
    "early_stop_epochs": ("early_stop", lambda epochs: {"patience": epochs}),
}
"""By field of the resource: the file's field, and what makes its value."""


def document(plan: TrainingPlan) -> dict[str, Any]:
    """Return what the file says: only what the resource does, the named plan keeps the rest."""
    said = {
        theirs: make(value)
        for ours, (theirs, make) in _FIELDS.items()
        if (value := getattr(plan, ours)) is not None
    }
    return {**said, **plan.more}


def text(plan: TrainingPlan) -> str:
    """Return the file."""
    return yaml.safe_dump(document(plan), sort_keys=True)
