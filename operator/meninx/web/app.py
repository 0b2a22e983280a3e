"""Which paths there are, and how our errors become answers."""

from collections.abc import Awaitable, Callable

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from meninx.base.errors import (
    BadInput,
    Conflict,
    MeninxError,
    NotFound,
    OutOfSpace,
    Unauthorised,
    Unavailable,
)
from meninx.base.logs import Log
from meninx.web.auth import Forbidden
from meninx.web.dicomweb import retrieve, store_instances
from meninx.web.results import commit_results
from meninx.web.segmented import list_segmented
from meninx.web.site import SITE, Site

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_LOG = Log(__name__)

STATUSES: tuple[tuple[type[MeninxError], int], ...] = (
    (Forbidden, 403),
    (Unauthorised, 401),
    (NotFound, 404),
    (Conflict, 409),
    (BadInput, 400),
    (OutOfSpace, 507),
    (Unavailable, 503),
    (MeninxError, 500),
)
"""The answer to each error; the first that fits."""


def status_of(error: MeninxError) -> int:
    """Return the HTTP status of an error."""
    return next(status for kind, status in STATUSES if isinstance(error, kind))


@web.middleware
async def say_errors(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Turn an error of ours into its status and one sentence."""
    try:
        return await handler(request)
    except MeninxError as error:
        status = status_of(error)
        _LOG.warning("a request was refused", status=status, reason=str(error))
        headers = {"Retry-After": "2"} if status in {503, 507} else {}
        return web.json_response({"error": str(error)}, status=status, headers=headers)


def _word(*, good: bool) -> web.Response:
    return web.Response(text="ok\n" if good else "no\n", status=200 if good else 503)


async def healthz(request: web.Request) -> web.Response:
    """Say whether the process works, or only a restart helps."""
    return _word(good=request.app[SITE].alive())


async def readyz(request: web.Request) -> web.Response:
    """Say whether the process takes work."""
    return _word(good=request.app[SITE].ready())


async def metrics(_: web.Request) -> web.Response:
    """Answer Prometheus."""
    return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})


def make_app(site: Site) -> web.Application:
    """Return the web application of the ingress process."""
    app = web.Application(middlewares=[say_errors])
    app[SITE] = site
    app.add_routes(
        [
            web.get("/healthz", healthz),
            web.get("/readyz", readyz),
            web.get("/metrics", metrics),
            web.get("/segmented-studies", list_segmented),
            web.get("/dicom-web/studies/{study}", retrieve),
            web.get("/dicom-web/studies/{study}/series/{series}", retrieve),
            web.post("/dicom-web/studies/{study}", store_instances),
            web.put("/jobs/{namespace}/{job}/results", commit_results),
        ]
    )
    return app
