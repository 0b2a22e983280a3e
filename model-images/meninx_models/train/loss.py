"""What training makes small: overlap over the head, and the worst voxels' cross-entropy."""

import torch
from torch import Tensor
from torch.nn import functional

DICE_SMOOTH_ML = 0.4
HARD_SHARE = 0.01


def segmentation_loss(logits: Tensor, share: Tensor, millimetres: float) -> Tensor:
    """Return soft Dice plus cross-entropy of the hardest voxels; `share` is 0 to 1, may be soft.

    The smoothing term makes a healthy head count: its loss grows with the volume of what is found.
    """
    logits, share = logits.float(), share.float()
    found = torch.sigmoid(logits)
    smooth = DICE_SMOOTH_ML * 1000 / millimetres**3
    overlap = 2 * (found * share).sum() + smooth
    dice = 1 - overlap / (found.sum() + share.sum() + smooth)
    entropy = functional.binary_cross_entropy_with_logits(logits, share, reduction="none").flatten()
    hardest = entropy.topk(max(1, int(HARD_SHARE * entropy.numel()))).values
    return dice + hardest.mean()
