"""C-ECHO and C-STORE as a user of a peer's services."""

import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom import dcmread
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, _config, evt
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext, build_context
from pynetdicom.sop_class import Verification
from pynetdicom.transport import AddressInformation, AssociationSocket

from meninx.peers import outcome
from meninx.peers.node import Peer
from meninx.peers.outcome import Outcome

# An object given by its path is sent in pieces as it lies on disk, never decoded.
_config.STORE_SEND_CHUNKED_DATASET = True

_ALWAYS = (ExplicitVRLittleEndian, ImplicitVRLittleEndian)


@dataclass(frozen=True)
class Caller:
    """Who calls, and how long it waits for an answer."""

    ae_title: str
    timeout_seconds: float = 30
    connect_seconds: float = 10


@dataclass(frozen=True)
class Sendable:
    """One stored object."""

    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    path: Path


class _ClosingSocket(AssociationSocket):  # type: ignore[misc]
    """pynetdicom leaves the socket of a failed connection open until it is collected: we close it."""

    def _shutdown_socket(self) -> None:
        opened = self.socket
        super()._shutdown_socket()
        if opened is not None:
            opened.close()


class ClosingAe(AE):  # type: ignore[misc]
    """An application entity that leaves no socket open when a connection fails."""

    def _create_socket(
        self, assoc: Association, address: AddressInformation, tls_args: Any
    ) -> AssociationSocket:
        made = _ClosingSocket(assoc, address=address)
        made.tls_args = tls_args
        return made


def _without_delay(event: evt.Event) -> None:
    wrapped = event.assoc.dul.socket
    if wrapped is not None and wrapped.socket is not None:
        wrapped.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _associate(
    caller: Caller,
    peer: Peer,
    contexts: Sequence[PresentationContext],
    roles: Sequence[Any],
    handlers: Sequence[tuple[Any, Any]],
) -> Association | None:
    """Return an association, or what became of the wish for one; None where the name is unknown."""
    ae = ClosingAe(caller.ae_title)
    ae.connection_timeout = caller.connect_seconds
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = caller.timeout_seconds
    try:
        return ae.associate(
            peer.host,
            peer.port,
            contexts=list(contexts),
            ae_title=peer.ae_title,
            ext_neg=list(roles),
            evt_handlers=[(evt.EVT_CONN_OPEN, _without_delay), *handlers],
        )
    except OSError:  # the host's name can't be resolved now
        return None


@contextmanager
def associated(
    caller: Caller,
    peer: Peer,
    contexts: Sequence[PresentationContext],
    *,
    roles: Sequence[Any] = (),
    handlers: Sequence[tuple[Any, Any]] = (),
) -> Iterator[Association | None]:
    """Yield an association, or what became of the wish for one, and release it after.

    `roles` are role selections, `handlers` answer what the peer sends (both pynetdicom's).
    """
    association = _associate(caller, peer, contexts, roles, handlers)
    try:
        yield association
    finally:
        if association is not None and association.is_established:
            association.release()


def _not_established(association: Association | None) -> Outcome:
    if association is None:
        return outcome.unreachable()
    answer = association.acceptor.primitive
    if answer is not None and association.is_rejected:
        return outcome.rejected(answer.result, answer.result_source, answer.diagnostic)
    return outcome.unreachable()


@dataclass(frozen=True)
class Echo:
    """What a C-ECHO found."""

    reachable: bool
    message: str
    seconds: float


def echo(caller: Caller, peer: Peer) -> Echo:
    """Ask a peer whether it answers."""
    start = time.monotonic()
    with associated(caller, peer, [build_context(Verification)]) as association:
        if association is None or not association.is_established:
            found = _not_established(association).message
        else:
            answer = association.send_c_echo()
            status = answer.Status if "Status" in answer else None
            found = "" if status == 0 else "it gave no answer to a C-ECHO"
    return Echo(not found, found, time.monotonic() - start)


def _contexts(objects: Sequence[Sendable]) -> list[PresentationContext]:
    """Propose each class that is sent, once, in its own transfer syntaxes and the two that all know."""
    syntaxes: dict[str, list[str]] = {}
    for sendable in objects:
        syntaxes.setdefault(sendable.sop_class_uid, []).append(sendable.transfer_syntax_uid)
    return [
        build_context(sop_class, list(dict.fromkeys([*own, *map(str, _ALWAYS)])))
        for sop_class, own in syntaxes.items()
    ]


def _send(association: Association, sendable: Sendable, accepted: str) -> Outcome:
    """Send one object: its very bytes where the peer takes them, else encoded anew."""
    unchanged = accepted == sendable.transfer_syntax_uid
    what = sendable.path if unchanged else dcmread(sendable.path)
    try:
        answer = association.send_c_store(what)
    except (RuntimeError, ValueError, AttributeError):
        # pynetdicom's words for "the association is gone" and "can't be encoded for it"
        if association.is_established:
            return outcome.no_context(f"transfer syntax {UID(sendable.transfer_syntax_uid).name}")
        return outcome.of_status(None)
    return outcome.of_status(int(answer.Status) if "Status" in answer else None)


def store(caller: Caller, peer: Peer, objects: Sequence[Sendable]) -> dict[str, Outcome]:
    """Send objects over one association; return what became of each, by SOP Instance UID."""
    with associated(caller, peer, _contexts(objects)) as association:
        if association is None or not association.is_established:
            return _instead(association, objects)
        accepted = {
            str(context.abstract_syntax): str(context.transfer_syntax[0])
            for context in association.accepted_contexts
        }
        return {
            sendable.sop_instance_uid: _send(
                association, sendable, accepted[sendable.sop_class_uid]
            )
            if sendable.sop_class_uid in accepted
            else outcome.no_context(UID(sendable.sop_class_uid).name)
            for sendable in objects
        }


def _instead(association: Association | None, objects: Sequence[Sendable]) -> dict[str, Outcome]:
    """Return one outcome for all; a peer that accepts none of the classes is one that refuses."""
    if association is not None and association.rejected_contexts and not association.is_rejected:
        return {
            sendable.sop_instance_uid: outcome.no_context(UID(sendable.sop_class_uid).name)
            for sendable in objects
        }
    found = _not_established(association)
    return {sendable.sop_instance_uid: found for sendable in objects}
