"""The network of a plan as it is trained, averaged and asked."""

from functools import partial

import torch
from monai.inferers import sliding_window_inference
from monai.networks.blocks import Convolution, ResidualUnit, TransformerBlock, UnetrBasicBlock
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel
from torch.utils.checkpoint import checkpoint

from meninx_models.config import Plan
from meninx_models.data.prepared import shape_of
from meninx_models.networks import expect, is_windowed, make_network

OVERLAP = 0.25
RECOMPUTED = (Convolution, ResidualUnit, TransformerBlock, UnetrBasicBlock)
Size = tuple[int, int, int]


def window_of(plan: Plan) -> Size | None:
    """Return what the network sees at once, or None when it takes whole volumes."""
    if plan.patch is not None:
        return plan.patch.shape
    x, y, z = shape_of(plan)
    return (x, y, z) if is_windowed(plan.network) else None


def new_network(plan: Plan) -> nn.Module:
    """Return a fresh network of a plan, the same for the same seed."""
    torch.manual_seed(plan.seed)
    window = window_of(plan)
    network = make_network(plan.network, window) if window else make_network(plan.network)
    if plan.prior is not None:
        expect(network, plan.prior)
    return network


def averaged(network: nn.Module, share: float) -> AveragedModel:
    """Return the network's averaged weights; the first steps count more than they later do."""

    def update(old: Tensor, new: Tensor, count: Tensor | int) -> Tensor:
        kept = min(share, (1 + float(count)) / (10 + float(count)))
        return old * kept + new * (1 - kept)

    return AveragedModel(network, avg_fn=update)


def recompute(network: nn.Module) -> None:
    """Make the network's blocks forget what is inside them until the backward pass."""
    inside: set[nn.Module] = set()
    for module in network.modules():
        if isinstance(module, RECOMPUTED) and module not in inside:
            inside.update(module.modules())
            module.forward = partial(checkpoint, module.forward, use_reentrant=False)


def logits_of(network: nn.Module, image: Tensor, window: Size | None) -> Tensor:
    """Return logits for whole volumes (n, 1, x, y, z): in one pass, or window by window."""
    if window is None or tuple(image.shape[2:]) == window:
        answer: Tensor = network(image)
        return answer
    slid: Tensor = sliding_window_inference(
        image, window, 1, network, overlap=OVERLAP, mode="gaussian"
    )
    return slid


class Sliding(nn.Module):
    """A network that takes volumes of any size."""

    def __init__(self, network: nn.Module, window: Size | None) -> None:
        super().__init__()
        self.network, self.window = network, window

    def forward(self, image: Tensor) -> Tensor:
        """Return logits."""
        return logits_of(self.network, image, self.window)
