"""C-FIND and C-GET as a user: what a peer holds of a study, and having it sent over (PS3.4 annex C)."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import build_role, evt
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import (
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
)

from meninx.base.errors import NotFound, Unavailable
from meninx.imaging import elements
from meninx.peers.dimse import Caller, associated
from meninx.peers.node import Peer

_SYNTAXES = (ExplicitVRLittleEndian, ImplicitVRLittleEndian)
_PENDING = frozenset({0xFF00, 0xFF01})
_MOST_CLASSES = 120
"""An association has room for 128 presentation contexts (PS3.8 9.3.2.2)."""

OnStore = Callable[[evt.Event], int]


@dataclass(frozen=True)
class HeldSeries:
    """One series of a study at a peer."""

    series_uid: str
    instances: int | None
    """How many objects it has there; None where the peer does not tell."""
    modality: str = ""


def find_series(caller: Caller, peer: Peer, study_uid: str) -> tuple[HeldSeries, ...] | None:
    """Return the series that a peer holds of a study; empty where it does not know the study.

    None where the peer offers no C-FIND. Raises Unavailable where it can't be reached, or does not
    answer to the end.
    """
    asked = Dataset()
    asked.QueryRetrieveLevel = "SERIES"
    asked.StudyInstanceUID = study_uid
    asked.SeriesInstanceUID = ""
    asked.Modality = ""
    asked.NumberOfSeriesRelatedInstances = ""
    model = StudyRootQueryRetrieveInformationModelFind
    with associated(caller, peer, [build_context(model, list(_SYNTAXES))]) as association:
        if association is None or not association.is_established:
            if association is not None and association.rejected_contexts:
                return None
            raise Unavailable("it can't be reached: check host, port and AE titles")
        with _broken_off():
            answers = [_series(found) for found in _answers(association.send_c_find(asked, model))]
    return tuple(one for one in answers if one.series_uid)


def _answers(responses: Iterator[tuple[Any, Any]]) -> Iterator[Dataset]:
    for status, found in responses:
        code = _code(status)
        if code in _PENDING and found is not None:
            yield found
        elif code != 0x0000:
            raise Unavailable(f"it answered {_said(code)} to a query of the study")


def _series(found: Dataset) -> HeldSeries:
    uid = elements.text(found, "SeriesInstanceUID") or ""
    count = elements.integer(found, "NumberOfSeriesRelatedInstances")
    return HeldSeries(uid, count, elements.text(found, "Modality") or "")


def get_study(
    caller: Caller, peer: Peer, study_uid: str, *, classes: Sequence[str], on_store: OnStore
) -> None:
    """Have a peer send a study over the association that asks for it.

    `on_store` answers each C-STORE. Raises Unavailable where the peer does not do it to the end,
    NotFound where it does not offer C-GET.
    """
    model = StudyRootQueryRetrieveInformationModelGet
    offered = list(classes)[:_MOST_CLASSES]
    contexts = [
        build_context(model, list(_SYNTAXES)),
        *(build_context(one, list(_SYNTAXES)) for one in offered),
    ]
    asked = Dataset()
    asked.QueryRetrieveLevel = "STUDY"
    asked.StudyInstanceUID = study_uid
    with associated(
        caller,
        peer,
        contexts,
        roles=[build_role(one, scp_role=True) for one in offered],
        handlers=[(evt.EVT_C_STORE, on_store)],
    ) as association:
        if association is None or not association.is_established:
            raise Unavailable("it can't be reached: check host, port and AE titles")
        if model not in {str(one.abstract_syntax) for one in association.accepted_contexts}:
            raise NotFound("it does not offer C-GET: enable it there")
        with _broken_off():
            for status, _ in association.send_c_get(asked, model):
                code = _code(status)
                if code not in {0x0000, 0xB000, *_PENDING}:
                    raise Unavailable(f"it answered {_said(code)} when asked for the study")


@contextmanager
def _broken_off() -> Iterator[None]:
    """Turn pynetdicom's words for "the association is gone" into our error."""
    try:
        yield
    except (RuntimeError, ValueError) as error:
        raise Unavailable("it broke the association off") from error


def _code(status: Any) -> int | None:
    return int(status.Status) if status is not None and "Status" in status else None


def _said(code: int | None) -> str:
    return "nothing" if code is None else f"{code:04X}"
