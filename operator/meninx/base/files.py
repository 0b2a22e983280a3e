"""How a file becomes durable: written aside, synced, renamed, and its folder synced."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from meninx.base.errors import OutOfSpace


@contextmanager
def space_errors(path: Path) -> Iterator[None]:
    """Turn "no space" and "over quota" within the block into OutOfSpace."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise OutOfSpace(f"no room to write {path.name}: free space on its volume") from error
        raise


def sync_folder(folder: Path) -> None:
    """Make renames and creations in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_durably(path: Path, *chunks: bytes) -> None:
    """Write a whole file so that after return it survives a kill -9 and a power cut.

    A reader sees the old file or the new one, never a part. Raises OutOfSpace, leaving no
    temporary file behind.
    """
    with space_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}.part")
        try:
            with aside.open("xb") as file:
                for chunk in chunks:
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(path)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)
