"""The DICOM port: contexts, limits, time limits, and how each connection ended."""

import logging
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext, build_context
from pynetdicom.sop_class import Verification
from pynetdicom.transport import AssociationSocket, ThreadedAssociationServer

from meninx.base.errors import Unavailable
from meninx.base.logs import Log
from meninx.ingress import metrics
from meninx.ingress.admit import STORAGE_CLASSES, TRANSFER_SYNTAXES, Ending, ending
from meninx.ingress.receive import on_store
from meninx.ingress.senders import Senders
from meninx.store.filemeta import IMPLEMENTATION_CLASS_UID
from meninx.store.store import Store

_LONGEST_PDU_BYTES = 128 * 1024
_LONGEST_READ_BYTES = 4 * 1024 * 1024
_LOG = Log(__name__)


@dataclass(frozen=True)
class Settings:
    """How the port behaves."""

    ae_title: str = "MENINX"
    host: str = ""
    port: int = 11112
    max_associations: int = 64
    network_timeout_seconds: float = 60
    """An idle or stuck connection is cut after this time."""
    request_timeout_seconds: float = 10
    """A connection that asks for no association is cut after this time."""


class _SharedContexts(list[PresentationContext]):
    """Contexts that pynetdicom needn't copy for each association (it takes 80 ms and reads only)."""

    def __deepcopy__(self, _: dict[int, Any]) -> list[PresentationContext]:
        return list(self)


def _contexts() -> _SharedContexts:
    contexts = [build_context(uid, list(TRANSFER_SYNTAXES)) for uid in STORAGE_CLASSES]
    return _SharedContexts([build_context(Verification), *contexts])


def _bounded_read(read: Callable[[int], bytearray], length: int) -> bytearray:
    """Read a PDU's bytes, unless its header claims more than any PDU of ours may have."""
    if length > _LONGEST_READ_BYTES:
        raise OSError(f"a PDU claims {length} bytes")
    return read(length)


class Listener:
    """Serves C-ECHO and C-STORE until it is stopped."""

    def __init__(self, settings: Settings, store: Store, senders: Senders | None = None) -> None:
        self._settings = settings
        self._senders = senders or Senders()
        self._store = store
        self._ae = AE(settings.ae_title)
        self._ae.implementation_class_uid = IMPLEMENTATION_CLASS_UID
        self._ae.implementation_version_name = "MENINX"
        self._ae.require_called_aet = True
        self._ae.maximum_associations = settings.max_associations
        self._ae.maximum_pdu_size = _LONGEST_PDU_BYTES
        self._ae.network_timeout = settings.network_timeout_seconds
        self._ae.acse_timeout = settings.request_timeout_seconds
        self._server: ThreadedAssociationServer | None = None

    def start(self) -> None:
        """Open the port; Unavailable where it is taken."""
        # pynetdicom says several lines to each misfortune and may quote what it got: we say one.
        logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)
        try:
            self._server = self._ae.start_server(
                (self._settings.host, self._settings.port),
                block=False,
                evt_handlers=[
                    (evt.EVT_CONN_OPEN, self._opened),
                    (evt.EVT_REQUESTED, self._requested),
                    (evt.EVT_C_STORE, on_store, [self._store]),
                ],
                contexts=_contexts(),
            )
        except OSError as error:
            raise Unavailable(f"port {self._settings.port} can't be opened: {error}") from error

    @property
    def port(self) -> int:
        """The port that is open."""
        if self._server is None:
            raise Unavailable("the DICOM port is not open")
        return int(self._server.server_address[1])

    @property
    def is_open(self) -> bool:
        """Whether associations are taken."""
        return self._server is not None

    def stop(self, patience_seconds: float = 10) -> None:
        """Take no more associations, let the open ones finish for a while, then cut them."""
        server, self._server = self._server, None
        if server is None:
            return
        server.shutdown()
        until = time.monotonic() + patience_seconds
        while self._ae.active_associations and time.monotonic() < until:
            time.sleep(0.05)
        for association in self._ae.active_associations:
            association.abort()

    def _opened(self, event: evt.Event) -> None:
        association: Association = event.assoc
        wrapped: AssociationSocket = association.dul.socket
        opened: socket.socket = wrapped.socket
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.settimeout(self._settings.network_timeout_seconds)
        wrapped.recv = partial(_bounded_read, wrapped.recv)
        association.run = partial(self._run, association, association.run, opened)
        metrics.OPEN.inc()

    def _requested(self, event: evt.Event) -> None:
        association: Association = event.assoc
        answer = self._senders.answer(str(association.requestor.primitive.calling_ae_title))
        if answer.value is not None:
            association.requestor.ae_title = association.requestor.primitive.calling_ae_title
            association.acse.send_reject(*answer.value)
            association.kill()

    def _run(
        self, association: Association, run: Callable[[], None], opened: socket.socket
    ) -> None:
        """Run an association's thread, and say once how it ended."""
        try:
            run()
        finally:
            opened.close()  # pynetdicom leaves it open where the peer went first
            metrics.OPEN.dec()
            self._ended(association)

    def _ended(self, association: Association) -> None:
        how = ending(
            Ending(
                requested=association.requestor.primitive is not None,
                rejected=association.is_rejected,
                released=association.is_released,
                accepted=bool(association.accepted_contexts),
            )
        )
        metrics.ASSOCIATIONS.labels(how).inc()
        facts = {
            "peer": str(association.requestor.address),
            "calling": str(association.requestor.ae_title).strip(),
            "reason": how,
        }
        if how == "released":
            _LOG.debug("an association ended", **facts)
        else:
            _LOG.warning("a connection did not end as an association should", **facts)
