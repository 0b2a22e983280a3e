"""Case O-03: outer spaces of an AE title don't count, case does."""

import socket
import struct

import pytest
from tests.support.dicom_peers import LOOPBACK, associated, send_slice
from tests.support.make import STUDY_UID
from tests.support.series import mr_slice

from meninx.ingress import metrics
from meninx.ingress.listener import Listener
from meninx.store.store import Store


@pytest.mark.parametrize("called", ["MENINX", "MENINX ", " MENINX"], ids=["plain", "end", "front"])
def test_called_title_with_outer_spaces_is_accepted(listener: Listener, called: str) -> None:
    with associated(listener.port, called=called) as association:
        assert association.is_established
        assert association.send_c_echo().Status == 0x0000


@pytest.mark.parametrize("called", ["meninx", "OTHER"], ids=["case", "name"])
def test_unknown_called_title_is_rejected_for_good(listener: Listener, called: str) -> None:
    with associated(listener.port, called=called) as association:
        assert association.is_rejected
        answer = association.acceptor.primitive
        assert (answer.result, answer.result_source, answer.diagnostic) == (1, 1, 7)


def test_padded_calling_title_is_one_sender(listener: Listener, store: Store) -> None:
    before = _received("SCANNER1")
    for number, title in enumerate(["SCANNER1", "SCANNER1  "], 1):
        with associated(listener.port, calling=title) as association:
            assert send_slice(association, mr_slice(InstanceNumber=number)) == 0x0000
    titles = {row.calling_aet for row in store.study_instances(STUDY_UID)}
    assert (titles, _received("SCANNER1") - before) == ({"SCANNER1"}, 2)


def _received(title: str) -> float:
    counter = metrics.INSTANCES.labels("success", title)
    return float(next(iter(counter.collect())).samples[0].value)


def test_calling_title_of_spaces_ends_only_its_connection(listener: Listener) -> None:
    titles = b"MENINX".ljust(16) + b" " * 16
    context = b"\x10\0\0\x15" + b"1.2.840.10008.3.1.1.1"
    body = struct.pack(">HH", 1, 0) + titles + bytes(32) + context
    with socket.create_connection((LOOPBACK, listener.port), timeout=5) as peer:
        peer.sendall(struct.pack(">BBL", 1, 0, len(body)) + body)
        assert peer.recv(100)[:1] in {b"", b"\x03", b"\x07"}
    with associated(listener.port) as association:
        assert association.send_c_echo().Status == 0x0000
