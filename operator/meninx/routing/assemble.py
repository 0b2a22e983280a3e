"""The store's rows and the headers of its files to one study (reads files)."""

import struct
from collections import defaultdict
from collections.abc import Sequence

from pydicom.errors import InvalidDicomError

from meninx.base.errors import Unavailable
from meninx.base.logs import Log
from meninx.base.privacy import series_hash
from meninx.imaging.header import ImageHeader
from meninx.imaging.match import CALLING_AE_TITLE
from meninx.imaging.series import open_header, read_headers
from meninx.imaging.study import Series, Study, series_of
from meninx.store.rows import InstanceRow, StudyRow

_UNREADABLE = (
    InvalidDicomError, AttributeError, EOFError, KeyError, NotImplementedError, TypeError,
    ValueError, struct.error,
)  # fmt: skip
_LOG = Log(__name__)


def assemble(row: StudyRow, instances: Sequence[InstanceRow], privacy_key: bytes) -> Study:
    """Return a study at its next revision; a file that can't be read is left out and logged.

    What lacks such an image shows as a gap. Raises Unavailable where the disk fails.
    """
    is_changed = any(one.revision is None for one in instances)
    revision = row.revision + 1 if is_changed else row.revision
    senders = "\\".join(sorted({one.calling_aet.strip() for one in instances}))
    grouped: dict[str, list[InstanceRow]] = defaultdict(list)
    for instance in instances:
        grouped[instance.series_uid].append(instance)
    series = [
        _series(series_hash(privacy_key, uid), members, revision, senders)
        for uid, members in grouped.items()
    ]
    return Study(
        study=row.study_hash,
        revision=revision,
        series=tuple(sorted(series, key=lambda one: one.series)),
        patients=frozenset(one.patient_key for one in instances if one.patient_key),
        issuers=frozenset(one.issuer_key for one in instances if one.issuer_key),
    )


def _series(name: str, members: Sequence[InstanceRow], revision: int, senders: str) -> Series:
    headers = [header for member in members for header in _headers(member, name)]
    newest = max(revision if one.revision is None else one.revision for one in members)
    also = {CALLING_AE_TITLE: senders} if senders else {}
    return series_of(name, headers, revision=newest, also=also)


def _headers(member: InstanceRow, series: str) -> list[ImageHeader]:
    try:
        return read_headers(open_header(member.path))
    except OSError as error:
        raise Unavailable(
            f"an image of series {series} can't be read ({error.strerror}): check the store's volume"
        ) from None  # the error's text holds a path, and the path UIDs
    except _UNREADABLE as error:
        _LOG.warning(
            "header can't be read: image left out", series=series, reason=type(error).__name__
        )
        return []
