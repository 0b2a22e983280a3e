"""Case O-01 (SCU): what each status means, per instance."""

import socket
from pathlib import Path
from typing import Any, NoReturn

import pytest
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import evt
from pynetdicom.sop_class import MRImageStorage
from tests.support import make
from tests.support.dicom_peers import LOOPBACK, fake_pacs, free_port
from tests.support.encoded import encoded_slice

from meninx.base.errors import BadInput
from meninx.peers import dimse
from meninx.peers.dimse import Caller, Sendable
from meninx.peers.node import Peer, peer_of
from meninx.peers.outcome import Verdict, of_status, rejected
from meninx.store.filemeta import FileMeta, encode_file_meta

CALLER = Caller("MENINX", timeout_seconds=5, connect_seconds=2)

STATUSES = {
    0x0000: Verdict.ACCEPTED,
    0x0110: Verdict.AGAIN,
    0x0111: Verdict.ACCEPTED,
    0x0122: Verdict.REFUSED,
    0x0124: Verdict.REFUSED,
    0xA700: Verdict.AGAIN,
    0xA7FF: Verdict.AGAIN,
    0xA900: Verdict.REFUSED,
    0xB000: Verdict.ACCEPTED,
    0xB006: Verdict.ACCEPTED,
    0xB007: Verdict.ACCEPTED,
    0xC000: Verdict.REFUSED,
    0xCFFF: Verdict.REFUSED,
    0x7777: Verdict.AGAIN,
}


@pytest.mark.parametrize(("status", "verdict"), STATUSES.items(), ids=map(hex, STATUSES))
def test_status_has_one_meaning(status: int, verdict: Verdict) -> None:
    assert of_status(status).verdict is verdict
    assert f"{status:04X}" in of_status(status).message


def test_answer_that_never_came_is_tried_again() -> None:
    assert of_status(None).verdict is Verdict.AGAIN


@pytest.mark.parametrize(
    ("result", "verdict"), [(1, Verdict.REFUSED), (2, Verdict.AGAIN)], ids=["good", "now"]
)
def test_rejected_association_is_for_good_or_for_now(result: int, verdict: Verdict) -> None:
    assert rejected(result, 1, 7).verdict is verdict


def _peer(port: int, title: str = "PACS") -> Peer:
    return peer_of(make.dicomnode(host=LOOPBACK, port=port, aeTitle=title))


def _objects(folder: Path, count: int = 2) -> list[Sendable]:
    made = []
    for number in range(1, count + 1):
        one = encoded_slice(number)
        who = one.identity
        meta = FileMeta(who.sop_class_uid, who.sop_instance_uid, one.transfer_syntax_uid, "", None)
        path = folder / f"{number}.dcm"
        path.write_bytes(encode_file_meta(meta) + one.dataset)
        made.append(
            Sendable(who.sop_instance_uid, who.sop_class_uid, one.transfer_syntax_uid, path)
        )
    return made


def test_outcome_is_kept_per_instance(tmp_path: Path) -> None:
    objects = _objects(tmp_path)
    with fake_pacs(answers=[0xA900, 0x0000]) as pacs:
        found = dimse.store(CALLER, _peer(pacs.port), objects)
    assert [found[one.sop_instance_uid].verdict for one in objects] == [
        Verdict.REFUSED,
        Verdict.ACCEPTED,
    ]


def test_connection_that_breaks_leaves_the_rest_to_be_tried_again(tmp_path: Path) -> None:
    def break_off(event: evt.Event) -> int:
        event.assoc.abort()
        return 0x0000

    objects = _objects(tmp_path)
    with fake_pacs(handler=break_off) as pacs:
        found = dimse.store(CALLER, _peer(pacs.port), objects)
    assert {one.verdict for one in found.values()} == {Verdict.AGAIN}


@pytest.mark.parametrize(
    "syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian], ids=["as stored", "implicit only"]
)
def test_object_arrives_whichever_syntax_the_pacs_takes(tmp_path: Path, syntax: str) -> None:
    got: list[int] = []

    def keep(event: evt.Event) -> int:
        got.append(int(event.dataset.InstanceNumber))
        return 0x0000

    with fake_pacs(transfer_syntaxes=[syntax], handler=keep) as pacs:
        dimse.store(CALLER, _peer(pacs.port), _objects(tmp_path))
    assert got == [1, 2]


def test_only_the_classes_that_are_sent_are_proposed(tmp_path: Path) -> None:
    contexts = dimse._contexts(_objects(tmp_path, 3))
    assert [context.abstract_syntax for context in contexts] == [MRImageStorage]


def test_pacs_that_takes_none_of_the_classes_refuses(tmp_path: Path) -> None:
    with fake_pacs(classes=["1.2.840.10008.5.1.4.1.1.66.4"]) as pacs:
        found = dimse.store(CALLER, _peer(pacs.port), _objects(tmp_path, 1))
    assert {one.reason for one in found.values()} == {"NoPresentationContext"}


def test_wrong_title_is_refused_and_closed_port_is_tried_again(tmp_path: Path) -> None:
    objects = _objects(tmp_path, 1)
    with fake_pacs() as pacs:
        wrong = dimse.store(CALLER, _peer(pacs.port, "OTHER"), objects)
    away = dimse.store(CALLER, _peer(free_port()), objects)
    assert {one.verdict for one in wrong.values()} == {Verdict.REFUSED}
    assert {one.verdict for one in away.values()} == {Verdict.AGAIN}


def test_echo_tells_a_peer_that_answers_from_one_that_does_not() -> None:
    with fake_pacs() as pacs:
        assert dimse.echo(CALLER, _peer(pacs.port)).reachable
    found = dimse.echo(CALLER, _peer(free_port()))
    assert (found.reachable, "can't be reached" in found.message) == (False, True)


def test_host_whose_name_is_unknown_is_a_peer_that_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: Any, **__: Any) -> NoReturn:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    nowhere = peer_of(make.dicomnode(host="pacs.invalid"))
    assert not dimse.echo(CALLER, nowhere).reachable
    found = dimse.store(CALLER, nowhere, _objects(tmp_path, 1))
    assert {one.verdict for one in found.values()} == {Verdict.AGAIN}


def test_node_that_can_not_be_read_names_itself() -> None:
    with pytest.raises(BadInput, match="DicomNode pacs"):
        peer_of(make.dicomnode(port="x"))
