"""The validation split after an epoch: mean Dice on the network's own grid."""

from collections.abc import Sequence

import torch
from torch import nn

from meninx_models.config import Plan
from meninx_models.data.changed import Place
from meninx_models.data.prepared import Prepared
from meninx_models.evaluate.metrics import dice
from meninx_models.train.network import logits_of, window_of
from meninx_models.train.processes import gathered


def mean_dice(network: nn.Module, cases: Sequence[Prepared], plan: Plan, *, place: Place) -> float:
    """Return the mean Dice; the cases are shared out over the processes."""
    mine = range(place.rank, len(cases), place.world)
    found = gathered(place, {n: _dice(network, cases[n], plan) for n in mine})
    return sum(found[n] for n in range(len(cases))) / len(cases)


def _dice(network: nn.Module, case: Prepared, plan: Plan) -> float:
    device = next(network.parameters()).device
    image, share = case.load()
    network.eval()
    with (
        torch.inference_mode(),
        torch.autocast(device.type, torch.bfloat16, enabled=plan.precision == "bfloat16"),
    ):
        logits = logits_of(network, torch.from_numpy(image)[None, None].to(device), window_of(plan))
    found = torch.sigmoid(logits.float())[0, 0].cpu().numpy() > plan.threshold
    return dice(found, share > 0.5)
