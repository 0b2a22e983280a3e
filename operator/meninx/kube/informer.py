"""List and watch one kind, for ever: every change reaches the sink, also what went while we were away.

A thread of its own, since the kubernetes client's sockets block. It goes on from where it was
(resourceVersion, bookmarks), and lists anew only where the server has forgotten that place.
"""

import threading
import time as system_time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Protocol

import urllib3

from meninx.base.errors import MeninxError
from meninx.base.logs import Log
from meninx.kube.client import KubeApi
from meninx.kube.errors import no_answer
from meninx.kube.kinds import Kind
from meninx.kube.watch import (
    Bookmark,
    Change,
    Failure,
    Manifest,
    WatchLimits,
    next_step,
    read_line,
    retry_after,
)

log = Log(__name__)

_CHUNK = 1 << 16


class Sink(Protocol):
    """Who is told; called in the informer's thread."""

    def changed(self, kind: Kind, type_: str, manifest: Manifest) -> None:
        """Take an object as it is now; type_ is ADDED, MODIFIED or DELETED."""
        ...

    def listed(self, kind: Kind, seen: set[str], version: str) -> None:
        """Take note that a list is complete: what is not among `seen` was gone at `version`."""
        ...


@dataclass(frozen=True)
class Watched:
    """Which objects: one kind, in one namespace (None: all), with these labels."""

    kind: Kind
    namespace: str | None = None
    label_selector: str = ""

    @property
    def path(self) -> str:
        """Return the path of the collection."""
        return self.kind.path(self.namespace)

    def query(self, **more: str) -> dict[str, str]:
        """Return the query with the label selector."""
        return {"labelSelector": self.label_selector, **more} if self.label_selector else more


class Failed(Exception):
    """A list or watch came to nothing."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


@dataclass
class Informer:
    """The list and watch of one kind; `start` it, and `stop` it from any thread."""

    api: KubeApi
    watched: Watched
    sink: Sink
    limits: WatchLimits = field(default_factory=WatchLimits)
    time: Callable[[], float] = system_time.monotonic
    synced: bool = False
    """True once the first list is in the sink."""
    failures: int = 0
    """Failures in a row, up to now."""

    def __post_init__(self) -> None:
        """Make the thread."""
        name = f"watch-{self.watched.kind.plural}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._stopping = threading.Event()
        self._anew = threading.Event()
        self._version = ""
        self._heard = self._alive = self.time()
        self._listed = float("-inf")
        self._answer: urllib3.BaseHTTPResponse | None = None

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self, patience_seconds: float = 2.0) -> None:
        """End at once, also in the middle of a read."""
        self._stopping.set()
        answer = self._answer
        if answer is not None:
            _cut(answer)
        if self._thread.is_alive():
            self._thread.join(patience_seconds)

    def refresh(self) -> None:
        """List anew, at once: `synced` again once that is in the sink."""
        self.synced = False
        self._anew.set()
        answer = self._answer
        if answer is not None:
            _cut(answer)

    def age_seconds(self) -> float:
        """Return how long ago the server last said anything: how old our knowledge may be."""
        return self.time() - self._heard

    def list_age_seconds(self) -> float:
        """Return how long ago all was listed: older than that no picture can be, be its watch dead."""
        return self.time() - self._listed

    def idle_seconds(self) -> float:
        """Return how long ago the thread last did anything, be it a vain try."""
        return self.time() - self._alive

    def _run(self) -> None:
        while not self._stopping.is_set():
            failure, lasted = self._once()
            if self._stopping.is_set():
                return
            if self._anew.is_set():
                self._anew.clear()
                self._version = ""
                continue
            step = next_step(failure, self.failures, lasted_seconds=lasted)
            self._tell(failure, step.pause_seconds)
            self.failures = step.failures
            if step.list_anew:
                self._version = ""
            self._alive = self.time()
            self._stopping.wait(step.pause_seconds)

    def _once(self) -> tuple[Failure | None, float]:
        """List where there is no place to go on from, then watch; return how that ended."""
        began = self.time()
        try:
            if not self._version:
                self._list()
                began = self.time()
            self._watch()
        except Failed as failed:
            return failed.failure, self.time() - began
        except MeninxError as error:  # of the list: whatever it is, the list begins anew
            wish = getattr(error, "retry_after_seconds", None)
            return Failure(None, str(error), wish), self.time() - began
        except (urllib3.exceptions.HTTPError, OSError) as error:
            self.api.forget_connections()
            return Failure(None, no_answer(error)), self.time() - began
        except Exception as error:  # noqa: BLE001 - a bug of ours must not end the watch for good
            log.error("a watch met a bug of ours", kind=self.watched.kind.kind)  # noqa: TRY400
            self._version = ""
            return Failure(None, type(error).__name__), self.time() - began
        return None, self.time() - began

    def _tell(self, failure: Failure | None, pause_seconds: float) -> None:
        if failure is None:
            return
        status = 0 if failure.status is None else failure.status
        log.warning(
            f"a watch failed; will retry: {failure.message}",
            kind=self.watched.kind.kind,
            status=status,
            seconds=round(pause_seconds, 1),
        )

    def _list(self) -> None:
        def heard() -> None:
            self._heard = self._alive = self.time()

        self._alive = asked = self.time()
        self._version = fill(self.api, self.watched, self.sink, heard=heard, page=self.limits.page)
        self.failures = 0
        self._listed = asked
        self.synced = not self._anew.is_set()

    def _watch(self) -> None:
        query = self.watched.query(
            watch="1",
            resourceVersion=self._version,
            allowWatchBookmarks="true",
            timeoutSeconds=str(max(1, round(self.limits.server_seconds))),
        )
        silence = self.limits.client_seconds
        answer = self.api.stream(self.watched.path, query, silence_seconds=silence)
        with closing(answer):
            if answer.status != 200:
                raise _refused(answer)
            self._answer = answer
            try:
                self._may_go_on()
                for line in _lines(answer):
                    self._take(line)
            finally:
                self._answer = None

    def _take(self, line: bytes) -> None:
        self._heard = self._alive = self.time()
        self._may_go_on()
        said = read_line(line)
        match said:
            case Change(type_, manifest):
                tell(self.sink, self.watched.kind, type_, manifest)
                self._version = manifest["metadata"]["resourceVersion"]
            case Bookmark(version):
                self._version = version
            case Failure():
                raise Failed(said)
        self.failures = 0

    def _may_go_on(self) -> None:
        if self._stopping.is_set() or self._anew.is_set():
            raise Failed(Failure(None, "told to stop"))


def fill(
    api: KubeApi,
    watched: Watched,
    sink: Sink,
    *,
    heard: Callable[[], None] = lambda: None,
    page: int = 500,
) -> str:
    """List once, page by page, into the sink; return the version of the list."""
    seen: set[str] = set()
    query = watched.query(limit=str(page))
    subject = f"list of {watched.kind.plural}"
    while True:
        got = api.page(watched.path, query, subject)
        heard()
        for item in got.get("items") or ():
            seen.add(item["metadata"]["name"])
            tell(sink, watched.kind, "ADDED", item)
        token = got["metadata"].get("continue")
        if not token:
            break
        query["continue"] = token
    version = str(got["metadata"]["resourceVersion"])
    sink.listed(watched.kind, seen, version)
    return version


def tell(sink: Sink, kind: Kind, type_: str, manifest: Manifest) -> None:
    """Tell the sink of an object; items of a list don't say what they are."""
    manifest.setdefault("apiVersion", kind.api_version)
    manifest.setdefault("kind", kind.kind)
    sink.changed(kind, type_, manifest)


def _refused(answer: urllib3.BaseHTTPResponse) -> Failed:
    body = answer.read(_CHUNK).decode(errors="replace")
    said = f"the API server answered {answer.status} ({' '.join(body.split())[:200]})"
    return Failed(Failure(answer.status, said, retry_after(answer.headers)))


def _lines(answer: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    """Yield whole lines as they come; a line cut off by the end is dropped."""
    rest = b""
    while chunk := answer.read1(_CHUNK):
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole


def _cut(answer: urllib3.BaseHTTPResponse) -> None:
    """End a read that another thread is in; it may have ended by itself just now."""
    try:
        answer.shutdown()
    except (ValueError, OSError, urllib3.exceptions.HTTPError):
        return
