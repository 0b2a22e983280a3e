"""De-identified images: nothing of the patient in their bytes, all of the picture still there."""

import io
import string
from dataclasses import astuple, dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset, dcmread
from pydicom.uid import ImplicitVRLittleEndian
from tests.support.enhanced import enhanced_mr, item
from tests.support.series import mr_series, mr_slice

from meninx.base.errors import Rejected
from meninx.imaging.deidentify import Pseudonyms, cleaned, deidentify, original_uids
from meninx.imaging.profile import TABLE
from meninx.resources.reasons import Reason

PSEUDONYMS = Pseudonyms(b"k" * 32)
NAMES = st.text(string.ascii_letters + "äöüÉçñ", min_size=5, max_size=12)
NUMBERS = st.from_regex(r"[A-Z]{2}[0-9]{6,9}", fullmatch=True)
FREE = ("SeriesDescription", "ProtocolName", "StudyDescription", "ManufacturerModelName")


def written(dataset: Dataset) -> bytes:
    buffer = io.BytesIO()
    deidentify(dataset, PSEUDONYMS).save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def reread(dataset: Dataset) -> Dataset:
    return dcmread(io.BytesIO(written(dataset)))


@dataclass(frozen=True)
class Person:
    """Everything that names a patient, and those around."""

    name: str
    first: str
    number: str
    accession: str
    place: str
    doctor: str


def image_of(who: Person) -> Dataset:
    """Return an image that says it all, in places where it belongs and where it doesn't."""
    image = mr_slice(
        PatientName=f"{who.name}^{who.first}",
        PatientID=who.number,
        PatientBirthDate="19340516",
        AccessionNumber=who.accession,
        InstitutionName=who.place,
        ReferringPhysicianName=who.doctor,
        ImageComments=f"{who.name} was restless",
    )
    image.SpecificCharacterSet = "ISO_IR 192"
    for keyword in FREE:
        setattr(image, keyword, f"T1 {who.name} {who.number} gd")
    image.private_block(0x0029, "VENDOR", create=True).add_new(0x01, "LO", who.name)
    image.OtherPatientIDsSequence = item(PatientID=who.number, PatientName=who.first)
    return image


NOBODY = Person("", "", "", "", "", "")


def text_of(who: Person) -> str:
    """Return the bytes of a person's de-identified image as text."""
    return written(image_of(who)).decode("utf-8", errors="replace").casefold()


@settings(max_examples=60, deadline=None)
@given(st.builds(Person, NAMES, NAMES, NUMBERS, NUMBERS, NAMES, NAMES))
def test_no_word_of_the_identity_is_in_the_bytes(who: Person) -> None:
    held, always = text_of(who), text_of(NOBODY)
    for word in (*astuple(who), "19340516"):
        assert word.casefold() not in held or word.casefold() in always


@pytest.mark.parametrize(
    "keyword",
    [k for k, action in TABLE.items() if action == "uid" and k != "DimensionOrganizationUID"],
)
def test_no_uid_of_the_images_survives_but_each_comes_back(keyword: str) -> None:
    image = mr_slice()
    original, stand_in = str(image[keyword].value), str(reread(image)[keyword].value)
    assert original.encode() not in written(image)
    assert original_uids([image], PSEUDONYMS)[stand_in] == original


def test_images_of_one_job_stay_one_series_and_jobs_can_not_be_linked() -> None:
    first, second = reread(mr_slice(InstanceNumber=1)), reread(mr_slice(InstanceNumber=2))
    other = deidentify(mr_slice(InstanceNumber=1), Pseudonyms(b"o" * 32))
    assert first.SeriesInstanceUID == second.SeriesInstanceUID
    assert first.PatientID == second.PatientID
    assert first.SOPInstanceUID != second.SOPInstanceUID
    assert {first.StudyInstanceUID, first.PatientID}.isdisjoint(
        {other.StudyInstanceUID, other.PatientID}
    )


def test_picture_place_and_acquisition_stay_as_they_are() -> None:
    pixels = np.arange(64, dtype=np.uint16).reshape(8, 8)
    image = mr_slice(pixels, position_lps=(-3.5, 2, 7), EchoTime="2.98", FlipAngle="9")
    after = reread(image)
    assert np.array_equal(after.pixel_array, pixels)
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "EchoTime"):
        assert after[keyword].value == image[keyword].value
    assert after.SOPClassUID == image.SOPClassUID


def test_enhanced_frames_keep_their_places_and_lose_their_dates() -> None:
    date = {"FrameContentSequence": item(FrameAcquisitionDateTime="20260105091500")}
    image = enhanced_mr(mr_series(3), frame=lambda _: date)
    after = reread(image)
    places = [
        [
            one.PlanePositionSequence[0].ImagePositionPatient
            for one in ds.PerFrameFunctionalGroupsSequence
        ]
        for ds in (image, after)
    ]
    assert places[0] == places[1]
    assert b"20260105" not in written(image)


def test_transfer_syntax_stays_as_it_was() -> None:
    image = mr_slice()
    image.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    assert reread(image).file_meta.TransferSyntaxUID == ImplicitVRLittleEndian


def test_burned_in_text_is_refused_not_passed_on() -> None:
    with pytest.raises(Rejected) as refused:
        deidentify(mr_slice(BurnedInAnnotation="YES"), PSEUDONYMS)
    assert refused.value.reason == Reason.BURNED_IN_ANNOTATION


def test_image_says_that_and_how_it_was_deidentified() -> None:
    after = reread(mr_slice())
    assert after.PatientIdentityRemoved == "YES"
    assert [code.CodeValue for code in after.DeidentificationMethodCodeSequence] == [
        "113100",
        "113105",
    ]


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("t1_mprage_sag_gd", "t1_mprage_sag_gd"),
        ("AX T1 POST 1mm (MNX-0001)", "AX T1 POST 1mm"),
        ("T1 SMITH^ANNA 01.02.1901", "T1"),
        ("Kopf nach Sturz, Fr. Meier", ""),
        ("ep2d_diff_b1000 030-123-456", "ep2d_b1000"),
    ],
)
def test_descriptions_keep_only_words_of_acquisitions(said: str, left: str) -> None:
    assert cleaned(said) == left
