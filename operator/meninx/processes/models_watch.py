"""kopf's watch of models and pipelines, in a thread and loop of its own: what ends it ends no more."""

import asyncio
import threading
from dataclasses import dataclass, field

import kopf

from meninx.base.logs import Log
from meninx.controller import handlers, startup
from meninx.controller.cache import Cache
from meninx.controller.settings import Settings

log = Log(__name__)

PAUSE_SECONDS = 5.0


@dataclass
class ModelsWatch:
    """Begins anew where kopf gives up: an answer of 410 to a watch, for one, ends all of kopf."""

    settings: Settings
    cache: Cache
    _told: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        """Make the thread."""
        self._thread = threading.Thread(target=self._run, name="kopf", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self, patience_seconds: float = 5.0) -> None:
        """End it."""
        self._told.set()
        if self._thread.is_alive():
            self._thread.join(patience_seconds)

    def _run(self) -> None:
        while not self._told.is_set():
            try:
                asyncio.run(self._watch())
            except Exception as error:  # noqa: BLE001 - whatever kopf dies of, the rest goes on
                log.warning(
                    f"kopf gave up and begins anew: {error}",
                    error=type(error).__name__,
                    seconds=PAUSE_SECONDS,
                )
                self._told.wait(PAUSE_SECONDS)

    async def _watch(self) -> None:
        registry = kopf.OperatorRegistry()
        startup.register(registry)
        handlers.register(registry, self.cache)
        settings = kopf.OperatorSettings()
        startup.configure(settings, self.settings.watch)
        await kopf.operator(
            registry=registry,
            settings=settings,
            standalone=True,
            namespaces=[self.settings.namespace],
            stop_flag=self._told,
        )
