"""O-09: patient, study, frame of reference and source images, in any character set."""

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag
from tests.support.results import composed, references, reread, slices, source_of_datasets
from tests.support.series import FRAME_OF_REFERENCE_UID

from meninx.imaging.evidence import without_quoting
from meninx.steps.compose import Composed

JAPANESE = b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B"
NAMES = {
    "japanese": (b"\\ISO 2022 IR 87", JAPANESE, "Yamada^Tarou=山田^太郎"),
    "latin 1": (b"ISO_IR 100", b"M\xfcller^J\xf6rg", "Müller^Jörg"),
    "cyrillic": (b"ISO_IR 144", b"\xbb\xee\xda^\xb8\xd2\xd0\xdd", "Люк^Иван"),
    "utf-8": (b"ISO_IR 192", "Žižka^Jan".encode(), "Žižka^Jan"),
    "utf-8 misspelt": (b"ISO IR 192", "Žižka^Jan".encode(), "Žižka^Jan"),
    "unknown": (b"ISO_IR 999", b"TEST^ONE", "TEST^ONE"),
}


def result(datasets: list[Dataset]) -> Composed:
    source = source_of_datasets(datasets)
    labels = np.zeros(source.grid.shape, np.uint8)
    labels[4, 4, 2] = 1
    return composed(source, labels)


def put_raw(dataset: Dataset, tag: int, vr: str, value: bytes) -> None:
    """Put an element as a stranger's file has it, whatever pydicom thinks of it."""
    padded = value + b" " * (len(value) % 2)
    dataset[tag] = RawDataElement(Tag(tag), vr, len(padded), padded, 0, False, True)


@pytest.mark.parametrize(("character_set", "name", "decoded"), NAMES.values(), ids=NAMES)
def test_decoded_name_equals_the_sources_name(
    character_set: bytes, name: bytes, decoded: str
) -> None:
    received = []
    for dataset in slices((8, 8, 5)):
        put_raw(dataset, 0x00080005, "CS", character_set)
        put_raw(dataset, 0x00100010, "PN", name)
        with without_quoting():
            received.append(reread(dataset))
    for made in result(received).objects:
        written = reread(made)
        assert str(written.PatientName) == decoded
        assert written.SpecificCharacterSet == "ISO_IR 192"


def test_patient_study_and_frame_of_reference_are_the_sources() -> None:
    datasets = slices((8, 8, 5), IssuerOfPatientID="CLINIC", PatientAge="061Y")
    for made in map(reread, result(datasets).objects):
        for keyword in (
            "PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex",
            "PatientAge", "StudyInstanceUID", "StudyDate", "StudyTime", "StudyID",
        ):  # fmt: skip
            assert made[keyword].value == datasets[0][keyword].value
        assert made.SeriesInstanceUID != datasets[0].SeriesInstanceUID
    assert result(datasets).objects[0].FrameOfReferenceUID == FRAME_OF_REFERENCE_UID


def test_every_source_image_is_referenced_once() -> None:
    datasets = slices((8, 8, 5))
    expected = [dataset.SOPInstanceUID for dataset in datasets]
    seg, sr = map(reread, result(datasets).objects)
    (series,) = seg.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == datasets[0].SeriesInstanceUID
    assert references(series.ReferencedInstanceSequence) == expected
    assert references(seg.SourceImageSequence) == expected
    evidence = sr.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
    assert [references(s.ReferencedSOPSequence) for s in evidence] == [
        expected,
        [str(seg.SOPInstanceUID)],
    ]


def test_poor_headers_still_make_a_result() -> None:
    bare = slices(
        (8, 8, 5), PatientName=None, PatientID=None, PatientBirthDate=None, PatientSex="X",
        StudyDate=None, StudyTime=None, StudyID=None, AccessionNumber=None,
        ReferringPhysicianName=None, FrameOfReferenceUID=None, Manufacturer=None,
    )  # fmt: skip
    for made in map(reread, result(bare).objects):
        assert made.PatientID == ""
        assert made.PatientSex == ""
        assert made.StudyInstanceUID == bare[0].StudyInstanceUID


def test_images_without_uids_make_legal_objects_that_are_the_same_each_time() -> None:
    def made() -> list[Dataset]:
        odd = slices((8, 8, 5), StudyInstanceUID="", SeriesInstanceUID="", FrameOfReferenceUID="")
        return [reread(dataset) for dataset in result(odd).objects]

    for first, second in zip(made(), made(), strict=True):
        assert str(first.StudyInstanceUID).startswith("2.25.")
        assert first.StudyInstanceUID == second.StudyInstanceUID
    assert references_of(made()[0]) == references_of(made()[0])


def references_of(seg: Dataset) -> tuple[str, str]:
    return seg.ReferencedSeriesSequence[0].SeriesInstanceUID, seg.FrameOfReferenceUID


def test_invalid_values_of_the_source_raise_no_warning_that_quotes_them() -> None:
    datasets = slices((8, 8, 5))
    for dataset in datasets:
        put_raw(dataset, 0x00100030, "DA", b"TEST^ONE")
        put_raw(dataset, 0x00101030, "DS", b"many")
    made = result(datasets)
    assert made.results.findings == 1
    assert "PatientWeight" not in made.sr
    assert made.sr.PatientBirthDate == ""
