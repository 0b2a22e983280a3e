"""Running programs, saying what is done, waiting."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence

_BEGAN = time.monotonic()


class ClusterError(Exception):
    """Something the cluster needs did not happen; the message says what, and what to do."""


def say(text: str) -> None:
    """One line of progress on standard error, with the seconds since the program began."""
    print(f"[cluster {time.monotonic() - _BEGAN:6.1f} s] {text}", file=sys.stderr, flush=True)


def run(
    command: Sequence[str | os.PathLike[str]],
    *,
    check: bool = True,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
) -> str:
    """Standard output of a command; its standard error is told only where it fails."""
    program = os.fspath(command[0])
    if not shutil.which(program):
        raise ClusterError(
            f"{program} is not there: `cluster.py up` builds and installs what it needs"
        )
    done = subprocess.run(
        [os.fspath(part) for part in command],
        input=stdin,
        capture_output=True,
        text=True,
        env={**os.environ, **env} if env else None,
        cwd=cwd,
        check=False,
    )
    if check and done.returncode != 0:
        words = " ".join(os.fspath(part) for part in command)
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-25:])
        raise ClusterError(f"`{words[:300]}` ended with {done.returncode}:\n{tail}")
    return done.stdout


def show(
    command: Sequence[str | os.PathLike[str]],
    *,
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
) -> None:
    """Run a long command with its output shown, on standard error."""
    done = subprocess.run(
        [os.fspath(part) for part in command],
        stdout=sys.stderr,
        env={**os.environ, **env} if env else None,
        cwd=cwd,
        check=False,
    )
    if done.returncode != 0:
        raise ClusterError(
            f"`{' '.join(os.fspath(part) for part in command)[:300]}` ended with {done.returncode}"
        )


def wait_for(what: str, ready: Callable[[], bool], *, seconds: float) -> None:
    """Ask `ready` until it says yes; ClusterError after `seconds`."""
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise ClusterError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.25)
