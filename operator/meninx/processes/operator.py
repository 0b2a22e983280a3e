"""The operator's process: informers and kopf watch, a lease says who leads, the worker looks."""

import asyncio
import gc
import os
import signal
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from meninx.base.clock import SystemClock
from meninx.base.errors import MeninxError, NotFound
from meninx.base.logs import Log
from meninx.controller import handlers, health
from meninx.controller.cache import Cache
from meninx.controller.job import unmade
from meninx.controller.job.steps import TRAIN
from meninx.controller.keys import Key
from meninx.controller.metrics import Metrics
from meninx.controller.metrics import Vitals as Scraped
from meninx.controller.reconcile import Reconciler
from meninx.controller.schema import Lacking, lacking
from meninx.controller.settings import Settings
from meninx.controller.training.watch import LINES
from meninx.controller.turns import Turns
from meninx.controller.worker import Worker
from meninx.kube.client import KubeApi
from meninx.kube.event_log import newest_event
from meninx.kube.informer import Informer, Watched, fill
from meninx.kube.kinds import JOB, POD, Kind
from meninx.kube.lease import Elector, Terms
from meninx.kube.logs import container_log
from meninx.processes.models_watch import ModelsWatch
from meninx.processes.workloads_watch import WorkloadsWatch
from meninx.resources import names

log = Log(__name__)

_PAUSE_SECONDS = 2.0
_SOON_SECONDS = 0.05
_REFILL_SECONDS = 60.0
FRESH_SECONDS = 15.0
"""A replica that has just listed everything, and leads, need not list it twice."""
LOST_EXIT_CODE = 75


class Operator:
    """The parts of one replica and how they hang together."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._metrics = Metrics()
        self._api = KubeApi.connect()
        self._cache = Cache()
        self._lacking = Lacking()
        self._lag = health.LoopLag()
        self._loop = asyncio.get_running_loop()
        self._leads = asyncio.Event()
        clock = SystemClock()
        self._kueue = WorkloadsWatch(self._api, settings, self._look_at)
        self._turns = Turns(
            self._cache,
            gpu_product=settings.pods.gpu_product,
            limits=settings.queue,
            kueues=self._kueue,
        )
        self._cache.listen(self._turns.heard)
        self._reconciler = Reconciler(
            self._api,
            self._cache,
            settings,
            clock=clock,
            metrics=self._metrics,
            turns=self._turns,
        )
        self._reconciler.progress.tail = self._training_log
        self._reconciler.podless.ask = self._refused_pod
        self._worker = Worker(
            self._reconciler, self._metrics, resync_seconds=settings.resync_seconds
        )
        dispatcher = handlers.Dispatcher(
            self._cache, self._metrics.census, self._worker.put, settings.namespace
        )
        self._cache.listen(dispatcher)
        self._informers = [self._informer(kind) for kind in handlers.WATCHED]
        self._models = ModelsWatch(settings, self._cache)
        self._filled = {kind: self._loop.time() for kind in handlers.BY_KOPF}
        terms = Terms()
        self._elector = Elector(
            KubeApi.connect(patience_seconds=terms.call_seconds),
            settings.namespace,
            settings.lease,
            f"{settings.pod}_{uuid.uuid4().hex[:8]}",
            on_lead=self._led,
            on_lost=_die,
            terms=terms,
            ready=self._synced,
        )
        self._metrics.vitals = Scraped(
            self.ages, lambda: self._lag.seconds(self._loop.time()), self._elector.holds
        )

    def _training_log(self, pod: str) -> str:
        return container_log(self._api, self._settings.namespace, pod, TRAIN, tail=LINES)

    def _refused_pod(self, job_uid: str) -> str:
        return newest_event(
            self._api, self._settings.namespace, uid=job_uid, reason=unmade.FAILED_CREATE
        )

    def _look_at(self, key: Key) -> None:
        self._worker.put(key)

    def _led(self) -> None:
        self._loop.call_soon_threadsafe(self._leads.set)

    def _informer(self, kind: Kind) -> Informer:
        labels = f"{names.LABEL_MANAGED}={names.MANAGED_BY}" if kind in {JOB, POD} else ""
        watched = Watched(kind, self._settings.namespace if kind.namespaced else None, labels)
        return Informer(self._api, watched, self._cache, self._settings.watch)

    def ages(self) -> dict[str, float]:
        """Return how long ago the API server was last heard of each kind."""
        ages = {part.watched.kind.kind: part.age_seconds() for part in self._informers}
        now = self._loop.time()
        return ages | {kind.kind: now - at for kind, at in self._filled.items()}

    def vitals(self) -> health.Vitals:
        """Return how each part does."""
        idle = {part.watched.kind.kind: part.idle_seconds() for part in self._informers}
        return health.Vitals(
            loop_lag_seconds=self._lag.seconds(self._loop.time()),
            watch_idle_seconds=idle if self._synced() else {},
            watch_age_seconds=self.ages(),
            lease_idle_seconds=self._elector.idle_seconds() if self._elector.started else 0.0,
            stuck=self._worker.stuck(),
            synced=self._synced(),
            leading=self._elector.leading,
            holder=self._elector.holder,
            swept=self._worker.swept,
            lacking=self._lacking.sentence(),
        )

    def _synced(self) -> bool:
        return self._cache.synced((*handlers.WATCHED, *handlers.BY_KOPF))

    async def run(self) -> None:
        """Run until cancelled; looks that have begun are finished, and the lease given up."""
        for part in self._informers:
            part.start()
        await self._untired(self._fill)
        await self._untired(self._compare)
        self._models.start()
        works = (self._refill(), self._lag.run(), self._lead())
        tasks = [asyncio.ensure_future(work) for work in works]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.to_thread(self._stop)

    def _stop(self) -> None:
        ended = self._worker.stop()
        if ended:
            self._release()
            self._elector.stop()  # else a look may still write: the lease runs out instead
        for part in self._informers:
            part.stop()
        self._models.stop()
        self._kueue.stop()
        log.info("the operator has stopped")

    def _release(self) -> None:
        if not self._elector.leading:
            return
        try:
            self._reconciler.release()
        except MeninxError as error:
            log.warning(f"models stay held until an operator runs again: {error}")

    async def _lead(self) -> None:
        """Wait for a whole picture and for the lease; list anew what is not fresh, then work."""
        self._elector.start()
        await self._leads.wait()
        # A standby's picture may be as old as a watch that died in silence.
        for part in self._informers:
            if part.list_age_seconds() > FRESH_SECONDS:
                part.refresh()
        await self._until(lambda: all(part.synced for part in self._informers))
        await self._untired(self._fill)
        self._worker.start()
        await asyncio.Event().wait()

    async def _until(self, question: Callable[[], bool]) -> None:
        while not question():
            await asyncio.sleep(_SOON_SECONDS)

    async def _untired(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do it until it works: an API server that is away only costs time."""
        while True:
            try:
                await work()
            except MeninxError as error:
                log.warning(f"the operator waits for the API server: {error}")
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                return

    async def _fill(self) -> None:
        """List what kopf watches: it tells neither when its list is whole nor what has vanished."""
        for kind in handlers.BY_KOPF:
            watched = Watched(kind, self._settings.namespace)
            try:
                await asyncio.to_thread(fill, self._api, watched, self._cache)
            except NotFound:  # its definition is not installed: there are none, and it is told so
                self._cache.listed(kind, set(), "0")
            self._filled[kind] = self._loop.time()

    async def _refill(self) -> None:
        while True:
            await asyncio.sleep(_REFILL_SECONDS)
            await self._untired(self._fill)

    async def _compare(self) -> None:
        """Say which fields the installed definitions lack."""
        self._lacking = await asyncio.to_thread(lacking, self._api)
        if not self._lacking.fields:
            return
        said = self._lacking.sentence()
        log.warning(said)
        await asyncio.to_thread(
            self._api.event, self._pod(), type="Warning", reason="DefinitionsLackFields",
            message=said, component=names.FIELD_MANAGER_OPERATOR,
        )  # fmt: skip

    def _pod(self) -> dict[str, Any]:
        settings = self._settings
        facts = {"name": settings.pod, "namespace": settings.namespace, "uid": settings.pod_uid}
        return {"apiVersion": POD.api_version, "kind": POD.kind, "metadata": facts}

    def pages(self) -> web.Application:
        """Return the pages of probes and metrics."""
        limits = health.Limits(
            watch_idle_seconds=health.Limits.watch_idle_seconds
            + self._settings.watch.client_seconds
        )

        async def alive(_: web.Request) -> web.Response:
            vitals = self.vitals()
            found = health.ailments(vitals, limits)
            text = health.page(vitals, "; ".join(found) or "ok")
            return web.Response(status=500 if found else 200, text=text)

        async def ready(_: web.Request) -> web.Response:
            vitals = self.vitals()
            is_ready = health.ready(vitals)
            text = health.page(vitals, "ready" if is_ready else "not yet")
            return web.Response(status=200 if is_ready else 503, text=text)

        async def measured(_: web.Request) -> web.Response:
            headers = {"Content-Type": Metrics.CONTENT_TYPE}
            return web.Response(body=self._metrics.text(), headers=headers)

        app = web.Application()
        app.add_routes(
            [
                web.get("/healthz", alive),
                web.get("/readyz", ready),
                web.get("/metrics", measured),
            ]
        )
        return app


def _die() -> None:
    """End at once, whatever is under way: another replica may lead from now on."""
    log.warning("this replica ends: it no longer holds the lease")
    sys.stderr.flush()
    os._exit(LOST_EXIT_CODE)


@asynccontextmanager
async def _served(app: web.Application, *ports: int) -> AsyncIterator[None]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        for port in ports:
            await web.TCPSite(runner, "0.0.0.0", port).start()  # noqa: S104 - the pod's own address
        yield
    finally:
        await runner.cleanup()


def _seldom_look_for_cycles() -> None:
    """Thousands of long-lived objects, few cycles: by its defaults Python looks through them all the time."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


async def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    operator = Operator(settings)
    running = asyncio.ensure_future(operator.run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, running.cancel)
    async with _served(operator.pages(), settings.metrics_port, settings.liveness_port):
        log.info("the operator has started", namespace=settings.namespace)
        try:
            await running
        except asyncio.CancelledError:
            log.info("the operator was told to stop")


def run(settings: Settings) -> None:
    """Run the operator in this process until it is told to stop."""
    _seldom_look_for_cycles()
    asyncio.run(serve(settings))
