"""Encoded data sets as a C-STORE brings them."""

from typing import Any

from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from tests.support.series import mr_slice

from meninx.store.header import read_identity
from meninx.store.rows import JobOrigin
from meninx.store.writer import Encoded


def encode(ds: Dataset, transfer_syntax_uid: str = ExplicitVRLittleEndian) -> bytes:
    """Return the data set's bytes without file meta information."""
    buffer = DicomBytesIO()
    buffer.is_little_endian = True
    buffer.is_implicit_VR = transfer_syntax_uid == ImplicitVRLittleEndian
    write_dataset(buffer, ds)
    return bytes(buffer.getvalue())


def encoded_slice(
    number: int = 1,
    *,
    transfer_syntax_uid: str = ExplicitVRLittleEndian,
    origin: JobOrigin | None = None,
    **attributes: Any,
) -> Encoded:
    """Return slice `number` of the tests' series, 1 mm from its neighbours."""
    ds = mr_slice(position_lps=(0.0, 0.0, float(number)), InstanceNumber=number, **attributes)
    data = encode(ds, transfer_syntax_uid)
    return Encoded(
        read_identity(data, transfer_syntax_uid), transfer_syntax_uid, data, "SCANNER1", origin
    )
