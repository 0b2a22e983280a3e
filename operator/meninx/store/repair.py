"""Making index and files agree at start: rows for files that lack one, a report of lost files."""

import datetime as dt
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from meninx.base.errors import BadInput
from meninx.base.logs import Log
from meninx.store.committer import Committer
from meninx.store.filemeta import split_file
from meninx.store.header import read_identity
from meninx.store.index import Index, NewInstance
from meninx.store.layout import ASIDE, INSTANCES, SUFFIX, instance_path

_LOG = Log(__name__)


@dataclass(frozen=True)
class Repaired:
    """What was found at start."""

    indexed: int
    """Files that had no row and have one now: written, but not acknowledged before a kill."""
    lost: int
    """Rows whose file is gone: restore the volume, or have the instances sent again."""
    unreadable: int
    """Files that can't be read as an instance; they are left where they lie."""
    aside: int
    """Unfinished files of a write that was killed; removed."""


def _files(data: Path) -> Iterator[Path]:
    return (path for path in (data / INSTANCES).rglob("*") if path.is_file())


def _described(data: Path, path: Path) -> NewInstance:
    meta, dataset = split_file(path.read_bytes())
    identity = read_identity(dataset, meta.transfer_syntax_uid)
    relative = str(instance_path(identity.study_uid, identity.sop_instance_uid))
    if data / relative != path:
        raise BadInput("file is not where its UIDs say: it was put there by hand")
    return NewInstance(
        identity=identity,
        transfer_syntax_uid=meta.transfer_syntax_uid,
        path=relative,
        size=len(dataset),
        sha256=hashlib.sha256(dataset).hexdigest(),
        received_at=dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC),
        calling_aet=meta.calling_aet,
        job_uid=meta.origin.job_uid if meta.origin else None,
    )


def repair(data: Path, index: Index, committer: Committer) -> Repaired:
    """Compare every file with the index and mend what can be mended."""
    rows = index.paths()
    seen: set[str] = set()
    indexed = unreadable = aside = 0
    for path in _files(data):
        relative = str(path.relative_to(data))
        if path.suffix == ASIDE:
            path.unlink()
            aside += 1
        elif path.suffix == SUFFIX and relative in rows:
            seen.add(relative)
        else:
            done = _index_file(data, path, index, committer)
            indexed, unreadable = indexed + done, unreadable + (not done)
    return Repaired(indexed, len(rows.keys() - seen), unreadable, aside)


def _index_file(data: Path, path: Path, index: Index, committer: Committer) -> bool:
    try:
        new = _described(data, path)
    except BadInput as error:
        _LOG.warning(
            "a file of the store is no instance and is left", path=path.name, reason=str(error)
        )
        return False
    committer.submit(lambda connection: index.record(connection, new))
    return True
