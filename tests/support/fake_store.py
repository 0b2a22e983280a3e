"""A small store behind the web API that the steps use: keeps objects, commits results, fails on demand."""

import io
import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydicom import dcmread

TOKEN = "token-of-the-job"


@dataclass
class FakeStore:
    """What the store holds, and how it is to fail next."""

    series: dict[str, list[Path]] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    commits: list[dict[str, Any]] = field(default_factory=list)
    requests: Counter[str] = field(default_factory=Counter)
    answers: list[int] = field(default_factory=list)
    """Statuses to answer first, instead of doing what is asked."""
    cut_after_parts: int | None = None
    """Break the next connection after so many instances, stored or sent."""

    def app(self) -> web.Application:
        """Return the web application."""
        app = web.Application(middlewares=[self._gate])
        app.router.add_get("/dicom-web/studies/{study}/series/{series}", self._retrieve)
        app.router.add_post("/dicom-web/studies/{study}", self._store)
        app.router.add_put("/jobs/{namespace}/{job}/results", self._commit)
        return app

    @web.middleware
    async def _gate(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.requests[request.method] += 1
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.Response(status=401, text="not your job")
        if self.answers:
            return web.Response(status=self.answers.pop(0), text="on demand")
        response: web.StreamResponse = await handler(request)
        return response

    async def _retrieve(self, request: web.Request) -> web.StreamResponse:
        files = self.series.get(request.match_info["series"])
        if files is None:
            return web.Response(status=404, text="no such series")
        response = web.StreamResponse(
            headers={"Content-Type": 'multipart/related; type="application/dicom"; boundary=b0'}
        )
        await response.prepare(request)
        for path in files[: self.cut_after_parts]:
            head = b"--b0\r\nContent-Type: application/dicom\r\n\r\n"
            await response.write(head + path.read_bytes() + b"\r\n")
        if self.cut_after_parts is not None:
            self.cut_after_parts = None
            self._break(request)
        await response.write(b"--b0--\r\n")
        return response

    async def _store(self, request: web.Request) -> web.Response:
        async for part in await request.multipart():
            assert isinstance(part, aiohttp.BodyPartReader)
            body = bytes(await part.read())
            uid = sop_instance_uid(body)
            self.objects.setdefault(uid, body)
            if self.cut_after_parts == len(self.objects):
                self.cut_after_parts = None
                self._break(request)
        return web.json_response({})

    async def _commit(self, request: web.Request) -> web.Response:
        body = json.loads(await request.text())
        missing = set(body["results"]["sopInstanceUIDs"]) - self.objects.keys()
        if missing:
            return web.Response(status=409, text="an object is not stored")
        if not self.commits:
            self.commits.append(body)
        return web.json_response({})

    @staticmethod
    def _break(request: web.Request) -> NoReturn:
        assert request.transport is not None
        request.transport.abort()
        raise ConnectionResetError


def sop_instance_uid(encoded: bytes) -> str:
    """Return the UID of an encoded object."""

    return str(dcmread(io.BytesIO(encoded), specific_tags=["SOPInstanceUID"]).SOPInstanceUID)


@asynccontextmanager
async def serving(store: FakeStore) -> AsyncIterator[str]:
    """Serve a store on loopback; yield its URL."""
    server = TestServer(store.app())
    await server.start_server()
    try:
        yield str(server.make_url("/"))
    finally:
        await server.close()


@dataclass
class FakeTimer:
    """A clock that only moves when somebody waits."""

    now: float = 0.0
    waits: list[float] = field(default_factory=list)

    def seconds(self) -> float:
        """Return the time."""
        return self.now

    async def wait(self, seconds: float) -> None:
        """Let time pass at once."""
        self.waits.append(seconds)
        self.now += seconds


def uids(store: FakeStore) -> Sequence[str]:
    """Return the UIDs of the stored objects, sorted."""
    return sorted(store.objects)
