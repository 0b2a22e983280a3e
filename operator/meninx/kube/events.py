"""Which transitions become events, once: an event's name is its content (pure)."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Literal

from meninx.base.clock import to_rfc3339
from meninx.kube.kinds import EVENT
from meninx.resources.names import digest

EventType = Literal["Normal", "Warning"]
_LONGEST_MESSAGE = 1024  # the API server's own limit
_LONGEST_NAME = 200


def reference(involved: Mapping[str, Any]) -> dict[str, Any]:
    """Return the object reference of a manifest that was read from the API server."""
    metadata = involved.get("metadata", {})
    fields = {
        "apiVersion": involved.get("apiVersion"),
        "kind": involved.get("kind"),
        "namespace": metadata.get("namespace"),
        "name": metadata.get("name"),
        "uid": metadata.get("uid"),
    }
    return {key: value for key, value in fields.items() if value}


def event_manifest(
    involved: Mapping[str, Any],
    *,
    type: EventType,  # noqa: A002 - the API's own word
    reason: str,
    message: str,
    component: str,
    now: dt.datetime,
) -> dict[str, Any]:
    """Return the event; the same words about the same object always have the same name."""
    target = reference(involved)
    key = digest(str(target.get("uid", "")), str(reason), message)[:16]
    return {
        "apiVersion": EVENT.api_version,
        "kind": EVENT.kind,
        "metadata": {
            "name": f"{str(target.get('name', 'unknown'))[:_LONGEST_NAME]}.{key}",
            "namespace": target.get("namespace", "default"),
        },
        "involvedObject": target,
        "type": type,
        "reason": str(reason),
        "message": message[:_LONGEST_MESSAGE],
        "source": {"component": component},
        "reportingComponent": component,
        "reportingInstance": component,
        "firstTimestamp": to_rfc3339(now),
        "lastTimestamp": to_rfc3339(now),
        "count": 1,
    }
