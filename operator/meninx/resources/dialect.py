"""How a container is spoken to under each contract: its folders, variables and user (data)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from meninx.resources.meta import Contract

_TMP = "/tmp"  # noqa: S108  an emptyDir of the container's own


@dataclass(frozen=True)
class Dialect:
    """Where a container looks for its input and writes its output."""

    input_paths: tuple[str, ...]
    """Every path at which the one input folder is mounted, read-only."""
    output_paths: tuple[str, ...]
    """Every path at which the one output folder is mounted."""
    environment: Mapping[str, str]
    user: int
    """User and group of its process; never root."""
    home: str | None = None
    """HOME to set; None leaves what the image says."""
    scratch_paths: tuple[str, ...] = field(default=())
    """Further folders that it may write to, empty at the start."""


MENINX = Dialect(
    input_paths=("/meninx/input",),
    output_paths=("/meninx/output",),
    environment={"MENINX_INPUT": "/meninx/input", "MENINX_OUTPUT": "/meninx/output"},
    user=65532,
    home=_TMP,
)

MAP = Dialect(
    input_paths=("/var/holoscan/input", "/var/monai/input"),
    output_paths=("/var/holoscan/output", "/var/monai/output"),
    scratch_paths=("/var/holoscan/logs",),
    environment={
        "HOLOSCAN_INPUT_PATH": "/var/holoscan/input/",
        "HOLOSCAN_OUTPUT_PATH": "/var/holoscan/output/",
        "HOLOSCAN_LOGS": "/var/holoscan/logs/",
        "MONAI_INPUTPATH": "/var/monai/input/",
        "MONAI_OUTPUTPATH": "/var/monai/output/",
        "XDG_CACHE_HOME": f"{_TMP}/cache",
        "MPLCONFIGDIR": f"{_TMP}/matplotlib",
        "CUDA_CACHE_PATH": f"{_TMP}/cuda",
    },
    user=1000,
)
"""A MONAI Application Package, release 1.0 (Holoscan) and before (MONAI); both are always set.

Where its models, manifests and application lie is its image's own to say. Its packager makes
user 1000. The caches are for libraries that would write to a home that is read-only here.
"""


def dialect(contract: Contract) -> Dialect:
    """Return how containers of a contract are spoken to."""
    return MAP if contract == "MAP" else MENINX
