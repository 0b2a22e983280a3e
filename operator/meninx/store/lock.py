"""One process at a time: two would each believe that the data folder is theirs."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from meninx.base.errors import Unavailable


@contextmanager
def only_one(data: Path) -> Iterator[None]:
    """Hold a data folder for this process; the kernel lets go of it however the process ends.

    Raises Unavailable while another process holds it.
    """
    data.mkdir(parents=True, exist_ok=True)
    with (data / "lock").open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Unavailable(
                "another ingress has the data folder open: run one replica on one volume"
            ) from error
        yield
