"""How an instance is kept: file, sync, index, sync; only then may it be acknowledged."""

import datetime as dt
import hashlib
import shutil
import threading
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from meninx.base.clock import Clock
from meninx.base.errors import OutOfSpace
from meninx.base.files import space_errors, sync_folder, write_durably
from meninx.base.logs import Log
from meninx.store.committer import Committer
from meninx.store.filemeta import FileMeta, encode_file_meta
from meninx.store.header import Identity
from meninx.store.index import Index, NewInstance
from meninx.store.layout import instance_path
from meninx.store.rows import JobOrigin

_LOCKS = 256
_LOG = Log(__name__)


class Kept(StrEnum):
    """What became of an instance that was handed to the store; it is safe in each case."""

    NEW = "new"
    SAME = "same"
    """An identical copy was held already."""
    FIRST = "first"
    """A different copy under the same UID was held already, and stays: the first wins."""


@dataclass(frozen=True)
class Encoded:
    """An instance as it came: who it is, and its data set's bytes, never decoded."""

    identity: Identity
    transfer_syntax_uid: str
    dataset: bytes
    calling_aet: str = ""
    origin: JobOrigin | None = None


def ensure_folder(folder: Path, root: Path) -> None:
    """Make a folder below `root` so that it survives a power cut."""
    missing = []
    while not folder.exists() and folder != root:
        missing.append(folder)
        folder = folder.parent
    for new in reversed(missing):
        with space_errors(new):
            new.mkdir(exist_ok=True)
            sync_folder(new.parent)


class Writer:
    """Keeps instances; safe to call from several threads."""

    def __init__(
        self, data: Path, index: Index, committer: Committer, *, clock: Clock, reserve_bytes: int
    ) -> None:
        self._data = data
        self._index = index
        self._committer = committer
        self._clock = clock
        self._reserve = reserve_bytes
        self._locks = [threading.Lock() for _ in range(_LOCKS)]

    def put(self, encoded: Encoded) -> Kept:
        """Keep an instance durably; OutOfSpace or Unavailable leave nothing behind."""
        who = encoded.identity
        relative = instance_path(who.study_uid, who.sop_instance_uid)
        path = self._data / relative
        now = self._clock.now()
        digest = hashlib.sha256(encoded.dataset).hexdigest()
        with self._locks[int(path.stem[:4], 16) % _LOCKS]:
            if path.exists() and (held := self._index.sha256(who.study_uid, who.sop_instance_uid)):
                if encoded.origin is None:
                    self._committer.submit(lambda c: self._index.touch(c, who.study_uid, now))
                return Kept.SAME if held == digest else Kept.FIRST
            self._write(encoded, path)
            self._record(encoded, path, str(relative), digest=digest, now=now)
        return Kept.NEW

    def _write(self, encoded: Encoded, path: Path) -> None:
        free = shutil.disk_usage(self._data).free
        if free < self._reserve + len(encoded.dataset):
            raise OutOfSpace(f"only {free} bytes are free on the store's volume: free some")
        ensure_folder(path.parent, self._data)
        meta = FileMeta(
            sop_class_uid=encoded.identity.sop_class_uid,
            sop_instance_uid=encoded.identity.sop_instance_uid,
            transfer_syntax_uid=encoded.transfer_syntax_uid,
            calling_aet=encoded.calling_aet,
            origin=encoded.origin,
        )
        write_durably(path, encode_file_meta(meta), encoded.dataset)

    def _record(
        self, encoded: Encoded, path: Path, relative: str, *, digest: str, now: dt.datetime
    ) -> None:
        new = NewInstance(
            identity=encoded.identity,
            transfer_syntax_uid=encoded.transfer_syntax_uid,
            path=relative,
            size=len(encoded.dataset),
            sha256=digest,
            received_at=now,
            calling_aet=encoded.calling_aet,
            job_uid=encoded.origin.job_uid if encoded.origin else None,
        )
        try:
            self._committer.submit(lambda connection: self._index.record(connection, new))
        except BaseException:
            path.unlink(missing_ok=True)
            raise
