"""What the cluster says of Jobs that get no pod, asked now and then and kept between looks."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

from meninx.base.clock import Clock
from meninx.base.errors import MeninxError
from meninx.base.logs import Log
from meninx.controller.job.observed import Observed
from meninx.controller.job.unmade import ASK_SECONDS, due_seconds, obstacle
from meninx.controller.keys import Key

log = Log(__name__)

_EARLY_SECONDS = 1.0
"""A look that comes so little too soon asks all the same: it was planned for this."""

Ask = Callable[[str], str]
"""Returns the newest message about a Job's pods that could not be made, by the Job's uid; empty: none."""


@dataclass
class Podless:
    """Asks for the events of a Job that has been without a pod for too long, at most every ASK_SECONDS."""

    clock: Clock
    ask: Ask = lambda _: ""
    _told: dict[Key, tuple[str, dt.datetime]] = field(default_factory=dict)

    def why(self, key: Key, observed: Observed) -> str:
        """Return what forbids the pod; empty where it has one, or nothing is known."""
        now = self.clock.now()
        due = due_seconds(observed, now)
        if due is None or due > 0:
            self.forget(key)
            return ""
        before = self._told.get(key)
        if before is None or (now - before[1]).total_seconds() >= ASK_SECONDS - _EARLY_SECONDS:
            uid = (observed.kubernetes_job or {})["metadata"]["uid"]
            self._told[key] = self._asked(key, uid), now
        return self._told[key][0]

    def forget(self, key: Key) -> None:
        """Drop what is known of a job that has its pod, or is gone."""
        self._told.pop(key, None)

    def _asked(self, key: Key, uid: str) -> str:
        try:
            return obstacle(self.ask(uid))
        except MeninxError as error:
            log.warning(f"why a Job has no pod can't be read: {error}", name=key.name)
            return self._told[key][0] if key in self._told else ""
