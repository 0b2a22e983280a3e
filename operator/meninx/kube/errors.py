"""API failures as our errors: decided by HTTP status here and nowhere else.

The API server's own sentence is kept (it says which field is wrong), cut to a length that fits a
condition. Callers decide by type whether to try again, never by a number.
"""

import json

from meninx.base.errors import (
    BadInput,
    Conflict,
    MeninxError,
    NotFound,
    Unauthorised,
    Unavailable,
)

_LONGEST = 600

BY_STATUS: dict[int, type[MeninxError]] = {
    401: Unauthorised,
    403: Unauthorised,
    404: NotFound,
    408: Unavailable,
    409: Conflict,
    410: Conflict,  # a continue token or resource version has expired: read again
    412: Conflict,
    425: Unavailable,
    429: Unavailable,
}
"""What a status means where its class does not say it."""

BY_CLASS: dict[int, type[MeninxError]] = {
    1: Unavailable,
    2: Unavailable,  # only seen as an error when the body is not what was asked for
    3: Unavailable,
    4: BadInput,
    5: Unavailable,
}
"""What a class of statuses means."""

REMEDIES: dict[type[MeninxError], str] = {
    BadInput: "correct the manifest",
    Unauthorised: "check the service account and the chart's RBAC",
    NotFound: "check the name, and that the CRDs are installed",
    Conflict: "it is read again and tried again",
    Unavailable: "it is tried again; check the API server if it lasts",
}


def error_class(status: int) -> type[MeninxError]:
    """Return which of our errors an HTTP status is."""
    return BY_STATUS.get(status) or BY_CLASS.get(status // 100, Unavailable)


def _status_document(body: bytes) -> dict[str, object]:
    try:
        document = json.loads(body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def says_object_is_absent(body: bytes) -> bool:
    """Tell a missing object from a missing kind: only the former's answer names the object."""
    details = _status_document(body).get("details")
    return isinstance(details, dict) and bool(details.get("name"))


def from_response(status: int, body: bytes, subject: str) -> MeninxError:
    """Return the error of ours for an answer of the API server about `subject`."""
    message = _status_document(body).get("message") or body.decode(errors="replace").strip()
    kind = error_class(status)
    said = " ".join(str(message).split())[:_LONGEST]
    return kind(f"{subject}: the API server answered {status} ({said}); {REMEDIES[kind]}")


def from_transport(error: Exception, subject: str) -> Unavailable:
    """Return the error of ours for a call that got no answer."""
    return Unavailable(f"{subject}: {no_answer(error)}; {REMEDIES[Unavailable]}")


def no_answer(error: Exception) -> str:
    """Return what to say of a call that got no answer."""
    return f"no answer from the API server ({type(error).__name__})"
