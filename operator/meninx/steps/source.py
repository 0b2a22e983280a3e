"""DICOM files behind a stack, read one at a time."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from meninx.base.errors import Rejected
from meninx.imaging import elements
from meninx.imaging.series import ImageHeader, open_header, read_headers
from meninx.imaging.stack import Stack, build_stack
from meninx.resources.reasons import Reason


class DatasetFiles(Mapping[str, Dataset]):
    """Data sets by SOP Instance UID, read when asked for; only the last one is kept."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self.files = files
        self._last: tuple[str, Dataset] | None = None

    def __getitem__(self, sop_instance_uid: str) -> Dataset:
        """Return the whole object; Rejected where its file can't be read."""
        if self._last is not None and self._last[0] == sop_instance_uid:
            return self._last[1]
        self._last = None
        dataset = _read(self.files[sop_instance_uid])
        self._last = (sop_instance_uid, dataset)
        return dataset

    def __iter__(self) -> Iterator[str]:
        """Walk over the UIDs."""
        return iter(self.files)

    def __len__(self) -> int:
        """Count the objects."""
        return len(self.files)


def _read(path: Path) -> Dataset:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            dataset = dcmread(path, force=True)
        except elements.ODD_VALUE as error:
            message = f"an object can't be read ({type(error).__name__})"
            raise Rejected(Reason.UNREADABLE_PIXELS, message) from error
    if "TransferSyntaxUID" not in dataset.file_meta:  # a bare data set says it by its form only
        implicit = dataset.original_encoding[0]
        bare = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
        dataset.file_meta.TransferSyntaxUID = bare
    return dataset


@dataclass(frozen=True)
class Source:
    """The stack of one channel and where its objects lie."""

    stack: Stack
    datasets: DatasetFiles
    headers: tuple[ImageHeader, ...]
    """Headers of the whole series, the images left out included."""

    @property
    def example(self) -> Dataset:
        """One of the images."""
        return self.datasets[self.stack.headers[0].sop_instance_uid]

    @property
    def used_files(self) -> list[Path]:
        """The files of the stack in slice order, each once."""
        uids = dict.fromkeys(header.sop_instance_uid for header in self.stack.headers)
        return [self.datasets.files[uid] for uid in uids]


def read_source(files: Sequence[Path], *, volume: str = "Only", min_slices: int = 1) -> Source:
    """Read the headers of a series' files and prove that they make one volume.

    A file that can't be read is left out: what lacks it shows as a gap. Raises Rejected with
    what forbids the volume.
    """
    headers: list[ImageHeader] = []
    places: dict[str, Path] = {}
    for path in files:
        try:
            found = read_headers(open_header(path, force=True))
        except InvalidDicomError:
            continue
        headers.extend(found)
        places.setdefault(found[0].sop_instance_uid, path)
    stack = build_stack(headers, volume=volume, min_slices=min_slices)
    if not isinstance(stack, Stack):
        raise Rejected(stack[0].reason, "; ".join(finding.message for finding in stack))
    return Source(stack, DatasetFiles(places), tuple(headers))
