"""Running programs and saying what is done."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/demo"
_BEGAN = time.monotonic()


class DemoFailed(Exception):
    """The demo can't go on; the message is the reason that its last line tells."""


def say(text: str) -> None:
    """One line of progress, with the seconds since the demo began."""
    print(f"[demo {time.monotonic() - _BEGAN:6.1f} s] {text}", flush=True)


def run(
    command: Sequence[str | os.PathLike[str]],
    *,
    check: bool = True,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float | None = 900,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; DemoFailed with the tail of what it said where it fails."""
    words = [os.fspath(part) for part in command]
    try:
        done = subprocess.run(
            words,
            input=stdin,
            capture_output=True,
            text=True,
            cwd=ROOT,
            env={**os.environ, **(env or {})},
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError as error:
        raise DemoFailed(f"{words[0]} is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise DemoFailed(f"`{' '.join(words)[:200]}` took longer than {timeout:.0f} s") from error
    if check and done.returncode != 0:
        tail = " | ".join((done.stdout + done.stderr).strip().splitlines()[-12:])
        raise DemoFailed(f"`{' '.join(words)[:200]}` ended with {done.returncode}: {tail}")
    return done
