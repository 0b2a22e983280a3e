"""Whether the API server knows Kueue, asked for now and then."""

import time as system_time
from collections.abc import Callable
from typing import Protocol

from meninx.base.errors import MeninxError, NotFound
from meninx.base.logs import Log
from meninx.controller.queue.kueue import GROUP

log = Log(__name__)

AGAIN_SECONDS = 30.0


class Answers(Protocol):
    """What answers a path of the API."""

    def text(self, path: str, subject: str) -> str:
        """Return the answer; NotFound where there is nothing at the path."""
        ...


class Kueue:
    """Knows whether Kueue's API group is served; anybody may ask for that."""

    def __init__(self, api: Answers, *, time: Callable[[], float] = system_time.monotonic) -> None:
        self._api = api
        self._time = time
        self._installed = False
        self._asked_at: float | None = None

    def installed(self) -> bool:
        """Tell whether it is there; the last answer where the API server is away."""
        now = self._time()
        if self._asked_at is None or now - self._asked_at >= AGAIN_SECONDS:
            self._asked_at = now
            self._installed = self._ask()
        return self._installed

    def _ask(self) -> bool:
        try:
            self._api.text(f"/apis/{GROUP}", GROUP)
        except NotFound:
            return False
        except MeninxError as error:
            log.warning(f"it is not known whether Kueue is installed: {error}")
            return self._installed
        return True
