"""A loopback HTTP server whose open connections can die in silence, as behind a firewall that forgot them."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from kubernetes.client import Configuration


@dataclass
class DyingConnections:
    """Answers all the same; a watch is silent until its connection is cut."""

    port: int = 0
    together: int = 1
    """How many requests must be there before the first of them is answered."""
    lost: int = 0
    """Requests that came on connections which were dead by then."""
    watches: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    _generation: int = 0
    _over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        """Make the gate."""
        self.gate = threading.Barrier(max(self.together, 1))

    def swallow(self) -> None:
        """Let every connection of now die without FIN or RST; new ones pass."""
        self._generation += 1
        self.gate = threading.Barrier(1)

    def configuration(self) -> Configuration:
        """Return how to reach it."""
        configuration = Configuration()
        configuration.host = f"http://127.0.0.1:{self.port}"
        configuration.retries = False
        return configuration


def _handler(server: DyingConnections) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            self.born = server._generation

        def do_GET(self) -> None:
            if self.born != server._generation:
                server.lost += 1
                server._over.wait()
            watch = "watch=" in self.path
            if not watch:
                server.gate.wait(10)
            body = json.dumps({"metadata": {"resourceVersion": "5"}, "items": []}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(1 << 30 if watch else len(body)))
            self.end_headers()
            if watch:
                server.watches.release()
                server._over.wait()
            else:
                self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    return Handler


@contextmanager
def dying_connections(*, together: int = 1) -> Iterator[DyingConnections]:
    """Serve on a free loopback port until the block ends."""
    server = DyingConnections(together=together)
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(server))
    http.daemon_threads, http.block_on_close = True, False
    server.port = http.server_address[1]
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server._over.set()
        http.shutdown()
        thread.join()
        http.server_close()
