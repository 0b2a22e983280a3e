"""The API server with the cache beside it: what we write is known at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from meninx.controller.cache import Cache
from meninx.kube.client import Api
from meninx.kube.events import EventType
from meninx.kube.kinds import AIMODEL, AIPIPELINE, INFERENCEJOB, JOB, TRAININGJOB, Kind

Manifest = dict[str, Any]

CACHED = (AIMODEL, AIPIPELINE, INFERENCEJOB, TRAININGJOB, JOB)
"""Kinds that we write and read from the cache; Secrets, for one, are never read back."""


@dataclass(frozen=True)
class SeenWrites:
    """A `meninx.kube.client.Api` whose answers to writes go into the cache."""

    api: Api
    cache: Cache

    def get(self, kind: Kind, namespace: str | None, name: str) -> Manifest | None:
        """Return an object as the API server has it, or None."""
        return self.api.get(kind, namespace, name)

    def list(
        self, kind: Kind, namespace: str | None, *, labels: Mapping[str, str] | None = None
    ) -> list[Manifest]:
        """Return all objects of a kind that carry the labels, as the API server has them."""
        return self.api.list(kind, namespace, labels=labels)

    def apply(
        self, kind: Kind, manifest: Manifest, *, manager: str, subresource: str | None = None
    ) -> Manifest:
        """Server-side apply (force) as `manager`; return the object as it is then."""
        stored = self.api.apply(kind, manifest, manager=manager, subresource=subresource)
        if kind in CACHED:
            self.cache.saw(kind, stored)
        return stored

    def delete(
        self, kind: Kind, namespace: str | None, name: str, *, uid: str | None = None
    ) -> bool:
        """Delete an object and what it owns; False where it (that uid) is gone already."""
        deleted = self.api.delete(kind, namespace, name, uid=uid)
        if kind in CACHED:
            self.cache.gone(kind, name, uid)
        return deleted

    def absent(self, kind: Kind, namespace: str, name: str) -> bool:
        """Tell whether there is no object of that name."""
        return self.api.absent(kind, namespace, name)

    def event(
        self,
        involved: Manifest,
        *,
        type: EventType,  # noqa: A002
        reason: str,
        message: str,
        component: str,
    ) -> None:
        """Say something about an object once."""
        self.api.event(involved, type=type, reason=reason, message=message, component=component)
