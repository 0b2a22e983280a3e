"""How kopf is set: watches with time limits, no peering, no events of its own; login and liveness."""

import logging
import os
from collections.abc import Callable, Iterator
from typing import Any

import kopf

from meninx.kube.kinds import JOB, POD
from meninx.resources import names

WATCH_SECONDS = 240
"""How long one watch lasts before the server ends it and everything is listed anew."""
CLIENT_WATCH_SECONDS = 300
"""The client's own limit: longer, so that it only bites when the server is silent."""


class PatientBackoff:
    """Delays without end: an API server that is away must not end the operator."""

    def __iter__(self) -> Iterator[float]:
        """Yield the delays in seconds."""
        yield from (1.0, 2.0, 5.0)
        while True:
            yield 10.0


def configure(settings: kopf.OperatorSettings) -> None:
    """Set everything that kopf leaves open or does in a way that we don't want."""
    settings.peering.standalone = True
    settings.posting.enabled = False
    # Scanning would list all namespaces and definitions, which the operator has no right to.
    settings.scanning.disabled = True
    settings.watching.server_timeout = WATCH_SECONDS
    settings.watching.client_timeout = CLIENT_WATCH_SECONDS
    settings.watching.connect_timeout = 10
    settings.watching.reconnect_backoff = 1.0
    settings.networking.connect_timeout = 5
    settings.networking.request_timeout = 20
    settings.networking.error_backoffs = PatientBackoff()
    for kind in (JOB, POD):
        place = (kind.group, kind.version, kind.plural)
        settings.watching.label_selectors[place] = names.LABEL_JOB
    for talkative in ("kopf.objects", "kopf.activities.probe"):
        logging.getLogger(talkative).setLevel(logging.WARNING)


class Stuck(Exception):
    """The worker has made no progress: liveness must fail."""


def log_in(**kwargs: Any) -> kopf.ConnectionInfo | None:
    """Use KUBECONFIG where it is set, else the pod's service account."""
    if "KUBECONFIG" in os.environ:
        return kopf.login_with_kubeconfig(**kwargs)
    return kopf.login_with_service_account(**kwargs)


def register(registry: kopf.OperatorRegistry, stuck: Callable[[], bool]) -> None:
    """Add login and liveness to kopf; the probe fails when the worker makes no progress."""

    def progress(**_: Any) -> bool:
        if stuck():
            raise Stuck("no look has come to an end for too long: restart the operator")
        return True

    kopf.on.login(registry=registry)(log_in)
    kopf.on.probe(id="progress", registry=registry, errors=kopf.ErrorsMode.PERMANENT)(progress)
