"""One thing found about a series: a published reason and what it says of this series."""

from dataclasses import dataclass

from meninx.resources.reasons import Reason


@dataclass(frozen=True)
class Finding:
    """Something found about a series; a fatal one forbids a volume. Messages hold no identity."""

    reason: Reason
    message: str
    fatal: bool = True
