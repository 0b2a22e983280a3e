"""Named plans: the report's two configurations, ours, and a quick one for trying things out."""

from typing import Any

AUGMENTATION: list[dict[str, Any]] = [
    {"name": "flip"},
    {"name": "affine", "probability": 0.5},
    {"name": "elastic", "probability": 0.2},
    {"name": "gamma", "probability": 0.5},
    {"name": "bias_field", "probability": 0.3},
    {"name": "noise", "probability": 0.3},
]
REPORT: dict[str, Any] = {
    # 80/10/10, 1 mm, 256^3, [0, 1], Adam 1e-3 adjusted on the way, L2 1e-5, 200 epochs
    "epochs": 200,
    "input": {"kind": "grid", "spacing_mm": 1.0, "shape": [256, 256, 256], "percentiles": [0, 100]},
    "loss": {"name": "dice_ce"},
    "optimiser": {"name": "adam", "rate": 1e-3, "weight_decay": 1e-5},
    "schedule": {"name": "plateau"},
    "augmentation": [
        {"name": "rotation"},
        {"name": "affine"},
        {"name": "elastic"},
        {"name": "gamma"},
        {"name": "noise"},
    ],
    "average": 0.0,
    "early_stop": None,
}
PLANS: dict[str, dict[str, Any]] = {
    "default": {"augmentation": AUGMENTATION},
    "report-unet": {**REPORT, "network": "report-unet", "batch": 48},
    "report-unetr": {
        **REPORT,
        "network": "report-unetr",
        "batch": 1,
        "gradient_checkpointing": True,
        "patch": {"shape": [96, 96, 96]},
    },
    "quick": {
        "epochs": 10,
        "input": {"kind": "head", "millimetres": 2},
        "augmentation": [{"name": "flip"}, {"name": "gamma"}],
        "average": 0.9,
        "early_stop": None,
        # bfloat16 of oneDNN gave gradients that were no numbers on volumes of 32^3
        "precision": "float32",
    },
}
"""What was not said in the report (its loss, how the rate was adjusted, the share of each change) is ours."""
