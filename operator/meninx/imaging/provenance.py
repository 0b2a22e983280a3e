"""What made a result, in the words that SEG and SR need."""

import datetime as dt
from dataclasses import dataclass

MANUFACTURER = "Meninx"
MACHINE_MADE = "machine-made"
_LO_LENGTH = 64


@dataclass(frozen=True)
class Maker:
    """The model that made a result."""

    name: str
    title: str
    """Name that a radiologist sees."""
    version: str
    image: str
    """Container image, best with its digest."""
    weights_sha256: str | None
    software: str
    """Version of Meninx."""

    @property
    def digest(self) -> str:
        """What tells this model from every other: the weights' digest, else the image."""
        return self.weights_sha256 or self.image

    def parameters(self) -> dict[str, str]:
        """Return the algorithm's parameters (PS3.3 C.8.20.3.2, Algorithm Parameters)."""
        weights = {"weights_sha256": self.weights_sha256} if self.weights_sha256 else {}
        return {"model": self.name, "image": self.image} | weights

    def series_description(self, what: str) -> str:
        """Return a series description that names the model and says that a machine made it."""
        tail = f" {self.version} {what} ({MACHINE_MADE})"
        return self.title[: _LO_LENGTH - len(tail)] + tail


@dataclass(frozen=True)
class Identity:
    """How a result object is known; the same work gives the same identity."""

    series_instance_uid: str
    sop_instance_uid: str
    device_uid: str
    """UID of the observing device: the model."""
    dimension_uid: str
    """UID of the segmentation's dimension organization."""
    tracking_uids: tuple[str, ...]
    """One for each label, shared by SEG and SR."""
    created: dt.datetime
