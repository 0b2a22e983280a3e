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
    "prior": None,
}
DESCRIPTIONS: dict[str, str] = {
    "unet": "A MONAI 3D U-Net (4 levels, 16 filters doubling to 256, instance normalisation)",
    "unet-res2": "A MONAI 3D U-Net as `unet`, with 2 residual units a level",
    "report-unet": "The report's MONAI 3D U-Net (4 levels, 16 filters doubling to 256, 2 residual units)",
    "unetr": (
        "A MONAI UNETR (12 transformer layers over patches of 16^3, hidden size 192, 6 heads; "
        "a convolutional decoder that begins with 8 features)"
    ),
    "report-unetr": (
        "The report's MONAI UNETR (12 transformer layers over patches of 16^3, hidden size 768, "
        "12 heads; a convolutional decoder that begins with 16 features)"
    ),
}
"""What a card calls each."""
PRIORS = {"unet-res2": 0.01, "unetr": 0.01, "report-unet": 0.01, "report-unetr": 0.01}
"""By network, where a plan says nothing of it. `unetr` and `unet-res2` stood still for hundreds of steps at one half;
the report's are the same networks, the UNETR a larger one."""
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
