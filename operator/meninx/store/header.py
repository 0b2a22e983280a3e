"""The few identifiers of an encoded data set, read without decoding anything else (PS3.5 section 7).

Storing never depends on text: a wrong character set or an odd value elsewhere can't fail here.
"""

import struct
import zlib
from dataclasses import dataclass

from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from meninx.base.errors import BadInput

_LONG_VRS = frozenset(
    [b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"]
)
_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = (0xFFFE, 0xE000), (0xFFFE, 0xE00D), (0xFFFE, 0xE0DD)
_DEPTH = 32
_INFLATED_BYTES = 64 * 1024 * 1024

_SOP_CLASS, _SOP_INSTANCE = (0x0008, 0x0016), (0x0008, 0x0018)
_PATIENT_ID, _ISSUER = (0x0010, 0x0020), (0x0010, 0x0021)
_STUDY, _SERIES = (0x0020, 0x000D), (0x0020, 0x000E)
_WANTED = frozenset([_SOP_CLASS, _SOP_INSTANCE, _PATIENT_ID, _ISSUER, _STUDY, _SERIES])

Tag = tuple[int, int]


@dataclass(frozen=True)
class Identity:
    """What tells an instance from all others; the patient's two values are raw bytes."""

    sop_class_uid: str
    sop_instance_uid: str
    study_uid: str
    series_uid: str
    patient_id: bytes
    issuer: bytes


@dataclass(frozen=True)
class _Element:
    tag: Tag
    vr: bytes
    length: int
    value: int
    """Offset of the value."""


class _Scanner:
    def __init__(self, data: bytes, *, implicit: bool, big: bool) -> None:
        self._data = data
        self._order = ">" if big else "<"
        self._implicit = implicit

    def element(self, offset: int, *, implicit: bool) -> _Element:
        group, number = struct.unpack_from(self._order + "HH", self._data, offset)
        tag = (group, number)
        if implicit or group == 0xFFFE:
            (length,) = struct.unpack_from(self._order + "L", self._data, offset + 4)
            return _Element(tag, b"", length, offset + 8)
        vr = self._data[offset + 4 : offset + 6]
        if vr in _LONG_VRS:
            (length,) = struct.unpack_from(self._order + "L", self._data, offset + 8)
            return _Element(tag, vr, length, offset + 12)
        if not (vr.isalpha() and vr.isupper()):
            raise BadInput("data set is not encoded as its transfer syntax says: send it again")
        (length,) = struct.unpack_from(self._order + "H", self._data, offset + 6)
        return _Element(tag, vr, length, offset + 8)

    def after(self, element: _Element, *, implicit: bool, depth: int) -> int:
        """Return the offset behind an element, walking through undefined lengths."""
        if element.length != _UNDEFINED:
            return element.value + element.length
        if depth > _DEPTH:
            raise BadInput("data set nests sequences too deeply: correct it and send it again")
        end = _ITEM_END if element.tag == _ITEM else _SEQUENCE_END
        inside = implicit or element.vr == b"UN"
        offset = element.value
        while (item := self.element(offset, implicit=inside)).tag != end:
            offset = self.after(item, implicit=inside, depth=depth + 1)
        return item.value

    def wanted(self) -> dict[Tag, bytes]:
        """Return the raw values of the wanted elements of the top level."""
        found: dict[Tag, bytes] = {}
        offset = 0
        while offset + 8 <= len(self._data):
            element = self.element(offset, implicit=self._implicit)
            if element.tag > _SERIES:
                break
            offset = self.after(element, implicit=self._implicit, depth=0)
            if element.tag in _WANTED:
                found[element.tag] = self._data[element.value : offset]
            if offset > len(self._data):
                raise BadInput("data set ends within an element: send it again")
        return found


def group_elements(data: bytes, *, offset: int, group: int) -> tuple[dict[int, bytes], int]:
    """Return the raw values of one group (explicit VR little endian) and the offset behind it."""
    scanner = _Scanner(data, implicit=False, big=False)
    found: dict[int, bytes] = {}
    try:
        while data[offset : offset + 2] == struct.pack("<H", group):
            element = scanner.element(offset, implicit=False)
            offset = scanner.after(element, implicit=False, depth=0)
            found[element.tag[1]] = data[element.value : offset]
    except struct.error as error:
        raise BadInput("DICOM file ends within an element: send it again") from error
    return found, offset


def _inflate(data: bytes) -> bytes:
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, _INFLATED_BYTES)
    except zlib.error as error:
        raise BadInput("deflated data set can't be inflated: send it again") from error


def is_uid(text: str) -> bool:
    """Tell whether a text can be a UID (PS3.5 section 9.1; zeros at the front are let through)."""
    return 0 < len(text) <= 64 and text.isascii() and text.replace(".", "").isdigit()


def _uid(found: dict[Tag, bytes], tag: Tag, name: str) -> str:
    text = found.get(tag, b"").decode("latin-1").strip("\0 ")
    if not is_uid(text):
        raise BadInput(f"data set has no usable {name}: correct it and send it again")
    return text


def read_identity(dataset: bytes, transfer_syntax_uid: str) -> Identity:
    """Read who an encoded data set is; raises BadInput where it can't be told."""
    data = _inflate(dataset) if transfer_syntax_uid == DeflatedExplicitVRLittleEndian else dataset
    scanner = _Scanner(
        data,
        implicit=transfer_syntax_uid == ImplicitVRLittleEndian,
        big=transfer_syntax_uid == ExplicitVRBigEndian,
    )
    try:
        found = scanner.wanted()
    except struct.error as error:
        raise BadInput("data set ends within an element: send it again") from error
    return Identity(
        sop_class_uid=_uid(found, _SOP_CLASS, "SOPClassUID"),
        sop_instance_uid=_uid(found, _SOP_INSTANCE, "SOPInstanceUID"),
        study_uid=_uid(found, _STUDY, "StudyInstanceUID"),
        series_uid=_uid(found, _SERIES, "SeriesInstanceUID"),
        patient_id=found.get(_PATIENT_ID, b"").strip(b"\0 "),
        issuer=found.get(_ISSUER, b"").strip(b"\0 "),
    )
