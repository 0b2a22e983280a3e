"""What the operator is told by its environment, read once."""

import socket
from dataclasses import dataclass, field
from typing import Self

from meninx.base.errors import BadInput
from meninx.base.settings import Environment
from meninx.controller.queue.order import PRIORITIES
from meninx.controller.queue.snapshot import Limits
from meninx.kube.watch import WatchLimits


@dataclass(frozen=True)
class PodSettings:
    """What the pods of jobs are made with."""

    image: str
    """Image of `fetch` and `deliver`."""
    store_url: str
    gpu_product: str | None = None
    """GPU product label where the AIModel names none."""
    service_account: str | None = None
    priority_classes: tuple[tuple[str, str], ...] = ()
    """By priority of the job, the PriorityClass of its pods; the cluster's default where none."""

    def priority_class(self, priority: str) -> str | None:
        """Return the PriorityClass of the pods of a job."""
        return dict(self.priority_classes).get(priority)


@dataclass(frozen=True)
class Settings:
    """What the operator runs with."""

    namespace: str
    pods: PodSettings
    signing_key: bytes = field(repr=False)
    resync_seconds: float = 300.0
    """How often everything is looked at without a cause; what is waited for comes by events."""
    liveness_port: int = 8080
    metrics_port: int = 9090
    watch: WatchLimits = field(default_factory=WatchLimits)
    lease: str = "meninx-operator"
    """Name of the Lease that says which replica works."""
    pod: str = "meninx-operator"
    """Name of our own pod: who holds the lease, and where events about ourselves go."""
    pod_uid: str = ""
    queue: Limits = field(default_factory=Limits)

    @classmethod
    def read(cls, environment: Environment) -> Self:
        """Read the variables that the chart sets; the error names the one that is wrong."""
        return cls(
            namespace=environment.text("MENINX_NAMESPACE"),
            pods=PodSettings(
                image=environment.text("MENINX_IMAGE"),
                store_url=environment.text("MENINX_STORE_URL"),
                gpu_product=environment.text("MENINX_GPU_PRODUCT", "") or None,
                service_account=environment.text("MENINX_JOB_SERVICE_ACCOUNT", "") or None,
                priority_classes=_classes(environment.text("MENINX_PRIORITY_CLASSES", "")),
            ),
            signing_key=environment.secret("MENINX_SIGNING_KEY"),
            resync_seconds=environment.number("MENINX_RESYNC_SECONDS", 300.0),
            liveness_port=environment.integer("MENINX_LIVENESS_PORT", 8080),
            metrics_port=environment.integer("MENINX_METRICS_PORT", 9090),
            watch=WatchLimits(
                server_seconds=environment.number("MENINX_WATCH_SECONDS", 60.0),
                grace_seconds=environment.number("MENINX_WATCH_GRACE_SECONDS", 15.0),
            ),
            lease=environment.text("MENINX_LEASE", "meninx-operator"),
            pod=environment.text("MENINX_POD", socket.gethostname()),
            pod_uid=environment.text("MENINX_POD_UID", ""),
            queue=Limits(
                preempt=environment.flag("MENINX_QUEUE_PREEMPT", default=False),
                patience_seconds=environment.number("MENINX_QUEUE_PATIENCE_SECONDS", 600.0),
                count_room=environment.flag("MENINX_QUEUE_COUNT_ROOM", default=True),
            ),
        )


def _classes(text: str) -> tuple[tuple[str, str], ...]:
    """Read `Stat=name,Urgent=name,Routine=name`; a priority without a name is left out."""
    pairs = [part.partition("=") for part in text.split(",") if part]
    if unknown := [priority for priority, _, _ in pairs if priority not in PRIORITIES]:
        raise BadInput(
            f"MENINX_PRIORITY_CLASSES names {unknown[0]!r}: give {', '.join(PRIORITIES)}"
        )
    return tuple((priority, name) for priority, _, name in pairs if name)
