"""C-STORE bytes to the store's writer, unread and unchanged."""

from pynetdicom.events import Event

from meninx.base.errors import BadInput, MeninxError
from meninx.base.logs import Log
from meninx.ingress import metrics
from meninx.ingress.admit import (
    OF_KEPT,
    Requested,
    Status,
    mismatch,
    refused_class,
    status_of,
)
from meninx.store.header import read_identity
from meninx.store.store import Store
from meninx.store.writer import Encoded, Kept

_LOG = Log(__name__)


def calling_aet(event: Event) -> str:
    """Return the sender's title without its outer spaces."""
    return str(event.assoc.requestor.ae_title).strip()


def on_store(event: Event, store: Store) -> int:
    """Answer one C-STORE request; success means that the instance is safe."""
    aet = metrics.aet_label(calling_aet(event))
    try:
        status = _receive(event, store)
        if status not in {Status.SUCCESS, Status.ELEMENTS_KEPT}:
            _refused(event, status, status.name)
    except MeninxError as error:
        status = status_of(error)
        _refused(event, status, type(error).__name__, message=str(error))
    except Exception:  # noqa: BLE001 - the edge: one bad instance must not end the association
        status = Status.PROCESSING_FAILURE
        _LOG.error("an instance could not be processed", calling=aet, status=f"{status:04X}")
    metrics.INSTANCES.labels(status.name.lower(), aet).inc()
    return int(status)


def _receive(event: Event, store: Store) -> Status:
    request = event.request
    requested = Requested(str(request.AffectedSOPClassUID), str(request.AffectedSOPInstanceUID))
    refused = refused_class(requested.sop_class_uid)
    if refused is not None:
        return refused
    if request.DataSet is None:
        raise BadInput("request without a data set: send the instance again")
    dataset = event.encoded_dataset(include_meta=False)
    metrics.BYTES.inc(len(dataset))
    transfer_syntax_uid = str(event.context.transfer_syntax)
    identity = read_identity(dataset, transfer_syntax_uid)
    refused = mismatch(requested, identity)
    if refused is not None:
        return refused
    encoded = Encoded(identity, transfer_syntax_uid, dataset, calling_aet(event))
    kept = store.put(encoded, sender=event.assoc.is_alive)
    if kept is Kept.FIRST:
        _LOG.warning("a different copy came under a UID that is held: the first stays")
    return OF_KEPT[kept]


def _refused(event: Event, status: Status, reason: str, *, message: str = "") -> None:
    _LOG.warning(
        f"an instance was refused. {message}".strip(),
        calling=calling_aet(event),
        sop_class=str(event.request.AffectedSOPClassUID),
        status=f"{status:04X}",
        reason=reason,
    )
