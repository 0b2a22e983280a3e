"""Names of a plan to what they stand for: MONAI's and torch's own, with the plan's parameters."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from monai import losses, transforms
from torch import Tensor
from torch.optim import SGD, Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR, ReduceLROnPlateau

from meninx_models import config as chosen
from meninx_models.config import Augmentation, Loss, Optimiser, Patch, Schedule
from meninx_models.train.loss import segmentation_loss

LossFunction = Callable[[Tensor, Tensor], Tensor]
"""Logits and lesion shares (n, 1, x, y, z) to the mean over the heads."""
BOTH = ("image", "label")


def _dice_hardest(_: Any, voxel_mm: float) -> LossFunction:
    def of_all(logits: Tensor, share: Tensor) -> Tensor:
        heads = zip(logits.split(1), share.split(1), strict=True)
        return torch.stack([segmentation_loss(*pair, voxel_mm) for pair in heads]).mean()

    return of_all


LOSSES: dict[str, Callable[[Any, float], LossFunction]] = {
    "dice": lambda c, _: losses.DiceLoss(
        sigmoid=True, smooth_nr=c.smooth, smooth_dr=c.smooth, squared_pred=c.squared
    ),
    "dice_ce": lambda c, _: losses.DiceCELoss(
        sigmoid=True, smooth_nr=c.smooth, smooth_dr=c.smooth,
        lambda_dice=c.dice_weight, lambda_ce=c.entropy_weight,
    ),
    "dice_focal": lambda c, _: losses.DiceFocalLoss(
        sigmoid=True, smooth_nr=c.smooth, smooth_dr=c.smooth, gamma=c.gamma,
        lambda_dice=c.dice_weight, lambda_focal=c.focal_weight,
    ),
    "tversky": lambda c, _: losses.TverskyLoss(
        sigmoid=True, alpha=c.false_weight, beta=c.missed_weight,
        smooth_nr=c.smooth, smooth_dr=c.smooth,
    ),
    "generalised_dice": lambda c, _: losses.GeneralizedDiceLoss(
        sigmoid=True, smooth_nr=c.smooth, smooth_dr=c.smooth
    ),
    "focal": lambda c, _: losses.FocalLoss(gamma=c.gamma),
    "cross_entropy": lambda _, __: torch.nn.BCEWithLogitsLoss(),
    "dice_hardest": _dice_hardest,
}  # fmt: skip
OPTIMISERS: dict[str, Callable[[Any, Iterable[Any]], Optimizer]] = {
    "adam": lambda c, p: Adam(p, lr=c.rate, weight_decay=c.weight_decay, betas=c.betas),
    "adamw": lambda c, p: AdamW(p, lr=c.rate, weight_decay=c.weight_decay, betas=c.betas),
    "sgd": lambda c, p: SGD(
        p, lr=c.rate, weight_decay=c.weight_decay, momentum=c.momentum, nesterov=True
    ),
}
SHARES: dict[str, Callable[[Any, float], float]] = {
    "constant": lambda _, __: 1.0,
    "cosine": lambda c, done: (
        c.last_share + (1 - c.last_share) * 0.5 * (1 + math.cos(math.pi * done))
    ),
    "poly": lambda c, done: float((1 - done) ** c.power),
}
"""What share of the rate is left when a share of the epochs is done."""
AUGMENTATIONS: dict[str, Callable[[Any], Any]] = {
    "flip": lambda c: [
        transforms.RandFlipd(BOTH, prob=c.probability, spatial_axis=axis) for axis in c.axes
    ],
    "rotation": lambda c: transforms.RandRotated(
        BOTH, *[math.radians(c.degrees)] * 3, prob=c.probability, padding_mode="zeros"
    ),
    "affine": lambda c: transforms.RandAffined(
        BOTH, prob=c.probability, rotate_range=[math.radians(c.degrees)] * 3,
        scale_range=[c.scale] * 3, shear_range=[c.shear] * 6,
        translate_range=[c.shift_voxels] * 3, padding_mode="zeros",
    ),
    "elastic": lambda c: transforms.Rand3DElasticd(
        BOTH, c.sigma_voxels, c.magnitude, prob=c.probability, padding_mode="zeros"
    ),
    "gamma": lambda c: transforms.RandAdjustContrastd(
        ["image"], prob=c.probability, gamma=c.span
    ),
    "noise": lambda c: transforms.RandGaussianNoised(
        ["image"], prob=c.probability, std=c.deviation
    ),
    "bias_field": lambda c: transforms.RandBiasFieldd(
        ["image"], prob=c.probability, coeff_range=c.strength
    ),
}  # fmt: skip


def make_loss(choice: Loss, voxel_mm: float) -> LossFunction:
    """Return the loss of a plan."""
    return LOSSES[choice.name](choice, voxel_mm)


def make_optimiser(choice: Optimiser, parameters: Iterable[Any]) -> Optimizer:
    """Return the optimiser of a plan."""
    return OPTIMISERS[choice.name](choice, parameters)


def make_schedule(
    choice: Schedule, optimiser: Optimizer, epochs: int
) -> LambdaLR | ReduceLROnPlateau:
    """Return the schedule of a plan, to be stepped once an epoch."""
    if isinstance(choice, chosen.Plateau):
        return ReduceLROnPlateau(
            optimiser, mode="max", factor=choice.factor, patience=choice.patience,
            min_lr=choice.least_rate,
        )  # fmt: skip
    return LambdaLR(optimiser, lambda epoch: rate_share(choice, epoch, epochs))


def rate_share(choice: Any, epoch: int, epochs: int) -> float:
    """Return the share of the rate in an epoch: a linear warm-up, then the schedule's own."""
    if epoch < choice.warm_up_epochs:
        return float((epoch + 1) / (choice.warm_up_epochs + 1))
    rest = max(epochs - choice.warm_up_epochs, 1)
    return SHARES[choice.name](choice, min((epoch - choice.warm_up_epochs) / rest, 1.0))


def make_augmentation(choices: Iterable[Augmentation], patch: Patch | None) -> Any:
    """Return MONAI's transforms in the plan's order, cutting to a patch at the end."""
    steps: list[Any] = []
    for choice in choices:
        made = AUGMENTATIONS[choice.name](choice)
        steps += made if isinstance(made, list) else [made]
    if patch is not None:
        steps.append(transforms.SpatialPadd(BOTH, patch.shape))
        steps.append(
            transforms.RandCropByPosNegLabeld(
                BOTH,
                "label",
                patch.shape,
                pos=patch.lesion_share,
                neg=1 - patch.lesion_share,
                num_samples=1,
            )
        )
    return transforms.Compose(steps)
