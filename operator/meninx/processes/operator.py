"""The operator's process: kopf watches, the worker looks, one small server tells how it goes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import kopf
from aiohttp import web

from meninx.base.clock import SystemClock
from meninx.base.errors import MeninxError
from meninx.base.logs import Log
from meninx.controller import handlers, startup
from meninx.controller.metrics import Metrics
from meninx.controller.reconcile import Reconciler
from meninx.controller.settings import Settings
from meninx.controller.worker import Worker
from meninx.kube.client import Api, KubeApi
from meninx.kube.kinds import AIMODEL, INFERENCEJOB

log = Log(__name__)

_PAUSE_SECONDS = 2.0


def _pages(metrics: Metrics, worker: Worker) -> web.Application:
    async def ready(_: web.Request) -> web.Response:
        status = 200 if worker.swept and not worker.stuck() else 503
        return web.Response(status=status, text="ready\n" if status == 200 else "not yet\n")

    async def measured(_: web.Request) -> web.Response:
        return web.Response(body=metrics.text(), headers={"Content-Type": "text/plain"})

    app = web.Application()
    app.add_routes([web.get("/readyz", ready), web.get("/metrics", measured)])
    return app


@asynccontextmanager
async def _served(app: web.Application, port: int) -> AsyncIterator[None]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "0.0.0.0", port).start()  # noqa: S104 - the pod's own address
        yield
    finally:
        await runner.cleanup()


async def _defined(api: Api, namespace: str) -> None:
    """Wait until the API server knows our kinds: kopf looks only once which there are."""
    while True:
        try:
            for kind in (AIMODEL, INFERENCEJOB):
                await asyncio.to_thread(api.list, kind, namespace)
        except MeninxError as error:
            log.warning(f"the operator waits for its resources: {error}")
            await asyncio.sleep(_PAUSE_SECONDS)
        else:
            return


async def _watch(api: Api, settings: Settings, worker: Worker) -> None:
    """Let kopf watch until a signal comes; its end is the end of the process."""
    await _defined(api, settings.namespace)
    registry = kopf.OperatorRegistry()
    startup.register(registry, worker.stuck)
    handlers.register(registry, worker.put)
    kopf_settings = kopf.OperatorSettings()
    startup.configure(kopf_settings)
    await kopf.operator(
        registry=registry,
        settings=kopf_settings,
        standalone=True,
        namespaces=[settings.namespace],
        liveness_endpoint=f"http://0.0.0.0:{settings.liveness_port}/healthz",
    )


async def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT; looks that have begun are finished."""
    metrics = Metrics()
    api = KubeApi.connect()
    reconciler = Reconciler(api, settings, SystemClock(), metrics)
    worker = Worker(reconciler, metrics, resync_seconds=settings.resync_seconds)
    async with _served(_pages(metrics, worker), settings.metrics_port):
        work = asyncio.create_task(worker.run())
        watch = asyncio.create_task(_watch(api, settings, worker))
        log.info("the operator has started", namespace=settings.namespace)
        await asyncio.wait({work, watch}, return_when=asyncio.FIRST_COMPLETED)
        for task in (work, watch):
            task.cancel()
        results = await asyncio.gather(work, watch, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result


def run(settings: Settings) -> None:
    """Run the operator in this process until it is told to stop."""
    asyncio.run(serve(settings))
