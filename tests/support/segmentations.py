"""Segmentations as other programs write them: by highdicom, on series of the tests."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import highdicom as hd
import numpy as np
import numpy.typing as npt
from pydicom import Dataset
from pydicom.sr.coding import Code

from meninx.imaging.evidence import without_quoting
from meninx.resources.names import derived_uid

Mask = npt.NDArray[np.bool_]
LESION = ("Meningioma", "302820008")
EDEMA = ("Edema", "79654002")
_ABNORMAL = Code("49755003", "SCT", "Morphologically Abnormal Structure")
_ALGORITHM = hd.AlgorithmIdentificationSequence(
    name="threshold", version="1", family=Code("123110", "DCM", "Artificial Intelligence")
)


def _description(number: int, said: tuple[str, str], algorithm: str) -> hd.seg.SegmentDescription:
    label, code = said
    return hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=label,
        segmented_property_category=_ABNORMAL,
        segmented_property_type=Code(code, "SCT", label),
        algorithm_type=algorithm,
        algorithm_identification=None if algorithm == "MANUAL" else _ALGORITHM,
    )


def drawn(
    images: Sequence[Dataset],
    *masks: npt.NDArray[Any] | hd.Volume,
    segments: Sequence[tuple[str, str]] = (LESION, EDEMA),
    algorithm: str | Sequence[str] = "MANUAL",
    kind: str = "BINARY",
    name: str = "1",
    **more: Any,
) -> Dataset:
    """Return a segmentation of the images, which lie in the order of the masks' slices.

    A mask is (column, row, slice), or a volume in space. `name` tells it from others of the series;
    `when` is the moment of its content.
    """
    algorithms = [algorithm] * len(masks) if isinstance(algorithm, str) else algorithm
    if isinstance(masks[0], hd.Volume):
        pixels: Any = masks[0]
    else:
        pixels = np.stack([np.asarray(mask).transpose(2, 1, 0) for mask in masks], axis=-1)
    when = more.pop("when", dt.datetime(2026, 1, 6, 9, tzinfo=dt.UTC))
    uid = derived_uid(str(images[0].SeriesInstanceUID), name)
    with without_quoting():
        made: Dataset = hd.seg.Segmentation(
            source_images=[_whole(image) for image in images],
            pixel_array=pixels if kind == "FRACTIONAL" else _binary(pixels),
            segmentation_type=kind,
            segment_descriptions=[
                _description(number, said, type_)
                for number, (said, type_, _) in enumerate(
                    zip(segments, algorithms, masks, strict=False), start=1
                )
            ],
            series_instance_uid=derived_uid(uid, "series"),
            series_number=900,
            sop_instance_uid=uid,
            instance_number=1,
            manufacturer="Other",
            manufacturer_model_name="Editor",
            software_versions="1",
            device_serial_number="1",
            **more,
        )
    made.ContentDate, made.ContentTime = when.strftime("%Y%m%d"), when.strftime("%H%M%S")
    return made


def _binary(pixels: Any) -> Any:
    if isinstance(pixels, hd.Volume):
        return pixels.with_array(np.asarray(pixels.array).astype(np.uint8))
    return pixels.astype(np.uint8)


def _whole(image: Dataset) -> Dataset:
    """Return an image with the elements that highdicom copies."""
    whole = Dataset()
    whole.update(image)
    for keyword in ("PatientBirthDate", "StudyTime", "AccessionNumber", "StudyID"):
        if keyword not in whole:
            setattr(whole, keyword, "")
    return whole
