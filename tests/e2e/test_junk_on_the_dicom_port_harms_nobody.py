import socket
import uuid
from collections.abc import Iterator

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import BasicTextSRStorage, ExplicitVRLittleEndian
from pynetdicom import AE
from pynetdicom.sop_class import Verification
from tests.demo import hospital
from tests.e2e.site import NAMESPACE, Site

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120, func_only=True)]
JUNK = {
    "noise": bytes(range(256)) * 8,
    "a web browser": b"GET / HTTP/1.1\r\nHost: meninx\r\n\r\n",
    "a truncated association": bytes.fromhex("0100000000cd00010000"),
    "a giant length": bytes.fromhex("0400ffffffff0000"),
}


@pytest.fixture
def port(site: Site) -> Iterator[int]:
    """Return a local port that leads to the DICOM port."""
    with hospital.forwarded(site.target, NAMESPACE, "meninx-ingress", 11112) as port:
        yield port


def _echo(port: int, called: str = "MENINX") -> tuple[bool, int | None]:
    ae = AE("SCANNER")
    ae.add_requested_context(Verification)
    association = ae.associate("127.0.0.1", port, ae_title=called)
    if not association.is_established:
        return False, getattr(association.acceptor.primitive, "diagnostic", None)
    status = association.send_c_echo().get("Status")
    association.release()
    return True, status


def _restarts(site: Site) -> str:
    path = "jsonpath={.items[*].status.containerStatuses[*].restartCount}"
    return site.kubectl("get", "pods", "-l", "app.kubernetes.io/component=ingress", "-o", path)


@pytest.mark.parametrize("junk", JUNK.values(), ids=JUNK)
def test_junk_leaves_the_service_unharmed(site: Site, port: int, junk: bytes) -> None:
    before = _restarts(site)
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(junk)
    assert _echo(port) == (True, 0x0000)
    assert _restarts(site) == before


def test_unknown_called_title_is_rejected_as_such(port: int) -> None:
    established, diagnostic = _echo(port, called="SOMEBODY")
    assert not established
    assert diagnostic == 7


def test_object_that_is_no_image_is_told_so(port: int) -> None:
    report = Dataset()
    report.file_meta = FileMetaDataset()
    report.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    report.SOPClassUID = BasicTextSRStorage
    report.SOPInstanceUID = report.StudyInstanceUID = f"2.25.{uuid.uuid4().int}"
    report.SeriesInstanceUID = f"2.25.{uuid.uuid4().int}"
    ae = AE("SCANNER")
    ae.add_requested_context(BasicTextSRStorage)
    association = ae.associate("127.0.0.1", port, ae_title="MENINX")
    assert association.is_established
    assert association.send_c_store(report).Status == 0x0122
    association.release()
