"""A loopback HTTP server that answers from a list and keeps what it was asked."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlparse

from kubernetes.client import Configuration


@dataclass
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: dict[str, Any] | None


@dataclass
class ScriptedServer:
    """Answers in order; the last one again and again."""

    answers: list[tuple[int, Any]]
    asked: list[Asked] = field(default_factory=list)
    port: int = 0

    def configuration(self) -> Configuration:
        """Return how to reach it."""
        configuration = Configuration()
        configuration.host = f"http://127.0.0.1:{self.port}"
        configuration.retries = False
        return configuration

    def next_answer(self) -> tuple[int, bytes]:
        """Return status and body of the next answer."""
        status, body = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        return status, body if isinstance(body, bytes) else json.dumps(body).encode()


def _handler(server: ScriptedServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            url = urlparse(self.path)
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            server.asked.append(
                Asked(
                    method=self.command,
                    path=url.path,
                    query=parse_qs(url.query),
                    headers={key.lower(): value for key, value in self.headers.items()},
                    body=json.loads(raw) if raw else None,
                )
            )
            status, body = server.next_answer()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    return Handler


@contextmanager
def scripted_server(*answers: tuple[int, Any]) -> Iterator[ScriptedServer]:
    """Serve these answers on a free loopback port until the block ends."""
    script = ScriptedServer(list(answers))
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(script))
    script.port = http.server_address[1]
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield script
    finally:
        http.shutdown()
        thread.join()
        http.server_close()
