"""The watch of Kueue's Workloads: there only while Kueue is, and a job names one of its queues."""

import threading
from collections.abc import Callable

from meninx.base.logs import Log
from meninx.controller.keys import Key
from meninx.controller.kueue import Kueue, Workloads
from meninx.controller.queue.kueue import Word
from meninx.controller.settings import Settings
from meninx.kube.client import KubeApi
from meninx.kube.informer import Informer, Watched
from meninx.kube.kinds import INFERENCEJOB

log = Log(__name__)


class WorkloadsWatch:
    """Begins when Kueue is first seen, and ends when it is gone; jobs wait without it too."""

    def __init__(self, api: KubeApi, settings: Settings, put: Callable[[Key], None]) -> None:
        self._api = api
        self._settings = settings
        self._put = put
        self._kueue = Kueue(api)
        self._workloads = Workloads(self._heard)
        self._lock = threading.Lock()
        self._informer: Informer | None = None

    def installed(self) -> bool:
        """Tell whether Kueue is there, as it was seen last."""
        with self._lock:
            there = self._kueue.installed()
            if there and self._informer is None:
                self._begin()
            if not there:
                self._end()
        return there

    def word(self, job_uid: str) -> Word:
        """Return what Kueue says of a Kubernetes Job."""
        return self._workloads.word(job_uid)

    def stop(self) -> None:
        """End it."""
        with self._lock:
            self._end()

    def _heard(self, job: str) -> None:
        self._put(Key(INFERENCEJOB.kind, self._settings.namespace, job))

    def _begin(self) -> None:
        kind = self._kueue.workloads()
        if kind is None:
            return
        log.info("Kueue is installed: its Workloads are watched")
        watched = Watched(kind, self._settings.namespace)
        self._informer = Informer(self._api, watched, self._workloads, self._settings.watch)
        self._informer.start()

    def _end(self) -> None:
        if self._informer is None:
            return
        log.info("Kueue is gone: its Workloads are no longer watched")
        self._informer.stop()
        self._informer = None
        self._workloads.clear()
