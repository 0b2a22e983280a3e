"""Small studies for the threshold model, with new UIDs for each test, sent by the scanner."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from tests.demo import hospital, install, watch
from tests.e2e.site import Site
from tests.support.series import mr_series, write_series

COUNT, SIZE = 20, 64
BRIGHT, DARK = 900, 40


@dataclass(frozen=True)
class Study:
    """A study, and the hash under which the cluster knows it."""

    uid: str
    hash: str
    images: tuple[Dataset, ...]


def _uid() -> str:
    return f"2.25.{uuid.uuid4().int}"


def _ball(number: int, *, brightest: int) -> np.ndarray[Any, np.dtype[np.uint16]]:
    """Return slice `number` with a ball of 6 mm radius about the middle of the volume."""
    rows, columns = np.mgrid[:SIZE, :SIZE]
    far = (rows - 30) ** 2 + (columns - 20) ** 2 + (number - COUNT / 2) ** 2
    return np.where(far < 36, brightest, DARK).astype(np.uint16)


def make(site: Site, description: str, *, healthy: bool = False) -> Study:
    """Make a study of one series; the healthy one has no bright ball."""
    uid, brightest = _uid(), DARK if healthy else BRIGHT
    images = mr_series(
        COUNT,
        pixels=lambda k: _ball(k, brightest=brightest),
        StudyInstanceUID=uid,
        SeriesInstanceUID=_uid(),
        FrameOfReferenceUID=_uid(),
        StudyDescription=description,
        ContrastBolusAgent="Gadobutrol",
    )
    return Study(uid, watch.hash_of(site.target, uid), tuple(images))


def send(site: Site, images: Sequence[Dataset]) -> hospital.Sent:
    """Send images from the scanner; all must be taken."""
    with TemporaryDirectory(prefix="meninx-e2e-") as folder:
        files = write_series(images, Path(folder))
        there = hospital.put(site.target, files)
    # of its own accord storescu proposes no segmentations
    alone = ("--required",)
    sent = hospital.send(site.target, there, host=install.INGRESS, proposing=alone)
    assert sent.success == len(images), sent.said[-1500:]
    return sent


def in_pacs(site: Site, study: Study, modality: str) -> list[bytes]:
    """Return the study's objects of a modality as the PACS holds them."""
    with hospital.pacs(site.target) as pacs:
        return [pacs.file(instance) for instance in pacs.instances(study.uid, modality)]
