"""What may come in, and with which answer if not (pure; PS3.4 annex B.2.3, PS3.7 annex C)."""

from dataclasses import dataclass
from enum import IntEnum

from pydicom.uid import (
    UID,
    AllTransferSyntaxes,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)
from pynetdicom import ALL_TRANSFER_SYNTAXES, AllStoragePresentationContexts

from meninx.base.errors import BadInput, MeninxError, OutOfSpace, Unavailable
from meninx.store.header import Identity
from meninx.store.writer import Kept


class Status(IntEnum):
    """The C-STORE statuses that we answer."""

    SUCCESS = 0x0000
    ELEMENTS_KEPT = 0xB000
    """A different copy under this UID is held already and stays."""
    OUT_OF_RESOURCES = 0xA700
    DOES_NOT_MATCH = 0xA900
    CANNOT_UNDERSTAND = 0xC000
    NOT_SUPPORTED = 0x0122
    PROCESSING_FAILURE = 0x0110


STORAGE_CLASSES: tuple[str, ...] = tuple(
    str(context.abstract_syntax) for context in AllStoragePresentationContexts
)

_PREFERRED = (ExplicitVRLittleEndian, ImplicitVRLittleEndian)
TRANSFER_SYNTAXES: tuple[str, ...] = tuple(
    dict.fromkeys(str(uid) for uid in (*_PREFERRED, *AllTransferSyntaxes, *ALL_TRANSFER_SYNTAXES))
)
"""In our order of preference; each is stored as it comes."""

_IMAGES_BY_ANOTHER_NAME = frozenset(
    {
        "EnhancedUSVolumeStorage",
        "LabelMapSegmentationStorage",
        "ParametricMapStorage",
        "RTDoseStorage",
        "SegmentationStorage",
    }
)


def _is_image(uid: str) -> bool:
    keyword = UID(uid).keyword
    return "Image" in keyword or keyword in _IMAGES_BY_ANOTHER_NAME


IMAGE_CLASSES: frozenset[str] = frozenset(uid for uid in STORAGE_CLASSES if _is_image(uid))
"""SOP classes whose objects hold pixels; only these are kept."""


@dataclass(frozen=True)
class Requested:
    """What the C-STORE request says beside its data set."""

    sop_class_uid: str
    sop_instance_uid: str


def refused_class(sop_class_uid: str) -> Status | None:
    """Return why objects of a class are not taken, before the data set is looked at."""
    return None if sop_class_uid in IMAGE_CLASSES else Status.NOT_SUPPORTED


def mismatch(requested: Requested, identity: Identity) -> Status | None:
    """Return why a data set is not what its request says."""
    said = (requested.sop_class_uid, requested.sop_instance_uid)
    if said != (identity.sop_class_uid, identity.sop_instance_uid):
        return Status.DOES_NOT_MATCH
    return None


OF_KEPT: dict[Kept, Status] = {
    Kept.NEW: Status.SUCCESS,
    Kept.SAME: Status.SUCCESS,
    Kept.FIRST: Status.ELEMENTS_KEPT,
}

_OF_ERROR: tuple[tuple[type[MeninxError], Status], ...] = (
    (OutOfSpace, Status.OUT_OF_RESOURCES),
    (Unavailable, Status.OUT_OF_RESOURCES),
    (BadInput, Status.CANNOT_UNDERSTAND),
)


def status_of(error: Exception) -> Status:
    """Return the status that tells the sender what went wrong."""
    return next(
        (status for kind, status in _OF_ERROR if isinstance(error, kind)),
        Status.PROCESSING_FAILURE,
    )


@dataclass(frozen=True)
class Ending:
    """How a connection ended, as far as it got."""

    requested: bool
    """It sent an A-ASSOCIATE-RQ that could be read."""
    rejected: bool
    released: bool
    accepted: bool


def ending(how: Ending) -> str:
    """Return the word for how a connection ended: metric label and log reason."""
    if not how.requested:
        return "no association"
    if how.rejected:
        return "rejected"
    if how.released:
        return "released"
    return "cut off" if how.accepted else "aborted"
