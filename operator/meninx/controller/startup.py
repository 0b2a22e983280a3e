"""How kopf is set: watches with time limits, no peering, no events of its own; and its login."""

import logging
import os
from collections.abc import Iterator
from typing import Any

import kopf

from meninx.kube.watch import WatchLimits


class PatientBackoff:
    """Delays without end: an API server that is away must not end the operator."""

    def __iter__(self) -> Iterator[float]:
        """Yield the delays in seconds."""
        yield from (1.0, 2.0, 5.0)
        while True:
            yield 10.0


def configure(settings: kopf.OperatorSettings, limits: WatchLimits) -> None:
    """Set everything that kopf leaves open or does in a way that we don't want.

    Its watches get the limits of our own: the server ends each in order, and the client's limit is
    longer, so that it only bites when the server is silent.
    """
    settings.peering.standalone = True
    settings.posting.enabled = False
    # Scanning would list all namespaces and definitions, which the operator has no right to.
    settings.scanning.disabled = True
    settings.watching.server_timeout = max(1, round(limits.server_seconds))
    settings.watching.client_timeout = limits.client_seconds
    settings.watching.inactivity_timeout = limits.client_seconds
    settings.watching.connect_timeout = 10
    settings.watching.reconnect_backoff = 1.0
    settings.networking.connect_timeout = 5
    settings.networking.request_timeout = 20
    settings.networking.error_backoffs = PatientBackoff()
    logging.getLogger("kopf.objects").setLevel(logging.WARNING)


def log_in(**kwargs: Any) -> kopf.ConnectionInfo | None:
    """Use KUBECONFIG where it is set, else the pod's service account."""
    if "KUBECONFIG" in os.environ:
        return kopf.login_with_kubeconfig(**kwargs)
    return kopf.login_with_service_account(**kwargs)


def register(registry: kopf.OperatorRegistry) -> None:
    """Add the login to kopf."""
    kopf.on.login(registry=registry)(log_in)
