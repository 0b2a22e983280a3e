"""A scanner and a PACS of the tests, by pynetdicom on loopback."""

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import AE, _config, evt
from pynetdicom.association import Association
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import MRImageStorage, Verification

from meninx.peers.dimse import ClosingAe
from meninx.store.filemeta import FileMeta, encode_file_meta
from meninx.store.writer import Encoded

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """Return a port of loopback that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


@contextmanager
def associated(
    port: int,
    *,
    called: str = "MENINX",
    calling: str = "SCANNER1",
    classes: Sequence[str] = (MRImageStorage, Verification),
    transfer_syntax: str = ExplicitVRLittleEndian,
) -> Iterator[Association]:
    """Yield an association (or what became of the wish for one) and release it after."""
    ae = ClosingAe(calling)
    ae.connection_timeout = ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 20
    for sop_class in classes:
        ae.add_requested_context(sop_class, transfer_syntax)
    association = ae.associate(LOOPBACK, port, ae_title=called)
    try:
        yield association
    finally:
        if association.is_established:
            association.release()


def send_slice(association: Association, ds: Dataset) -> int | None:
    """Send one data set; return the status, None where there was none."""
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    answer = association.send_c_store(ds)
    return int(answer.Status) if "Status" in answer else None


def send_bytes(association: Association, encoded: Encoded, folder: Path) -> int | None:
    """Send a data set's very bytes; return the status, None where there was none."""
    who = encoded.identity
    meta = FileMeta(who.sop_class_uid, who.sop_instance_uid, encoded.transfer_syntax_uid, "", None)
    path = folder / "to-send.dcm"
    path.write_bytes(encode_file_meta(meta) + encoded.dataset)
    _config.STORE_SEND_CHUNKED_DATASET = True
    answer = association.send_c_store(path)
    return int(answer.Status) if "Status" in answer else None


@dataclass
class FakePacs:
    """A PACS that answers what a test says, and remembers what it took."""

    port: int
    taken: list[str] = field(default_factory=list)
    """SOP Instance UIDs that it answered with success or a warning, in order."""
    answers: list[int] = field(default_factory=list)
    """Statuses to answer next; success when there are none left."""

    def _on_store(self, event: evt.Event) -> int:
        status = self.answers.pop(0) if self.answers else 0x0000
        if status == 0x0000 or status >> 12 == 0xB:
            self.taken.append(str(event.request.AffectedSOPInstanceUID))
        return status


@contextmanager
def fake_pacs(
    port: int | None = None,
    *,
    classes: Sequence[str] = (MRImageStorage,),
    transfer_syntaxes: Sequence[str] = (ExplicitVRLittleEndian,),
    answers: Sequence[int] = (),
    title: str = "PACS",
    handler: Callable[[evt.Event], Any] | None = None,
) -> Iterator[FakePacs]:
    """Run a PACS on loopback."""
    pacs = FakePacs(port or free_port(), answers=list(answers))
    ae = AE(title)
    ae.require_called_aet = True
    contexts = [build_context(uid, list(transfer_syntaxes)) for uid in classes]
    server = ae.start_server(
        (LOOPBACK, pacs.port),
        block=False,
        contexts=[build_context(Verification), *contexts],
        evt_handlers=[(evt.EVT_C_STORE, handler or pacs._on_store)],
    )
    try:
        yield pacs
    finally:
        server.shutdown()
        ae.shutdown()
