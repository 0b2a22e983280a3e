"""What others have said of an object: its events, as the API server keeps them (for an hour)."""

from collections.abc import Mapping
from typing import Any

from meninx.kube.client import KubeApi
from meninx.kube.kinds import EVENT

_MOST = 100


def newest_event(api: KubeApi, namespace: str, *, uid: str, reason: str) -> str:
    """Return the message of the newest event of this reason about an object; empty where there is none."""
    query = {"fieldSelector": f"involvedObject.uid={uid},reason={reason}", "limit": str(_MOST)}
    found = api.page(EVENT.path(namespace), query, f"events about {uid}").get("items") or ()
    newest = max(found, key=_when, default=None)
    return "" if newest is None else str(newest.get("message") or "")


def _when(event: Mapping[str, Any]) -> str:
    """Return when it was said last: where that is kept depends on who said it."""
    series = event.get("series") or {}
    said = series.get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime")
    return str(said or event["metadata"].get("creationTimestamp") or "")
