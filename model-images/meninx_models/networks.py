"""Presets to networks, and the network as it is run: a part of the head at 1 mm in and out."""

import math
from dataclasses import dataclass

import torch
from monai.networks.nets import UNETR, UNet
from torch import Tensor, nn
from torch.nn import functional

from meninx_models.config import Preset

Size = tuple[int, int, int]

CHANNELS = (16, 32, 64, 128, 256)
"""The report's four levels, 16 filters doubling, and the bottom."""
WINDOW: Size = (96, 96, 96)
RES_UNITS: dict[Preset, int] = {"unet": 0, "unet-res2": 2, "report-unet": 2}


@dataclass(frozen=True)
class Transformer:
    """How large a UNETR is."""

    hidden: int
    heads: int
    feature: int

    @property
    def mlp(self) -> int:
        """Width of the transformer's perceptrons: four times its own, as in the paper."""
        return 4 * self.hidden


TRANSFORMERS: dict[Preset, Transformer] = {
    "report-unetr": Transformer(768, 12, 16),
    "unetr": Transformer(192, 6, 8),
}


def make_network(preset: Preset, window: Size = WINDOW) -> nn.Module:
    """Return a fresh 3D network with one output channel (logit of lesion).

    `window` is what a UNETR sees at once, in voxels (multiples of 16); a U-Net takes any size.
    """
    if preset in TRANSFORMERS:
        return _unetr(TRANSFORMERS[preset], window)
    return UNet(
        spatial_dims=3,
        in_channels=1,
        out_channels=1,
        channels=CHANNELS,
        strides=(2, 2, 2, 2),
        num_res_units=RES_UNITS[preset],
        norm="instance",
    )


def _unetr(size: Transformer, window: Size) -> nn.Module:
    return UNETR(
        in_channels=1,
        out_channels=1,
        img_size=window,
        feature_size=size.feature,
        hidden_size=size.hidden,
        mlp_dim=size.mlp,
        num_heads=size.heads,
        norm_name="instance",
        res_block=True,
    )


def expect(network: nn.Module, prior: float) -> None:
    """Make an untrained network say this probability of every voxel, or nearly."""
    convolutions = (nn.Conv3d, nn.ConvTranspose3d)
    last = [module for module in network.modules() if isinstance(module, convolutions)][-1]
    if last.bias is None or last.out_channels != 1:
        raise ValueError("the network does not end in a convolution to one channel")
    nn.init.constant_(last.bias, math.log(prior / (1 - prior)))


def is_windowed(preset: Preset) -> bool:
    """Tell whether the network sees a window of one fixed size only."""
    return preset in TRANSFORMERS


class AtOneMillimetre(nn.Module):
    """A part of the canvas (n, 1, x, y, z) in; logits and probabilities of lesion there out."""

    def __init__(self, network: nn.Module, millimetres: int) -> None:
        super().__init__()
        self.network = network
        self.millimetres = millimetres

    def forward(self, window: Tensor) -> tuple[Tensor, Tensor]:
        """Run the network at its own resolution."""
        logits = self.logits(window)
        return logits, torch.sigmoid(logits)

    def logits(self, window: Tensor) -> Tensor:
        """Return logits at 1 mm for a window at 1 mm."""
        if self.millimetres == 1:
            logits: Tensor = self.network(window)
            return logits
        coarse = self.network(functional.avg_pool3d(window, self.millimetres))
        return functional.interpolate(
            coarse, scale_factor=float(self.millimetres), mode="trilinear", align_corners=False
        )
