"""An HTTP proxy between a client and the API server that does what networks do on a bad day."""

import http.client
import json
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

HOP = {"connection", "transfer-encoding", "content-length", "keep-alive"}
Wanted = Callable[["Request"], bool]


@dataclass(frozen=True)
class Request:
    """One request as it came."""

    method: str
    path: str

    @property
    def watches(self) -> bool:
        """Tell whether it is a watch."""
        return "watch=1" in self.path or "watch=true" in self.path

    @property
    def is_about_the_lease(self) -> bool:
        """Tell whether an election makes it."""
        return "/leases" in self.path


@dataclass
class Fault:
    """An answer that the API server never gave."""

    wanted: Wanted
    status: int
    times: int
    headers: dict[str, str]


@dataclass
class FaultProxy:
    """Listens on loopback, in clear text; the API server behind it is spoken to over TLS."""

    upstream_port: int
    certificate: Path
    port: int = 0
    requests: list[Request] = field(default_factory=list)
    given: list[int] = field(default_factory=list)
    """Statuses of the faults that were given."""
    _faults: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _open: set[socket.socket] = field(default_factory=set)
    _frozen: set[socket.socket] = field(default_factory=set)
    _over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        proxy = self

        class Handler(_Handler):
            server_of_faults = proxy

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.context = ssl.create_default_context(cafile=str(self.certificate))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """End, and all that hangs with it."""
        self._over.set()
        self.cut()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    # what a test asks for

    def refuse(
        self, wanted: Wanted, status: int, *, times: int = 1, headers: dict[str, str] | None = None
    ) -> None:
        """Answer the next requests that are wanted with a status of our own."""
        with self._lock:
            self._faults.append(Fault(wanted, status, times, headers or {}))

    def cut(self) -> None:
        """Close every connection that is open now."""
        with self._lock:
            found = list(self._open)
        for client in found:
            try:
                client.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def swallow(self) -> int:
        """Let every open connection die without FIN or RST; new ones pass. Return how many."""
        with self._lock:
            self._frozen |= self._open
            return len(self._open)

    def count(self, wanted: Wanted) -> int:
        """Count the requests that came so far."""
        return sum(map(wanted, tuple(self.requests)))

    # what handlers ask

    def fault(self, request: Request) -> Fault | None:
        """Return the fault that this request gets."""
        with self._lock:
            for fault in self._faults:
                if fault.times > 0 and fault.wanted(request):
                    fault.times -= 1
                    self.given.append(fault.status)
                    return fault
        return None

    def opened(self, client: socket.socket) -> None:
        """Take note of a connection."""
        with self._lock:
            self._open.add(client)

    def closed(self, client: socket.socket) -> None:
        """Take note of its end."""
        with self._lock:
            self._open.discard(client)
            self._frozen.discard(client)

    def hold(self, client: socket.socket) -> None:
        """Return at once, or never where the connection is dead."""
        if client in self._frozen:
            self._over.wait()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_of_faults: ClassVar[FaultProxy]
    timeout = 600

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.server_of_faults.opened(self.connection)

    def finish(self) -> None:
        self.server_of_faults.closed(self.connection)
        try:
            super().finish()
        except OSError:
            return

    def _serve(self) -> None:
        proxy = self.server_of_faults
        request = Request(self.command, self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        proxy.hold(self.connection)
        proxy.requests.append(request)
        fault = proxy.fault(request)
        try:
            if fault is not None:
                self._answer(fault)
            else:
                self._forward(body)
        except OSError:
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815

    def _answer(self, fault: Fault) -> None:
        status = {"kind": "Status", "code": fault.status, "message": "a fault of the tests"}
        body = json.dumps(status).encode()
        self.send_response(fault.status)
        for name, value in fault.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _forward(self, body: bytes) -> None:
        proxy = self.server_of_faults
        upstream = http.client.HTTPSConnection(
            "127.0.0.1", proxy.upstream_port, context=proxy.context, timeout=600
        )
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
        try:
            upstream.request(self.command, self.path, body or None, headers)
            self._relay(upstream.getresponse())
        except http.client.HTTPException as error:
            raise OSError(str(error)) from error
        finally:
            upstream.close()

    def _relay(self, answer: http.client.HTTPResponse) -> None:
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP:
                self.send_header(name, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while chunk := answer.read1(1 << 16):
            self.server_of_faults.hold(self.connection)
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        self.server_of_faults.hold(self.connection)
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass
