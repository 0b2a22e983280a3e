"""A study's series to channels and study.json in the workspace, wherever the series came from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meninx.base.errors import NotFound
from meninx.base.files import space_errors
from meninx.imaging.nifti import volume_from_stack, write_nifti
from meninx.imaging.series import series_facts
from meninx.imaging.stack import Stack
from meninx.resources.task import TaskChannel
from meninx.steps import contract
from meninx.steps.source import Source, read_source
from meninx.steps.workspace import keep_source, write_json

FORMAT_VERSION = 1
FACTS = (
    "Modality", "Manufacturer", "ManufacturerModelName", "MagneticFieldStrength",
    "BodyPartExamined", "PatientPosition", "MRAcquisitionType", "ScanningSequence",
    "SequenceVariant", "ScanOptions", "ImageType", "RepetitionTime", "EchoTime", "InversionTime",
    "FlipAngle", "EchoTrainLength", "PixelBandwidth", "SliceThickness", "KVP", "ConvolutionKernel",
    "LossyImageCompression",
)  # fmt: skip
"""Acquisition facts a model may see: codes and numbers, never free text, dates or identifiers."""


@dataclass(frozen=True)
class PreparedChannel:
    """One channel as written: its file and the stack it came from."""

    channel: TaskChannel
    file: Path
    source: Source

    @property
    def stack(self) -> Stack:
        """The stack that the file holds."""
        return self.source.stack


@dataclass(frozen=True)
class PreparedInput:
    """What was written for the model; the first channel is the reference of the result."""

    channels: tuple[PreparedChannel, ...]
    study: Mapping[str, Any]


def prepare(
    files: Mapping[str, Sequence[Path]],
    channels: Sequence[TaskChannel],
    input_folder: Path,
    source_folder: Path | None = None,
) -> PreparedInput:
    """Write each channel's NIfTI file and study.json, and keep the used source files.

    `files` maps a series, as the channels name it, to its DICOM files. One float32 volume and one
    decoded slice are in memory at a time. Nothing that identifies the patient is written to
    `input_folder`; `source_folder` holds the images as they came. Raises Rejected,
    and OutOfSpace where the volume is full.
    """
    prepared = []
    for channel in channels:
        if channel.series not in files:
            raise NotFound(f"channel {channel.name}: its series is not among the files")
        done = _channel(files[channel.series], channel, input_folder)
        if source_folder is not None:
            with space_errors(source_folder):
                keep_source(done.source.used_files, source_folder / channel.name)
        prepared.append(done)
    study = {
        "formatVersion": FORMAT_VERSION,
        "channels": [describe(done) for done in prepared],
    }
    write_json(input_folder / contract.STUDY_FILE, study)
    return PreparedInput(tuple(prepared), study)


def _channel(files: Sequence[Path], channel: TaskChannel, folder: Path) -> PreparedChannel:
    source = read_source(files, volume=channel.volume, min_slices=channel.min_slices)
    file = folder / contract.channel_file(channel)
    volume = volume_from_stack(source.stack, source.datasets)
    with space_errors(file):
        write_nifti(file, volume, source.stack.grid)
    return PreparedChannel(channel, file, source)


def describe(done: PreparedChannel) -> dict[str, Any]:
    """Return what study.json says of a channel: geometry, acquisition facts, warnings."""
    grid, stack = done.stack.grid, done.stack
    facts = series_facts(stack.headers)
    return {
        "name": done.channel.name,
        "file": done.file.name,
        "shape": list(grid.shape),
        "spacingMm": [round(value, 6) for value in grid.spacing_mm],
        "orientation": grid.orientation,
        "affineRas": grid.affine_ras.round(9).tolist(),
        "imagesLeftOut": len(stack.left_out),
        "warnings": [
            {"reason": str(finding.reason), "message": finding.message}
            for finding in stack.warnings
        ],
        "acquisition": {keyword: facts[keyword] for keyword in FACTS if keyword in facts},
        "derived": {name: text for name, text in facts.items() if name.startswith("Series.")},
    }
