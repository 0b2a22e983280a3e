"""One program at a time may start or end the cluster, whichever checkout it is run from."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from .shell import say

_FILE: Final = Path("/run/lock/meninx-cluster")


@contextmanager
def held() -> Iterator[None]:
    """Wait for the others, then keep them out. The kernel lets go of it however this program ends."""
    _FILE.parent.mkdir(parents=True, exist_ok=True)
    with _FILE.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another cluster.py starts or ends the cluster; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
