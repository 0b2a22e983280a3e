"""How far trainings have come, as their logs say, asked now and then and kept between looks."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from meninx.base.clock import Clock
from meninx.base.errors import MeninxError
from meninx.base.logs import Log
from meninx.controller.job.steps import by_age, read_steps
from meninx.controller.training.decide import LOG_SECONDS
from meninx.controller.training.result import progress_of

log = Log(__name__)

LINES = 20
_EARLY_SECONDS = 1.0
"""A look that comes so little too soon asks all the same: it was planned for this."""


Tail = Callable[[str], str]
"""Returns the last lines of the log of a training's pod, by the pod's name; empty where there is none."""


@dataclass
class ProgressWatch:
    """Asks the log of a training's newest pod at most every LOG_SECONDS, and once at its end."""

    clock: Clock
    tail: Tail = lambda _: ""
    _asked: dict[str, tuple[str, dt.datetime]] = field(default_factory=dict)
    """By training: pod and state of its container, and when it was asked."""
    _known: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def progress(self, name: str, pods: tuple[Mapping[str, Any], ...]) -> Mapping[str, Any] | None:
        """Return how far a training has come; the last that is known where its log can't be read."""
        pod = by_age(pods)[-1] if pods else None
        if pod is not None and read_steps(pod)[-1].state != "waiting":
            self._ask(name, pod)
        return self._known.get(name)

    def forget(self, name: str) -> None:
        """Drop what is known of a training that is over or gone."""
        self._asked.pop(name, None)
        self._known.pop(name, None)

    def _ask(self, name: str, pod: Mapping[str, Any]) -> None:
        state, now = f"{pod['metadata']['name']} {read_steps(pod)[-1].state}", self.clock.now()
        before = self._asked.get(name)
        if before is not None and before[0] == state:
            rest = LOG_SECONDS - _EARLY_SECONDS - (now - before[1]).total_seconds()
            if rest > 0 or state.endswith("ended"):
                return
        self._asked[name] = state, now
        try:
            said = self.tail(pod["metadata"]["name"])
        except MeninxError as error:
            log.warning(f"the log of a training can't be read: {error}", name=name)
            return
        found = progress_of(said)
        if found is not None:
            self._known[name] = found
