"""The informer against a scripted server on loopback."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest
from kubernetes.client import Configuration

from meninx.kube import watch
from meninx.kube.client import KubeApi
from meninx.kube.informer import Informer, Watched
from meninx.kube.kinds import JOB, Kind
from meninx.kube.watch import WatchLimits

PATIENCE_SECONDS = 10.0
Manifest = dict[str, Any]


def item(name: str, version: int) -> Manifest:
    return {"metadata": {"name": name, "resourceVersion": str(version)}}


def line(type_: str, thing: Manifest) -> bytes:
    return json.dumps({"type": type_, "object": thing}).encode() + b"\n"


def page(*items: Manifest, version: int, more: str = "") -> Manifest:
    return {"metadata": {"resourceVersion": str(version), "continue": more}, "items": list(items)}


class Server:
    """Gives lists and watches in order; a watch is bytes, then what comes after them."""

    def __init__(self) -> None:
        self.lists: list[Manifest | int] = []
        self.watches: list[tuple[list[bytes], str]] = []
        self.asked: list[dict[str, list[str]]] = []
        self.over = threading.Event()
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.http.daemon_threads = True
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.01,))
        self.thread.start()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                query = parse_qs(urlparse(self.path).query)
                server.asked.append(query)
                try:
                    (self._watch if "watch" in query else self._list)()
                except OSError:
                    self.close_connection = True

            def _list(self) -> None:
                answer = server.lists.pop(0) if len(server.lists) > 1 else server.lists[0]
                status, body = (answer, {}) if isinstance(answer, int) else (200, answer)
                raw = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def _watch(self) -> None:
                lines, then = server.watches.pop(0) if server.watches else ([], "hang")
                self.send_response(int(then) if then.isdigit() else 200)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for chunk in lines:
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
                if then == "hang":
                    server.over.wait(PATIENCE_SECONDS)
                if then == "cut":
                    self.connection.close()
                    return
                self.wfile.write(b"0\r\n\r\n")

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        return Handler

    def stop(self) -> None:
        self.over.set()
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()


class Heard:
    """A sink that keeps what it was told, and lets a test wait for it."""

    def __init__(self) -> None:
        self.told: list[tuple[str, ...]] = []
        self._news = threading.Condition()

    def changed(self, kind: Kind, type_: str, manifest: Manifest) -> None:
        assert manifest["kind"] == kind.kind
        self._add(type_, manifest["metadata"]["name"])

    def listed(self, kind: Kind, seen: set[str], version: str) -> None:
        self._add("LISTED", *sorted(seen), version)

    def _add(self, *said: str) -> None:
        with self._news:
            self.told.append(said)
            self._news.notify_all()

    def wait(self, *said: str, times: int = 1) -> None:
        with self._news:
            assert self._news.wait_for(lambda: self.told.count(said) >= times, PATIENCE_SECONDS), (
                f"{said} is not among {self.told}"
            )


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.stop()


@pytest.fixture
def heard(server: Server, monkeypatch: pytest.MonkeyPatch) -> Heard:
    assert server
    monkeypatch.setattr(watch, "FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(watch, "SHORT_SECONDS", 0.0)
    return Heard()


@pytest.fixture
def informer(server: Server, heard: Heard) -> Iterator[Informer]:
    configuration = Configuration()
    configuration.host = f"http://127.0.0.1:{server.http.server_address[1]}"
    limits = WatchLimits(server_seconds=1.0, grace_seconds=0.2, page=2)
    made = Informer(KubeApi(configuration), Watched(JOB, "ns", "a=b"), heard, limits)
    yield made
    made.stop()
    assert not made._thread.is_alive()


def test_list_goes_page_by_page_and_the_watch_goes_on_from_it(
    server: Server, heard: Heard, informer: Informer
) -> None:
    server.lists = [page(item("a", 1), version=5, more="next"), page(item("b", 2), version=5)]
    server.watches = [([line("ADDED", item("c", 6))], "hang")]
    informer.start()
    heard.wait("LISTED", "a", "b", "5")
    heard.wait("ADDED", "c")
    assert server.asked[0]["limit"] == ["2"]
    assert server.asked[1]["continue"] == ["next"]
    watched = server.asked[2]
    assert watched["resourceVersion"] == ["5"]
    assert watched["labelSelector"] == ["a=b"]
    assert watched["allowWatchBookmarks"] == ["true"]
    assert informer.synced


def test_changes_and_bookmarks_move_the_place_to_go_on_from(
    server: Server, heard: Heard, informer: Informer
) -> None:
    server.lists = [page(version=5)]
    server.watches = [
        ([line("ADDED", item("a", 6))], "end"),
        ([line("BOOKMARK", item("", 9))], "cut"),
        ([line("MODIFIED", item("a", 10))], "hang"),
    ]
    informer.start()
    heard.wait("MODIFIED", "a")
    from_where = [query["resourceVersion"][0] for query in server.asked if "watch" in query]
    assert from_where == ["5", "6", "9"]
    assert heard.told.count(("LISTED", "5")) == 1


def test_place_that_the_server_has_forgotten_is_listed_anew(
    server: Server, heard: Heard, informer: Informer
) -> None:
    server.lists = [page(item("a", 1), version=5), page(item("b", 7), version=8)]
    gone = {"code": 410, "message": "too old resource version"}
    server.watches = [([line("ERROR", gone)], "end"), ([line("ADDED", item("c", 9))], "hang")]
    informer.start()
    heard.wait("LISTED", "b", "8")
    heard.wait("ADDED", "c")


@pytest.mark.parametrize("status", ["410", "409", "429", "500", "503"])
def test_refused_watch_is_tried_again(
    server: Server, heard: Heard, informer: Informer, status: str
) -> None:
    server.lists = [page(version=5)]
    server.watches = [([], status), ([line("ADDED", item("a", 6))], "hang")]
    informer.start()
    heard.wait("ADDED", "a")
    heard.wait("LISTED", "5", times=2 if status == "410" else 1)


def test_refused_list_is_tried_again(server: Server, heard: Heard, informer: Informer) -> None:
    server.lists = [503, 409, page(item("a", 1), version=5)]
    informer.start()
    heard.wait("LISTED", "a", "5")


def test_watch_that_dies_in_silence_is_noticed(
    server: Server, heard: Heard, informer: Informer
) -> None:
    server.lists = [page(version=5)]
    server.watches = [([], "hang"), ([line("ADDED", item("a", 6))], "hang")]
    informer.start()
    heard.wait("ADDED", "a")
    assert informer.age_seconds() < PATIENCE_SECONDS


def test_line_that_is_cut_off_is_not_taken_for_whole(
    server: Server, heard: Heard, informer: Informer
) -> None:
    server.lists = [page(version=5)]
    whole = line("ADDED", item("a", 6))
    server.watches = [([whole[:20]], "cut"), ([whole[:20], whole[20:]], "hang")]
    informer.start()
    heard.wait("ADDED", "a")
    assert heard.told.count(("ADDED", "a")) == 1


def test_refresh_lists_anew_in_the_middle_of_a_watch(
    server: Server, heard: Heard, informer: Informer
) -> None:
    server.lists = [page(version=5), page(item("a", 6), version=7)]
    informer.start()
    heard.wait("LISTED", "5")
    assert informer.list_age_seconds() < float("inf")
    informer.refresh()
    heard.wait("LISTED", "a", "7")


def test_what_was_never_listed_is_as_old_as_can_be(informer: Informer) -> None:
    assert informer.list_age_seconds() == float("inf")


def test_stop_ends_a_watch_that_hangs_at_once(
    server: Server, heard: Heard, informer: Informer
) -> None:
    server.lists = [page(version=5)]
    server.watches = [([line("ADDED", item("a", 6))], "hang")]
    informer.start()
    heard.wait("ADDED", "a")
    informer.stop(patience_seconds=5.0)
    assert not informer._thread.is_alive()
