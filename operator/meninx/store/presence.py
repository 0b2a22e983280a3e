"""Which studies have an open association: in memory only, nothing durable hangs on it."""

import threading
from collections.abc import Callable

Alive = Callable[[], bool]


class Presence:
    """Remembers who is sending to a study; asks them whether they still are."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._senders: dict[str, list[Alive]] = {}

    def note(self, study_uid: str, alive: Alive) -> None:
        """Say that a sender delivers to a study, before its instance is stored."""
        with self._lock:
            senders = self._senders.get(study_uid, [])
            if alive not in senders:
                self._senders[study_uid] = [other for other in senders if other()] + [alive]

    def is_open(self, study_uid: str) -> bool:
        """Tell whether somebody who delivered to the study is still connected."""
        with self._lock:
            here = [alive for alive in self._senders.get(study_uid, []) if alive()]
            if here:
                self._senders[study_uid] = here
            else:
                self._senders.pop(study_uid, None)
            return bool(here)
