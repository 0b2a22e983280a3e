"""Stacks of synthetic data sets, and the voxels they hold."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from meninx.imaging.nifti import volume_from_stack
from meninx.imaging.series import ImageHeader, read_headers
from meninx.imaging.stack import Finding, Stack, build_stack


def headers_of(datasets: Sequence[Dataset]) -> list[ImageHeader]:
    """Return the headers of data sets in the order given."""
    return [header for dataset in datasets for header in read_headers(dataset)]


def stack_of(datasets: Sequence[Dataset], **how: Any) -> Stack:
    """Return the stack of data sets that make one; says why where they do not."""
    stack = build_stack(headers_of(datasets), **how)
    assert isinstance(stack, Stack), stack
    return stack


def refusal_of(datasets: Sequence[Dataset], **how: Any) -> Finding:
    """Return the one finding for which data sets make no stack."""
    findings = build_stack(headers_of(datasets), **how)
    assert not isinstance(findings, Stack), findings
    (finding,) = findings
    return finding


def volume_of(datasets: Sequence[Dataset], **how: Any) -> npt.NDArray[np.float32]:
    """Return the voxels (column, row, slice) of data sets."""
    named = {dataset.SOPInstanceUID: dataset for dataset in datasets}
    return volume_from_stack(stack_of(datasets, **how), named)


def uids(datasets: Sequence[Dataset]) -> list[str]:
    """Return the SOP Instance UIDs in order."""
    return [str(dataset.SOPInstanceUID) for dataset in datasets]
