"""What made a result, in the words that SEG and SR need."""

import datetime as dt
from dataclasses import dataclass

from meninx.resources import names

MANUFACTURER = "Meninx"
MACHINE_MADE = "machine-made"
_LO_LENGTH = 64


@dataclass(frozen=True)
class Part:
    """One step of the pipeline that a result came through."""

    name: str
    image: str
    model: str | None = None
    """Name and version of its AIModel; None for a plain image."""
    weights_sha256: str | None = None
    skipped: bool = False
    """True where its condition did not hold: it had no part in the result."""

    def said(self) -> str:
        """Return what the step was, in one line."""
        weights = f"weights_sha256 {self.weights_sha256}" if self.weights_sha256 else None
        skipped = "skipped" if self.skipped else None
        known = (skipped, self.model, f"image {self.image}", weights)
        return "; ".join(part for part in known if part)


@dataclass(frozen=True)
class Maker:
    """The model that made a result, and the pipeline that it is part of."""

    name: str
    title: str
    """Name that a radiologist sees."""
    version: str
    image: str
    """Container image, best with its digest."""
    weights_sha256: str | None
    software: str
    """Version of Meninx."""
    pipeline: str | None = None
    """Name and version of the pipeline."""
    steps: tuple[Part, ...] = ()
    engine: str | None = None
    """What computed it: engine, version, precision and device, as the model tells."""

    @property
    def digest(self) -> str:
        """What tells this maker from every other: the weights' digest, else the image.

        Of a pipeline a digest of all of its steps: none of them made the result alone.
        """
        if self.steps:
            return names.digest(*(part.said() for part in self.steps))
        return self.weights_sha256 or self.image

    def parameters(self) -> dict[str, str]:
        """Return the algorithm's parameters (PS3.3 C.8.20.3.2, Algorithm Parameters)."""
        weights = {"weights_sha256": self.weights_sha256} if self.weights_sha256 else {}
        pipeline = {"pipeline": self.pipeline} if self.pipeline else {}
        steps = {f"step {part.name}": part.said() for part in self.steps}
        engine = {"engine": self.engine} if self.engine else {}
        return {"model": self.name, "image": self.image} | weights | engine | pipeline | steps

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
