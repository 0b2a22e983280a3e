"""Junk on the port, a truncated association, stuck peers: said once, and the service goes on."""

import random
import socket
import struct
import time

import pytest
from tests.support.dicom_peers import LOOPBACK, associated, send_slice
from tests.support.series import mr_slice

from meninx.ingress.listener import Listener

JUNK = {
    "http": b"GET / HTTP/1.0\r\n\r\n",
    "tls": bytes.fromhex("16030100c8010000c40303") + bytes(60),
    "zeros": bytes(200),
    "silence": b"",
    "huge associate": struct.pack(">BBL", 1, 0, 0xFFFFFFFF) + bytes(100),
    "data before associate": struct.pack(">BBL", 4, 0, 10) + bytes(10),
    "associate of nonsense": struct.pack(">BBL", 1, 0, 80) + bytes(range(80)),
    "random": random.Random(5).randbytes(4000),
}


def _still_serves(listener: Listener) -> bool:
    with associated(listener.port) as association:
        return bool(association.send_c_echo().Status == 0x0000)


def _endings(caplog: pytest.LogCaptureFixture, wanted: int) -> list[str]:
    """Return the reasons that the listener gave, once it gave as many as are wanted."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        said = [r for r in caplog.records if r.name == "meninx.ingress.listener"]
        if len(said) >= wanted:
            break
        time.sleep(0.05)
    return [vars(record)["facts"]["reason"] for record in said]


def _send_and_wait(listener: Listener, junk: bytes) -> None:
    with socket.create_connection((LOOPBACK, listener.port), timeout=8) as peer:
        try:
            peer.sendall(junk)
            while peer.recv(4096):
                pass
        except ConnectionError:
            pass


@pytest.mark.parametrize("junk", JUNK.values(), ids=JUNK.keys())
def test_junk_is_cut_off_and_said_once(
    listener: Listener, caplog: pytest.LogCaptureFixture, junk: bytes
) -> None:
    _send_and_wait(listener, junk)
    assert _endings(caplog, 1) == ["no association"]
    assert _still_serves(listener)


def test_unknown_called_title_is_said_once(
    listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    with associated(listener.port, called="NOBODY") as association:
        assert association.is_rejected
    assert _endings(caplog, 1) == ["rejected"]
    assert _still_serves(listener)


@pytest.mark.rule("acknowledged-means-safe")
def test_truncated_association_keeps_what_was_acknowledged(
    listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    store = listener._store
    with associated(listener.port) as association:
        assert send_slice(association, mr_slice()) == 0x0000
        half = struct.pack(">BBLLBB", 4, 0, 5000, 4996, 1, 0) + bytes(700)
        association.dul.socket.socket.sendall(half)
        association.dul.socket.socket.shutdown(socket.SHUT_RDWR)
    assert _endings(caplog, 1) == ["cut off"]
    assert len(store.study_instances(mr_slice().StudyInstanceUID)) == 1
    assert _still_serves(listener)


def test_peer_stuck_within_an_instance_is_cut_and_frees_its_slot(listener: Listener) -> None:
    with associated(listener.port) as association:
        sock = association.dul.socket.socket
        sock.sendall(struct.pack(">BBLLBB", 4, 0, 5000, 4996, 1, 0))
        until = time.monotonic() + 8
        while listener._ae.active_associations and time.monotonic() < until:
            time.sleep(0.05)
    assert listener._ae.active_associations == []


def test_association_above_the_limit_is_told_to_come_again(listener: Listener) -> None:
    listener._ae.maximum_associations = 1
    with associated(listener.port) as first, associated(listener.port) as second:
        assert first.is_established
        answer = second.acceptor.primitive
        assert (answer.result, answer.result_source, answer.diagnostic) == (2, 3, 2)
