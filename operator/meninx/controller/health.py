"""Whether the operator makes progress (liveness) and knows what it needs to (readiness) (pure)."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

_TICK_SECONDS = 0.5


@dataclass(frozen=True)
class Vitals:
    """How each part of the process does; ages and idle times in seconds."""

    loop_lag_seconds: float = 0.0
    watch_idle_seconds: Mapping[str, float] = field(default_factory=dict)
    """Since the watch's thread last did anything, be it a vain try."""
    watch_age_seconds: Mapping[str, float] = field(default_factory=dict)
    """Since the API server was last heard of a kind."""
    lease_idle_seconds: float = 0.0
    stuck: bool = False
    """No look has come to an end for too long."""
    synced: bool = False
    leading: bool = False
    holder: str = ""
    swept: bool = False
    """Everything has been looked at once, by the replica that leads."""
    lacking: str = ""
    """What the installed definitions lack."""


@dataclass(frozen=True)
class Limits:
    """When a part counts as dead. An API server that is away must not look like that: a restart
    would not help, and every part keeps trying."""

    loop_lag_seconds: float = 20.0
    watch_idle_seconds: float = 180.0
    lease_idle_seconds: float = 60.0


def ailments(vitals: Vitals, limits: Limits) -> tuple[str, ...]:
    """Return what only a restart can mend, in words; empty where all is well."""
    found = [
        f"the watch of {kind} has done nothing for {idle:.0f} s"
        for kind, idle in sorted(vitals.watch_idle_seconds.items())
        if idle > limits.watch_idle_seconds
    ]
    if vitals.loop_lag_seconds > limits.loop_lag_seconds:
        found.append(f"the event loop is {vitals.loop_lag_seconds:.0f} s late")
    if vitals.lease_idle_seconds > limits.lease_idle_seconds:
        found.append(f"the lease was not looked at for {vitals.lease_idle_seconds:.0f} s")
    if vitals.stuck:
        found.append("no look at an object has come to an end for too long")
    return tuple(found)


def ready(vitals: Vitals) -> bool:
    """Tell whether a leader works on a whole picture, or a standby could at once."""
    return vitals.synced and (vitals.swept or not vitals.leading) and not vitals.stuck


def page(vitals: Vitals, verdict: str) -> str:
    """Return what the probes' pages say."""
    ages = " ".join(f"{kind}={age:.1f}s" for kind, age in sorted(vitals.watch_age_seconds.items()))
    lines = [
        verdict,
        f"role: {'leader' if vitals.leading else 'standby'} (lease held by {vitals.holder or '-'})",
        f"watches, last heard: {ages or '-'}",
        f"event loop lag: {vitals.loop_lag_seconds:.2f}s",
    ]
    return "\n".join([*lines, *([vitals.lacking] if vitals.lacking else [])]) + "\n"


class LoopLag:
    """How late the event loop is: measured by a task that wants to be woken twice a second."""

    def __init__(self) -> None:
        self._woken: float | None = None
        self._late = 0.0

    async def run(self) -> None:
        """Measure until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(_TICK_SECONDS)
            self._woken = loop.time()
            self._late = max(0.0, self._woken - before - _TICK_SECONDS)

    @property
    def measured(self) -> bool:
        """Tell whether it has been woken once."""
        return self._woken is not None

    def seconds(self, now: float) -> float:
        """Return the lag of the last turn, or of one that is overdue at `now` (the loop's time)."""
        overdue = 0.0 if self._woken is None else now - self._woken - _TICK_SECONDS
        return max(self._late, overdue, 0.0)
