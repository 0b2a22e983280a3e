"""Sources, tasks and label maps for results, and readers of what was written."""

import datetime as dt
import io
from collections.abc import Iterator, Sequence
from typing import Any

import highdicom as hd
import numpy as np
import numpy.typing as npt
from pydicom import DataElement, Dataset, dcmread
from tests.support.make import IMAGE, SERIES, STUDY, WEIGHTS_SHA256, label
from tests.support.series import AXIAL, CORONAL, SAGITTAL, mr_slice

from meninx.imaging.evidence import Plane, Source
from meninx.imaging.geometry import Grid
from meninx.imaging.measure import LabelMap
from meninx.imaging.series import read_headers
from meninx.resources.task import Task
from meninx.steps.compose import Composed, compose

NOW = dt.datetime(2026, 1, 5, 9, 30, tzinfo=dt.UTC)
_C, _S = np.cos(np.radians(17)), np.sin(np.radians(17))
OBLIQUE = (_C, _S, 0.0, -_S * _C, _C * _C, -_S)
PLANES = {"axial": AXIAL, "sagittal": SAGITTAL, "coronal": CORONAL, "oblique 17": OBLIQUE}


def task(**changes: Any) -> Task:
    """Return a task of one channel; `labels` and `no_findings` go to the model."""
    model = {
        "name": "unet-meningioma",
        "version": "1.0.0",
        "title": "U-Net meningioma",
        "image": IMAGE,
        "weights_sha256": WEIGHTS_SHA256,
        "labels": changes.pop("labels", [label()]),
        "no_findings": changes.pop("no_findings", "NoObject"),
    }
    whole = {
        "namespace": "meninx",
        "job": "route-s0-1",
        "job_uid": "11111111-2222-3333-4444-555555555555",
        "study": STUDY,
        "channels": [{"name": "t1c", "series": SERIES}],
        "model": model,
    }
    return Task.model_validate(whole | changes)


def slices(
    shape: tuple[int, int, int],
    *,
    spacing_mm: Sequence[float] = (1.0, 1.0, 1.0),
    orientation: Sequence[float] = AXIAL,
    origin_lps: Sequence[float] = (0.0, 0.0, 0.0),
    array: npt.NDArray[np.uint16] | None = None,
    **attributes: Any,
) -> list[Dataset]:
    """Return a classic series; shape, spacing and array are (column, row, slice)."""
    normal = np.cross(orientation[:3], orientation[3:])
    array = np.zeros(shape, np.uint16) if array is None else array
    return [
        mr_slice(
            np.ascontiguousarray(array[:, :, k].T),
            position_lps=tuple(np.asarray(origin_lps) + normal * (k * spacing_mm[2])),
            orientation=orientation,
            pixel_spacing_mm=(spacing_mm[1], spacing_mm[0]),
            InstanceNumber=k + 1,
            **attributes,
        )
        for k in range(shape[2])
    ]


def source_of_datasets(datasets: Sequence[Dataset]) -> Source:
    """Return the source that images make, in the order given, by the tests' own geometry."""
    headers = [header for dataset in datasets for header in read_headers(dataset)]
    first = headers[0]
    row, column = np.asarray(first.row_cosines), np.asarray(first.column_cosines)
    normal = np.cross(row, column)
    positions = np.asarray([header.position_lps for header in headers], dtype=float)
    along = positions @ normal
    between_rows, between_columns = first.pixel_spacing_mm or (0.0, 0.0)
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1] = row * between_columns, column * between_rows
    affine[:3, 2] = normal * (np.ptp(along) / (len(headers) - 1))
    affine[:3, 3] = positions[np.argmin(along)]
    planes = tuple(
        Plane(h.sop_class_uid, h.sop_instance_uid, h.frame, tuple(place))
        for h, place in zip(headers, positions.tolist(), strict=True)
    )
    return Source(Grid((first.columns, first.rows, len(headers)), affine), planes, datasets[0])


def ball(grid: Grid, centre_lps: Sequence[float], radius_mm: float, value: int = 1) -> LabelMap:
    """Return a label map with a ball at a place of the patient."""
    away = np.linalg.norm(points_lps(grid) - np.asarray(centre_lps), axis=-1)
    return np.where(away <= radius_mm, value, 0).astype(np.uint8)


def points_lps(grid: Grid) -> npt.NDArray[np.float64]:
    """Return the place of each voxel, as (column, row, slice, 3)."""
    index = np.stack(np.meshgrid(*map(np.arange, grid.shape), indexing="ij"), axis=-1)
    places: npt.NDArray[np.float64] = index @ grid.affine_lps[:3, :3].T + grid.affine_lps[:3, 3]
    return places


def composed(source: Source, label_map: LabelMap, **changes: Any) -> Composed:
    """Return what a label map becomes."""
    return compose(task(**changes), source, label_map, now=NOW)


def reread(dataset: Dataset) -> Dataset:
    """Return a data set as another program reads it from a file."""
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    buffer.seek(0)
    return dcmread(buffer)


def mask_by_position(seg: Dataset, grid: Grid) -> LabelMap:
    """Read a segmentation by highdicom and put it on a grid by place, never by frame number.

    Real positions are rounded: steps may differ by some percent.
    """
    volume = hd.seg.Segmentation.from_dataset(reread(seg)).get_volume(
        combine_segments=True, rtol=0.03
    )
    found = np.asarray(volume.array)
    labels = np.zeros(grid.shape, np.uint8)
    to_index = np.linalg.inv(grid.affine_lps) @ volume.affine
    places = np.argwhere(found)
    at = np.rint(places @ to_index[:3, :3].T + to_index[:3, 3]).astype(int)
    labels[tuple(at.T)] = found[tuple(places.T)]
    return labels


def elements(dataset: Dataset) -> Iterator[DataElement]:
    """Walk all elements, those of nested items included."""
    for element in dataset:
        yield element
        if element.VR == "SQ":
            for item in element.value:
                yield from elements(item)


def references(items: Sequence[Dataset]) -> list[str]:
    """Return the instances that a reference sequence names."""
    return [str(item.ReferencedSOPInstanceUID) for item in items]
