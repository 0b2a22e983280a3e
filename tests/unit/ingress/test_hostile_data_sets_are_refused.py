"""Random bytes, path-like and huge UIDs: a status each, never an exception, never a stray file."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    MRImageStorage,
)
from tests.support.encoded import element, encoded_slice

from meninx.base.errors import BadInput
from meninx.ingress.admit import Status
from meninx.ingress.receive import on_store
from meninx.store.header import read_identity
from meninx.store.layout import instance_path
from meninx.store.store import Store

SYNTAXES = st.sampled_from(
    [
        ExplicitVRLittleEndian,
        ImplicitVRLittleEndian,
        ExplicitVRBigEndian,
        DeflatedExplicitVRLittleEndian,
    ]
)
QUICK = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def _event(
    dataset: bytes, syntax: str, *, sop_instance: str = "2.25.1", sop_class: str = MRImageStorage
) -> Any:
    request = SimpleNamespace(
        AffectedSOPClassUID=sop_class, AffectedSOPInstanceUID=sop_instance, DataSet=object()
    )
    return SimpleNamespace(
        request=request,
        context=SimpleNamespace(transfer_syntax=syntax),
        assoc=SimpleNamespace(
            requestor=SimpleNamespace(ae_title="SCANNER1"), is_alive=lambda: False
        ),
        encoded_dataset=lambda include_meta: dataset,
    )


def _identity_bytes(study: bytes, instance: bytes) -> bytes:
    return (
        element(0x0008, 0x0016, b"UI", MRImageStorage.encode())
        + element(0x0008, 0x0018, b"UI", instance)
        + element(0x0020, 0x000D, b"UI", study)
        + element(0x0020, 0x000E, b"UI", b"2.25.3")
    )


def _files(store: Store) -> list[Path]:
    return [path for path in store.data.rglob("instances/**/*") if path.is_file()]


@QUICK
@given(dataset=st.binary(max_size=400), syntax=SYNTAXES)
def test_random_bytes_are_not_understood(store: Store, dataset: bytes, syntax: str) -> None:
    assert on_store(_event(dataset, syntax), store) == Status.CANNOT_UNDERSTAND
    assert _files(store) == []


@QUICK
@given(data=st.data(), syntax=SYNTAXES)
def test_damaged_data_set_is_kept_whole_or_refused(data: st.DataObject, syntax: str) -> None:
    good = bytearray(encoded_slice().dataset)
    for _ in range(data.draw(st.integers(1, 20))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    try:
        identity = read_identity(bytes(good), syntax)
    except BadInput:
        return
    assert all(len(uid) <= 64 for uid in (identity.study_uid, identity.sop_instance_uid))


@QUICK
@given(study=st.text(), instance=st.text())
def test_no_text_leads_out_of_the_instances_folder(study: str, instance: str) -> None:
    parts = instance_path(study, instance).parts
    assert parts[0] == "instances"
    assert len(parts) == 4
    assert all(part.replace(".dcm", "").isalnum() for part in parts)


HOSTILE_UIDS = {
    "parent folders": b"../../../../etc/passwd",
    "absolute": b"/etc/passwd",
    "dots": b"..",
    "huge": b"1." * 4000 + b"1",
    "letters": b"1.2.abc",
    "zero byte": b"1.2\0.3",
    "empty": b"",
    "not ascii": "1.2.\u0663".encode(),
}


@pytest.mark.parametrize("uid", HOSTILE_UIDS.values(), ids=HOSTILE_UIDS.keys())
def test_hostile_uid_is_refused_with_nothing_left(store: Store, uid: bytes) -> None:
    as_study = _event(_identity_bytes(uid, b"2.25.1"), ExplicitVRLittleEndian)
    as_instance = _event(
        _identity_bytes(b"2.25.2", uid),
        ExplicitVRLittleEndian,
        sop_instance=uid.decode("latin-1"),
    )
    assert on_store(as_study, store) == Status.CANNOT_UNDERSTAND
    assert on_store(as_instance, store) == Status.CANNOT_UNDERSTAND
    assert _files(store) == []


def test_data_set_of_another_instance_does_not_match(store: Store) -> None:
    event = _event(_identity_bytes(b"2.25.2", b"2.25.99"), ExplicitVRLittleEndian)
    assert on_store(event, store) == Status.DOES_NOT_MATCH
    assert _files(store) == []


def test_deeply_nested_sequences_end_in_a_refusal(store: Store) -> None:
    sequence = b"\x08\x00\x15\x11SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    event = _event(sequence * 5000, ExplicitVRLittleEndian)
    assert on_store(event, store) == Status.CANNOT_UNDERSTAND


def test_sequences_of_undefined_length_are_walked_through(store: Store) -> None:
    item = b"\xfe\xff\x00\xe0\xff\xff\xff\xff" + element(0x0008, 0x1150, b"UI", b"1.2")
    sequence = b"\x08\x00\x15\x11SQ\0\0\xff\xff\xff\xff" + item + b"\xfe\xff\x0d\xe0\0\0\0\0"
    sequence += b"\xfe\xff\xdd\xe0\0\0\0\0"
    good = _identity_bytes(b"2.25.2", b"2.25.1")
    cut = good.index(b"\x20\x00\x0d\x00")
    event = _event(good[:cut] + sequence + good[cut:], ExplicitVRLittleEndian)
    assert on_store(event, store) == Status.SUCCESS
