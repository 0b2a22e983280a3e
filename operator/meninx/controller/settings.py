"""What the operator is told by its environment, read once."""

import socket
from dataclasses import dataclass, field
from typing import Self

from meninx.base.settings import Environment
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
        )
