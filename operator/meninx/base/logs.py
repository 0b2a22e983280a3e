"""Form of log lines: one JSON object a line, with keys from an allow-list, so identity can't slip in."""

import json
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any

from meninx.base.clock import SystemClock, to_rfc3339

ALLOWED_KEYS = frozenset(
    {
        "aet", "attempt", "calling", "called", "component", "count", "destination", "error", "job",
        "kind", "model", "name", "namespace", "path", "peer", "phase", "pod", "reason", "revision",
        "route", "seconds", "series", "size", "sop_class", "status", "step", "study", "transfer_syntax",
    }
)  # fmt: skip

_ABOUT: ContextVar[Mapping[str, Any]] = ContextVar("about", default=MappingProxyType({}))


@contextmanager
def about(**facts: Any) -> Iterator[None]:
    """Let every line that is logged within carry these facts, those of other libraries too."""
    token = _ABOUT.set({**_ABOUT.get(), **_allowed(facts)})
    try:
        yield
    finally:
        _ABOUT.reset(token)


def _allowed(facts: dict[str, Any]) -> dict[str, Any]:
    unknown = facts.keys() - ALLOWED_KEYS
    if unknown:
        raise KeyError(f"log keys not in the allow-list of base.logs: {sorted(unknown)}")
    return facts


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and the allowed keys."""

    def format(self, record: logging.LogRecord) -> str:
        """Format one record; an exception becomes its type and message, with the trace at debug."""
        line: dict[str, Any] = {
            "time": to_rfc3339(SystemClock().now()),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update(getattr(record, "facts", None) or _ABOUT.get())
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = type(record.exc_info[1]).__name__
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class Log:
    """A logger that takes facts by name; a fact outside the allow-list is a programming error."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def _write(self, level: int, message: str, facts: dict[str, Any], *, trace: bool) -> None:
        whole = {**_ABOUT.get(), **_allowed(facts)}
        self._logger.log(level, message, extra={"facts": whole}, exc_info=trace)

    def debug(self, message: str, **facts: Any) -> None:
        """Log for developers."""
        self._write(logging.DEBUG, message, facts, trace=False)

    def info(self, message: str, **facts: Any) -> None:
        """Log a transition."""
        self._write(logging.INFO, message, facts, trace=False)

    def warning(self, message: str, **facts: Any) -> None:
        """Log what a hospital engineer should look at."""
        self._write(logging.WARNING, message, facts, trace=False)

    def error(self, message: str, **facts: Any) -> None:
        """Log what is broken, with the trace of the exception in flight."""
        self._write(logging.ERROR, message, facts, trace=True)


def configure(level: str = "INFO") -> None:
    """Send all logging of this process to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("pynetdicom", "urllib3", "aiohttp.access", "kubernetes"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # pydicom and highdicom quote attribute values (identity) in their warnings.
    for quoting in ("pydicom", "highdicom"):
        logging.getLogger(quoting).setLevel(logging.CRITICAL)
