"""The file meta information that we write before a data set, and read back (PS3.10 section 7.1).

It holds all that the index can't take from the data set, so the index can be rebuilt from files.
"""

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from meninx.base.errors import BadInput
from meninx.resources.names import derived_uid
from meninx.store.header import group_elements, is_uid
from meninx.store.rows import JobOrigin

IMPLEMENTATION_CLASS_UID = derived_uid("meninx", "implementation class")
_PRIVATE_CREATOR_UID = derived_uid("meninx", "private information creator")
_PREAMBLE = b"\0" * 128 + b"DICM"
_VERSION, _SOP_CLASS, _SOP_INSTANCE, _TRANSFER_SYNTAX = 0x0001, 0x0002, 0x0003, 0x0010
_IMPLEMENTATION, _IMPLEMENTATION_NAME, _SOURCE_AET = 0x0012, 0x0013, 0x0016
_PRIVATE_CREATOR, _PRIVATE = 0x0100, 0x0102


@dataclass(frozen=True)
class FileMeta:
    """What the file meta information says."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    calling_aet: str
    origin: JobOrigin | None


def _element(number: int, vr: bytes, value: bytes) -> bytes:
    odd = len(value) % 2
    value += (b"\0" if vr in {b"UI", b"OB"} else b" ") * odd
    if vr == b"OB":
        return struct.pack("<HH2sHL", 2, number, vr, 0, len(value)) + value
    return struct.pack("<HH2sH", 2, number, vr, len(value)) + value


def encode_file_meta(meta: FileMeta) -> bytes:
    """Return preamble, prefix and file meta information as bytes."""
    body = _element(_VERSION, b"OB", b"\x00\x01")
    body += _element(_SOP_CLASS, b"UI", meta.sop_class_uid.encode())
    body += _element(_SOP_INSTANCE, b"UI", meta.sop_instance_uid.encode())
    body += _element(_TRANSFER_SYNTAX, b"UI", meta.transfer_syntax_uid.encode())
    body += _element(_IMPLEMENTATION, b"UI", IMPLEMENTATION_CLASS_UID.encode())
    body += _element(_IMPLEMENTATION_NAME, b"SH", b"MENINX")
    if meta.calling_aet:
        body += _element(_SOURCE_AET, b"AE", meta.calling_aet.encode("ascii", "replace"))
    if meta.origin:
        text = json.dumps([meta.origin.namespace, meta.origin.job, meta.origin.job_uid])
        body += _element(_PRIVATE_CREATOR, b"UI", _PRIVATE_CREATOR_UID.encode())
        body += _element(_PRIVATE, b"OB", text.encode())
    return _PREAMBLE + _element(0, b"UL", struct.pack("<L", len(body))) + body


def _origin(found: Mapping[int, bytes]) -> JobOrigin | None:
    if _text(found, _PRIVATE_CREATOR) != _PRIVATE_CREATOR_UID:
        return None
    namespace, job, job_uid = json.loads(_text(found, _PRIVATE))
    return JobOrigin(namespace, job, job_uid)


def _text(found: Mapping[int, bytes], number: int) -> str:
    return found.get(number, b"").decode("latin-1").strip("\0 ")


def split_file(content: bytes) -> tuple[FileMeta, bytes]:
    """Return the meta information and the encoded data set of a Part 10 file.

    Raises BadInput where it is not such a file.
    """
    if content[128:132] != b"DICM":
        raise BadInput("not a DICOM file: its prefix is missing")
    found, offset = group_elements(content, offset=132, group=2)
    try:
        origin = _origin(found)
    except (ValueError, TypeError) as error:
        raise BadInput("private file meta information can't be read: remove it") from error
    meta = FileMeta(
        sop_class_uid=_text(found, _SOP_CLASS),
        sop_instance_uid=_text(found, _SOP_INSTANCE),
        transfer_syntax_uid=_text(found, _TRANSFER_SYNTAX),
        calling_aet=_text(found, _SOURCE_AET),
        origin=origin,
    )
    if not is_uid(meta.transfer_syntax_uid):
        raise BadInput("file meta information names no transfer syntax: write the file again")
    return meta, content[offset:]
