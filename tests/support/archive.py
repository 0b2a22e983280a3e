"""An archive of the tests that answers C-FIND and C-GET, by pynetdicom on loopback."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import AE, evt
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import (
    MRImageStorage,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
)
from tests.support.dicom_peers import LOOPBACK, free_port

FIND = StudyRootQueryRetrieveInformationModelFind
GET = StudyRootQueryRetrieveInformationModelGet


@dataclass
class Archive:
    """What it holds and how it behaves."""

    images: list[Dataset]
    port: int = field(default_factory=free_port)
    sends: int | None = None
    """How many images it sends of those asked for; all if None."""
    asked: list[str] = field(default_factory=list)
    """C-FIND and C-GET requests, in order."""

    def _of(self, event: evt.Event) -> list[Dataset]:
        study = event.identifier.StudyInstanceUID
        return [image for image in self.images if image.StudyInstanceUID == study]

    def on_find(self, event: evt.Event) -> Iterator[tuple[int, Dataset | None]]:
        """Answer with the series of the study."""
        self.asked.append("find")
        counts: dict[str, int] = {}
        for image in self._of(event):
            counts[str(image.SeriesInstanceUID)] = counts.get(str(image.SeriesInstanceUID), 0) + 1
        for uid, count in counts.items():
            found = Dataset()
            found.QueryRetrieveLevel = "SERIES"
            found.SeriesInstanceUID, found.Modality = uid, "MR"
            found.NumberOfSeriesRelatedInstances = count
            yield 0xFF00, found

    def on_get(self, event: evt.Event) -> Iterator[Any]:
        """Send the study over the association."""
        self.asked.append("get")
        images = self._of(event)[: self.sends]
        yield len(images)
        for image in images:
            yield 0xFF00, image


@contextmanager
def serving_archive(
    images: Sequence[Dataset], models: Sequence[str] = (FIND, GET)
) -> Iterator[Archive]:
    """Run an archive on loopback that offers these query models."""
    archive = Archive(list(images))
    ae = AE("ARCHIVE")
    contexts = [build_context(model) for model in models]
    storage = build_context(MRImageStorage, ExplicitVRLittleEndian)
    storage.scp_role, storage.scu_role = True, True
    server = ae.start_server(
        (LOOPBACK, archive.port),
        block=False,
        contexts=[*contexts, storage],
        evt_handlers=[(evt.EVT_C_FIND, archive.on_find), (evt.EVT_C_GET, archive.on_get)],
    )
    try:
        yield archive
    finally:
        server.shutdown()
        ae.shutdown()
