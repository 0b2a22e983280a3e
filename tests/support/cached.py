"""A cache filled from an API server in memory, as informers fill it from the real one."""

from typing import Any

from tests.support.fake_kube import FakeKube

from meninx.base.clock import Clock
from meninx.controller.cache import Cache
from meninx.controller.metrics import Metrics
from meninx.controller.reconcile import Reconciler
from meninx.controller.settings import Settings
from meninx.kube.kinds import AIMODEL, AIPIPELINE, INFERENCEJOB, JOB, NODE, POD, TRAININGJOB

KINDS = (AIMODEL, AIPIPELINE, INFERENCEJOB, TRAININGJOB, JOB, POD, NODE)


def filled(kube: FakeKube, namespace: str) -> Cache:
    """Return a cache that holds what there is now."""
    cache = Cache()
    fault, kube.fault = kube.fault, None
    for kind in KINDS:
        found = kube.list(kind, namespace if kind.namespaced else None)
        for manifest in found:
            cache.changed(kind, "ADDED", manifest)
        cache.listed(kind, {item["metadata"]["name"] for item in found}, "0")
    kube.fault = fault
    return cache


def reconciler(
    kube: FakeKube, settings: Settings, clock: Clock, metrics: Metrics, **more: Any
) -> Reconciler:
    """Return a fresh reconciler that has seen what there is now."""
    cache = filled(kube, settings.namespace)
    return Reconciler(kube, cache, settings, clock=clock, metrics=metrics, **more)
