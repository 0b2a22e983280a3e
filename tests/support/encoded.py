"""Encoded data sets as a C-STORE brings them."""

import struct
import zlib
from typing import Any

from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)
from tests.support.series import mr_slice

from meninx.store.header import read_identity
from meninx.store.rows import JobOrigin
from meninx.store.writer import Encoded


def encode(ds: Dataset, transfer_syntax_uid: str = ExplicitVRLittleEndian) -> bytes:
    """Return the data set's bytes without file meta information; pixels are not compressed."""
    buffer = DicomBytesIO()
    buffer.is_little_endian = transfer_syntax_uid != ExplicitVRBigEndian
    buffer.is_implicit_VR = transfer_syntax_uid == ImplicitVRLittleEndian
    write_dataset(buffer, ds)
    data = bytes(buffer.getvalue())
    if transfer_syntax_uid != DeflatedExplicitVRLittleEndian:
        return data
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    deflated = deflater.compress(data) + deflater.flush()
    return deflated + b"\0" * (len(deflated) % 2)


def element(group: int, number: int, vr: bytes, value: bytes) -> bytes:
    """Return one explicit VR little endian element of a short VR."""
    value += b" " * (len(value) % 2)
    return struct.pack("<HH2sH", group, number, vr, len(value)) + value


def encoded_bytes(
    dataset: bytes,
    transfer_syntax_uid: str = ExplicitVRLittleEndian,
    origin: JobOrigin | None = None,
) -> Encoded:
    """Return a data set's bytes as the ingress would hand them to the store."""
    identity = read_identity(dataset, transfer_syntax_uid)
    return Encoded(identity, transfer_syntax_uid, dataset, "SCANNER1", origin)


def encoded_slice(
    number: int = 1,
    *,
    transfer_syntax_uid: str = ExplicitVRLittleEndian,
    origin: JobOrigin | None = None,
    **attributes: Any,
) -> Encoded:
    """Return slice `number` of the tests' series, 1 mm from its neighbours."""
    ds = mr_slice(position_lps=(0.0, 0.0, float(number)), InstanceNumber=number, **attributes)
    return encoded_bytes(encode(ds, transfer_syntax_uid), transfer_syntax_uid, origin)
