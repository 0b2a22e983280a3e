"""A host of weights on loopback, plain or with TLS, that fails and redirects on demand."""

import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer


@dataclass
class WeightsHost:
    """What the host holds, whom it lets in, and what it was asked."""

    content: bytes = b""
    token: str | None = None
    answers: list[int] = field(default_factory=list)
    """Statuses to answer first, instead of the file."""
    moved_to: str | None = None
    cut: bool = False
    """Break the next connection in the middle of the file."""
    page: bool = False
    authorizations: list[str | None] = field(default_factory=list)
    """The header of each request, in order."""

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.authorizations.append(request.headers.get("Authorization"))
        if self.answers:
            return web.Response(status=self.answers.pop(0))
        if self.moved_to is not None:
            return web.Response(status=302, headers={"Location": self.moved_to})
        if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.Response(status=401)
        if self.cut:
            return await self._broken(request)
        kind = "text/html" if self.page else "application/octet-stream"
        return web.Response(body=self.content, content_type=kind)

    async def _broken(self, request: web.Request) -> web.StreamResponse:
        self.cut = False
        response = web.StreamResponse(headers={"Content-Length": str(len(self.content))})
        await response.prepare(request)
        await response.write(self.content[: len(self.content) // 2])
        assert request.transport is not None
        request.transport.abort()
        return response

    @asynccontextmanager
    async def serving(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
        """Serve on loopback; yield the address of the file."""
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        server = TestServer(app, host="localhost", scheme="https" if tls else "http")
        await server.start_server(ssl=tls)
        try:
            yield str(server.make_url("/folder/model.onnx"))
        finally:
            await server.close()


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """Make a certificate for localhost; return its file and a server's context with it."""
    key, made = folder / "tls.key", folder / "tls.crt"
    words = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    named = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(
        [*words.split(), *named, "-keyout", key, "-out", made], check=True, capture_output=True
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, key)
    return made, context
