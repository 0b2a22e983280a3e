"""Presets to networks, and the network as it is run: on the whole canvas, at its resolution."""

import torch
from monai.networks.nets import UNet
from torch import Tensor, nn
from torch.nn import functional

from meninx_models.config import Preset
from meninx_models.preprocess import BOX, CANVAS, box_of

CHANNELS = (16, 32, 64, 128, 256)
RES_UNITS: dict[Preset, int] = {"unet": 0, "unet-res2": 2}


def make_network(preset: Preset) -> nn.Module:
    """Return a fresh 3D U-Net with one output channel (logit of lesion)."""
    return UNet(
        spatial_dims=3,
        in_channels=1,
        out_channels=1,
        channels=CHANNELS,
        strides=(2, 2, 2, 2),
        num_res_units=RES_UNITS[preset],
        norm="instance",
    )


class WholeCanvas(nn.Module):
    """Canvas (n, 1, 256, 256, 256) in, probability of lesion on the same canvas out."""

    def __init__(self, network: nn.Module, millimetres: int) -> None:
        super().__init__()
        self.network = network
        self.millimetres = millimetres

    def forward(self, canvas: Tensor) -> Tensor:
        """Run the network on the canvas' box; outside of it nothing is lesion."""
        x, y, z = box_of()
        logits = self.on_box(canvas[:, :, x, y, z])
        margin = [(n - b) // 2 for n, b in zip(CANVAS, BOX, strict=True)]
        pads = [margin[2], margin[2], margin[1], margin[1], margin[0], margin[0]]
        return functional.pad(torch.sigmoid(logits), pads)

    def on_box(self, box: Tensor) -> Tensor:
        """Return logits at 1 mm for a box at 1 mm."""
        if self.millimetres == 1:
            logits: Tensor = self.network(box)
            return logits
        coarse = self.network(functional.avg_pool3d(box, self.millimetres))
        return functional.interpolate(
            coarse, scale_factor=float(self.millimetres), mode="trilinear", align_corners=False
        )
