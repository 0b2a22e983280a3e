"""What the operator is told by its environment, read once."""

from dataclasses import dataclass, field
from typing import Self

from meninx.base.settings import Environment


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
    resync_seconds: float = 30.0
    liveness_port: int = 8080
    metrics_port: int = 9090

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
            resync_seconds=environment.number("MENINX_RESYNC_SECONDS", 30.0),
            liveness_port=environment.integer("MENINX_LIVENESS_PORT", 8080),
            metrics_port=environment.integer("MENINX_METRICS_PORT", 9090),
        )
