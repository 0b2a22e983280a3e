"""Hygiene for every test: nothing left running, and no patient in what is logged or printed."""

import asyncio
import inspect
import logging
import os
import threading
from collections.abc import AsyncIterator, Generator, Iterator

import pytest
from tests.support.identity import leaks
from tests.support.skips import in_ci, refuse_skip

_GRACE_SECONDS = 5.0


def pytest_configure(config: pytest.Config) -> None:
    """Register the one way out of the identity check of printed text."""
    config.addinivalue_line("markers", "prints_identity: the test prints a patient on purpose")


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Count a module that skips itself as failed in CI."""
    report = yield
    if in_ci(os.environ):
        refuse_skip(report)
    return report


@pytest.fixture(autouse=True)
def no_thread_left_behind() -> Iterator[None]:
    """Fail a test that leaves a non-daemon thread running."""
    before = set(threading.enumerate())
    yield
    left = [one for one in threading.enumerate() if one not in before and not one.daemon]
    for thread in left:
        thread.join(_GRACE_SECONDS)
    running = [thread.name for thread in left if thread.is_alive()]
    assert not running, f"threads left behind: {running}"


@pytest.fixture
async def watched_tasks() -> AsyncIterator[None]:
    """Fail when the loop holds tasks that it did not hold before."""
    before = asyncio.all_tasks()
    yield
    left = [task for task in asyncio.all_tasks() - before if task is not asyncio.current_task()]
    names = [repr(task.get_coro()) for task in left if not task.done()]
    assert not names, f"tasks left behind: {names}"


@pytest.fixture(autouse=True)
def no_task_left_behind(request: pytest.FixtureRequest, no_thread_left_behind: None) -> None:
    """Fail an async test that leaves an asyncio task running."""
    if inspect.iscoroutinefunction(getattr(request, "function", None)):
        request.getfixturevalue("watched_tasks")


class _Collector(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(f"{self.format(record)} {getattr(record, 'facts', '')}")


@pytest.fixture(autouse=True)
def no_identity_in_logs() -> Iterator[None]:
    """Fail a test during which any log record, ours down to debug, held a test patient."""
    collector = _Collector()
    root, ours = logging.getLogger(), logging.getLogger("meninx")
    level = ours.level
    root.addHandler(collector)
    ours.addHandler(collector)
    ours.setLevel(logging.DEBUG)
    yield
    root.removeHandler(collector)
    ours.removeHandler(collector)
    ours.setLevel(level)
    assert not leaks(*collector.texts), f"patient identity in a log: {leaks(*collector.texts)}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test whose captured output holds a test patient; in CI one that is skipped."""
    report = yield
    if in_ci(os.environ):
        refuse_skip(report)
    if report.when == "call" and report.passed and not item.get_closest_marker("prints_identity"):
        found = leaks(report.capstdout, report.capstderr)
        if found:
            report.outcome = "failed"
            report.longrepr = f"patient identity in the output: {found}"
    return report
