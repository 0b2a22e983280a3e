"""The ingress pod: the DICOM port, the web side, routing and delivery in one process, one store.

Threads: pynetdicom's (one accepts, two an association), the store's committer, an asyncio loop
for the web side, routing's loop, delivery's loop with its workers. The main thread waits for a
signal. Killed at any moment, nothing acknowledged is lost: stopping gently only saves time.
"""

import asyncio
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Self

from aiohttp import web

from meninx.base.clock import SystemClock
from meninx.base.errors import Broken, MeninxError, Unavailable
from meninx.base.logs import Log
from meninx.base.settings import Environment
from meninx.delivery import loop as delivery
from meninx.delivery.nodes import Nodes
from meninx.ingress import listener as dicom
from meninx.ingress.pull import Puller, Wanting
from meninx.ingress.senders import Senders
from meninx.kube.client import KubeApi
from meninx.kube.informer import Informer, Watched
from meninx.kube.kinds import INFERENCEJOB
from meninx.peers.dimse import Caller
from meninx.routing import loop as routing
from meninx.store.lock import only_one
from meninx.store.store import Store
from meninx.web.app import make_app
from meninx.web.site import Site

_SENDERS_SECONDS = 10.0
_LOG = Log(__name__)


@dataclass(frozen=True)
class Settings:
    """What the process is told."""

    data: Path
    privacy_key: bytes
    signing_key: bytes
    web_port: int
    known_senders_only: bool
    """Only DicomNodes with maySend may open an association."""
    listener: dicom.Settings
    routing: routing.Settings
    delivery: delivery.Settings

    @classmethod
    def of(cls, environment: Environment) -> Self:
        """Read the settings from the pod's environment; raises BadInput with the remedy."""
        namespace = environment.text("MENINX_NAMESPACE")
        privacy_key = environment.secret("MENINX_PRIVACY_KEY")
        title = environment.text("MENINX_AE_TITLE", "MENINX").strip()
        return cls(
            data=Path(environment.text("MENINX_DATA")),
            privacy_key=privacy_key,
            signing_key=environment.secret("MENINX_SIGNING_KEY"),
            web_port=environment.integer("MENINX_WEB_PORT", 8080),
            known_senders_only=environment.flag("MENINX_KNOWN_SENDERS_ONLY", default=False),
            listener=dicom.Settings(
                ae_title=title,
                port=environment.integer("MENINX_DICOM_PORT", 11112),
                max_associations=environment.integer("MENINX_MAX_ASSOCIATIONS", 64),
                network_timeout_seconds=environment.number("MENINX_NETWORK_TIMEOUT_SECONDS", 60),
            ),
            routing=routing.Settings(
                namespace, privacy_key, environment.number("MENINX_QUIET_SECONDS", 60)
            ),
            delivery=delivery.Settings(
                namespace, Caller(title), environment.number("MENINX_ECHO_SECONDS", 60)
            ),
        )


class WebThread:
    """The web side in an asyncio loop of its own."""

    def __init__(self, site: Site, port: int) -> None:
        self._app = make_app(site)
        self._port = port
        self._loop = asyncio.new_event_loop()
        self._runner = web.AppRunner(self._app, access_log=None, shutdown_timeout=5.0)
        self._thread = threading.Thread(target=self._loop.run_forever, name="web", daemon=True)

    def start(self) -> None:
        """Open the port; Unavailable where it is taken."""
        self._thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self._open(), self._loop).result()
        except OSError as error:
            raise Unavailable(f"port {self._port} can't be opened: {error}") from error

    def stop(self) -> None:
        """Finish the requests under way for a few seconds, then end."""
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _open(self) -> None:
        await self._runner.setup()
        await web.TCPSite(self._runner, None, self._port).start()


class Process:
    """Everything that runs in the pod."""

    def __init__(self, settings: Settings, api: KubeApi) -> None:
        clock = SystemClock()
        self._stop = threading.Event()
        self._store = Store.open(settings.data, settings.privacy_key, clock=clock)
        self._senders = Senders(known_only=settings.known_senders_only)
        self._nodes = Nodes(api, settings.delivery.namespace)
        self._listener = dicom.Listener(settings.listener, self._store, self._senders)
        routes = routing.Loop(self._store, api, settings.routing, clock)
        sends = delivery.Loop(self._store, api, settings.delivery, clock)
        wanting = Wanting()
        namespace, caller = settings.delivery.namespace, settings.delivery.caller
        pulls = Puller(self._store, api, wanting, namespace=namespace, caller=caller)
        self._watch = Informer(api, Watched(INFERENCEJOB, namespace), wanting)
        self._loops = [
            self._thread("routing", routes.run),
            self._thread("delivery", sends.run),
            self._thread("pull", pulls.run),
        ]
        if settings.known_senders_only:
            self._loops.append(self._thread("senders", self._know_senders))
        site = Site(self._store, settings.signing_key, clock, alive=self._alive, ready=self._ready)
        self._web = WebThread(site, settings.web_port)

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT, or until a part of the process is gone."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        try:
            self._web.start()
            for thread in self._loops:
                thread.start()
            self._watch.start()
            self._listener.start()
            _LOG.info("the ingress has started")
            while not self._stop.wait(1.0):
                if not self._alive():
                    raise Broken("a thread of the ingress ended: it is restarted by its pod")
        finally:
            self._end()

    def _thread(self, name: str, run: Callable[[threading.Event], None]) -> threading.Thread:
        return threading.Thread(target=run, args=(self._stop,), name=name, daemon=True)

    def _know_senders(self, stop: threading.Event) -> None:
        """Keep the list of those who may send in step with the DicomNodes."""
        while True:
            try:
                nodes = self._nodes.current(self._store.clock.now())
                self._senders.know(one.peer.ae_title for one in nodes.values() if one.peer.may_send)
            except MeninxError as error:
                _LOG.warning("who may send is not known yet", reason=str(error))
            if stop.wait(_SENDERS_SECONDS):
                return

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        self._stop.set()

    def _alive(self) -> bool:
        return self._store.is_writing and all(thread.is_alive() for thread in self._loops)

    def _ready(self) -> bool:
        return self._alive() and self._listener.is_open

    def _end(self) -> None:
        """Take nothing new, finish what is under way, close the store last."""
        self._stop.set()
        self._listener.stop()
        self._watch.stop()
        for thread in self._loops:
            if thread.ident is not None:
                thread.join(timeout=40)
        self._web.stop()
        self._store.close()
        _LOG.info("the ingress has ended")


def serve(settings: Settings, api: KubeApi) -> None:
    """Run the ingress until it is told to stop."""
    with only_one(settings.data):
        Process(settings, api).run()
