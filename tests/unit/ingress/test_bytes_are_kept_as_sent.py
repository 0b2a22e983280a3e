"""Case O-09 (storing): keeping an instance never depends on decoding its text."""

import warnings
from pathlib import Path

import pytest
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGLosslessSV1,
    MRImageStorage,
)
from tests.support.dicom_peers import associated, send_bytes
from tests.support.encoded import element, encode, encoded_bytes
from tests.support.make import STUDY_UID
from tests.support.series import mr_slice

from meninx.ingress.listener import Listener
from meninx.store.filemeta import split_file
from meninx.store.store import Store

NAMES = {
    "japanese": (rb"\ISO 2022 IR 87", b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B"),
    "latin": (b"ISO_IR 100", b"M\xfcller^J\xf6rg"),
    "cyrillic": (b"ISO_IR 144", b"\xbb\xee\xda\x63\x65\xdc\xd1\xe3\xe0\xd3"),
    "utf-8": (b"ISO_IR 192", "Wang^XiaoDong=王^小東".encode()),
    "utf-8 misspelt": (b"ISO IR 192", "Wang^XiaoDong=王^小東".encode()),
    "unknown set": (b"ISO_IR 999", b"Any^\xff\xfe"),
}


@pytest.mark.parametrize(("charset", "name"), NAMES.values(), ids=NAMES.keys())
def test_name_in_any_character_set_is_kept_byte_for_byte(
    listener: Listener, store: Store, tmp_path: Path, charset: bytes, name: bytes
) -> None:
    rest = encode(mr_slice(PatientName=None))
    cut = rest.index(b"\x08\x00\x08\x00")
    place = rest.index(b"\x10\x00\x20\x00")
    dataset = (
        element(0x0008, 0x0005, b"CS", charset)
        + rest[cut:place]
        + element(0x0010, 0x0010, b"PN", name)
        + rest[place:]
    )
    sent = encoded_bytes(dataset)
    with associated(listener.port) as association:
        assert send_bytes(association, sent, tmp_path) == 0x0000
    (row,) = store.study_instances(STUDY_UID)
    assert split_file(row.path.read_bytes())[1] == dataset


SYNTAXES = {
    "implicit": ImplicitVRLittleEndian,
    "explicit": ExplicitVRLittleEndian,
    "big endian": ExplicitVRBigEndian,
    "deflated": DeflatedExplicitVRLittleEndian,
    "jpeg lossless": JPEGLosslessSV1,
}


@pytest.mark.parametrize("syntax", SYNTAXES.values(), ids=SYNTAXES.keys())
def test_any_transfer_syntax_is_kept_as_sent(
    listener: Listener, store: Store, tmp_path: Path, syntax: str
) -> None:
    sent = encoded_bytes(encode(mr_slice(), syntax), syntax)
    with (
        associated(listener.port, classes=[MRImageStorage], transfer_syntax=syntax) as association,
        warnings.catch_warnings(),
    ):
        assert send_bytes(association, sent, tmp_path) == 0x0000
    (row,) = store.study_instances(STUDY_UID)
    meta, dataset = split_file(row.path.read_bytes())
    assert (dataset, meta.transfer_syntax_uid) == (sent.dataset, syntax)
