"""A package's DICOM objects as results of a job: the real patient, true references, honest labels."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field

from pydicom import Dataset
from pydicom import uid as sop
from pydicom.dataset import FileMetaDataset

from meninx.base.errors import Rejected
from meninx.imaging import elements
from meninx.imaging.codes import Concept
from meninx.imaging.conform import plain_text, replace_uids, set_created, shorten_numbers
from meninx.imaging.evidence import (
    CHARACTER_SET,
    PATIENT,
    STUDY,
    descriptive_header,
    without_quoting,
)
from meninx.imaging.provenance import MACHINE_MADE, MANUFACTURER, Maker
from meninx.resources.names import derived_uid
from meninx.resources.reasons import Reason

FIRST_SERIES_NUMBER = 9001
_IN_SPACE = {
    str(sop.SegmentationStorage): "segmentation",
    str(sop.SurfaceSegmentationStorage): "surface segmentation",
    str(sop.ParametricMapStorage): "parametric map",
    str(sop.RTStructureSetStorage): "structure set",
}
"""Objects that lie in the frame of reference of the images."""
_REPORTS = {
    str(sop.BasicTextSRStorage): "report",
    str(sop.EnhancedSRStorage): "report",
    str(sop.ComprehensiveSRStorage): "report",
    str(sop.Comprehensive3DSRStorage): "report",
    str(sop.ExtensibleSRStorage): "report",
    str(sop.KeyObjectSelectionDocumentStorage): "key images",
}
ADOPTABLE: dict[str, str] = {
    **_IN_SPACE,
    **_REPORTS,
    str(sop.SecondaryCaptureImageStorage): "picture",
    str(sop.MultiFrameTrueColorSecondaryCaptureImageStorage): "picture",
    str(sop.MultiFrameGrayscaleByteSecondaryCaptureImageStorage): "picture",
    str(sop.GrayscaleSoftcopyPresentationStateStorage): "presentation",
    str(sop.EncapsulatedPDFStorage): "document",
    str(sop.EncapsulatedSTLStorage): "surface model",
}
"""SOP classes that are adopted, with the word that describes their series."""

_REFERENCES = frozenset({"ReferencedSOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"})
_ACQUIRED = ("AcquisitionDate", "AcquisitionTime", "AcquisitionDateTime")
_PATIENT_GROUPS = (0x0010, 0x0012)  # the patient, and what clinical trials and de-identifiers add
_PROCESSING = Concept("109102", "DCM", "Processing Equipment")


@dataclass(frozen=True, eq=False)
class Adoption:
    """What a package was given, and whose result its objects become."""

    example: Dataset = field(repr=False)
    """Headers of one of the original images."""
    originals: Mapping[str, str]
    """What each UID that the package was shown stands for."""
    patient_id: str
    """The patient's ID that the package was shown."""
    maker: Maker
    work: tuple[str, ...]
    """What the UIDs of the results are derived from."""
    created: dt.datetime


def adopt(objects: Sequence[Dataset], to: Adoption) -> list[Dataset]:
    """Return the objects as results of the job; the same work gives them the same UIDs.

    Raises Rejected (BadResult) where one is of a class that is no result, of another patient or
    study, or refers to what the package was not given.
    """
    ordered = sorted(objects, key=_order)
    own = _own_uids(ordered, to.work)
    known = {**to.originals, **own}
    header = descriptive_header(to.example)
    adopted = []
    for dataset in ordered:
        _check(dataset, to, known)
        adopted.append(_adopted(dataset, to, known, header))
    return _numbered(adopted)


def word_of(dataset: Dataset) -> str:
    """Return what an object is, in a word; raises Rejected where its class is no result."""
    sop_class = elements.text(dataset, "SOPClassUID") or ""
    word = ADOPTABLE.get(sop_class)
    if word is None:
        name = sop.UID(sop_class).name if sop_class else "none"
        raise _bad(f"the package wrote an object of class {name}: this is no result that we store")
    return word


def _bad(message: str) -> Rejected:
    return Rejected(Reason.BAD_RESULT, message)


def _order(dataset: Dataset) -> tuple[str, ...]:
    """Order objects by what they are; packages name their files by chance."""
    keywords = ("SOPClassUID", "SeriesDescription", "InstanceNumber", "NumberOfFrames")
    return tuple(elements.text(dataset, keyword) or "" for keyword in keywords)


def _own_uids(objects: Sequence[Dataset], work: tuple[str, ...]) -> dict[str, str]:
    own: dict[str, str] = {}
    for kind in ("SOPInstanceUID", "SeriesInstanceUID"):
        found = dict.fromkeys(elements.text(dataset, kind) or "" for dataset in objects)
        if "" in found:
            raise _bad(f"the package wrote an object without {kind}")
        for number, uid in enumerate(found):
            own[uid] = derived_uid(*work, "adopted", kind, str(number))
    return own


def _check(dataset: Dataset, to: Adoption, known: Mapping[str, str]) -> None:
    word = word_of(dataset)
    if (elements.text(dataset, "PatientID") or "") not in {"", to.patient_id}:
        raise _bad(f"the package's {word} names another patient than the one it was given")
    if (elements.text(dataset, "StudyInstanceUID") or "") not in to.originals:
        raise _bad(f"the package's {word} belongs to another study than the one it was given")
    if elements.text(dataset, "SeriesInstanceUID") in to.originals:
        raise _bad(f"the package put its {word} into the series that it was given")
    frame = elements.text(dataset, "FrameOfReferenceUID")
    if str(dataset.SOPClassUID) in _IN_SPACE and frame and frame not in to.originals:
        raise _bad(f"the package's {word} lies in another frame of reference than the images")
    if any(uid not in known for uid in _referred(dataset)):
        raise _bad(f"the package's {word} refers to an object that the job doesn't have")


def _referred(dataset: Dataset) -> Iterator[str]:
    """Yield the studies, series and instances that an object names, nested ones included."""
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                yield from _referred(item)
        elif element.keyword in _REFERENCES and element.value:
            yield str(element.value)


def _adopted(dataset: Dataset, to: Adoption, known: Mapping[str, str], header: Dataset) -> Dataset:
    with without_quoting():
        made = _decoded(dataset)
        for tag in [tag for tag in made.keys() if tag.group in _PATIENT_GROUPS]:  # noqa: SIM118
            del made[tag]
        for keyword in (*STUDY, "LongitudinalTemporalInformationModified"):
            if keyword in made:
                del made[keyword]
        for keyword in (*PATIENT, *STUDY):
            if keyword in header:
                made.add(deepcopy(header[keyword]))
        for keyword in _ACQUIRED:
            if keyword in made:
                setattr(made, keyword, to.example.get(keyword, ""))
        replace_uids(made, known)
        _label(made, word_of(dataset), to)
        shorten_numbers(made)
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = dataset.file_meta.TransferSyntaxUID
    return made


def _decoded(dataset: Dataset) -> Dataset:
    made = Dataset()
    try:
        for element in deepcopy(dataset):
            if not element.tag.is_private:
                made.add(plain_text(element))
    except elements.ODD_VALUE as error:
        kind = type(error).__name__
        raise _bad(f"an object of the package can't be read ({kind})") from error
    made.SpecificCharacterSet = CHARACTER_SET
    return made


def _label(made: Dataset, word: str, to: Adoption) -> None:
    """Say what made the object, that a machine did, and that nobody has looked at it yet."""
    made.SeriesDescription = to.maker.series_description(word)
    if str(made.SOPClassUID) in _REPORTS and "VerificationFlag" in made:
        made.VerificationFlag = "UNVERIFIED"
        made.pop("VerifyingObserverSequence", None)
    made.ContributingEquipmentSequence = [
        *made.get("ContributingEquipmentSequence", []),
        _equipment(to.maker),
    ]
    set_created(made, to.created)


def _equipment(maker: Maker) -> Dataset:
    item = Dataset()
    item.PurposeOfReferenceCodeSequence = [_PROCESSING.coded()]
    item.Manufacturer = MANUFACTURER
    item.ManufacturerModelName = maker.title
    item.SoftwareVersions = [maker.software, maker.version]
    item.DeviceSerialNumber = maker.digest[:64]
    item.ContributionDateTime = ""
    item.ContributionDescription = f"{MACHINE_MADE} by {maker.name} {maker.version}: {maker.image}"
    return item


def _numbered(adopted: list[Dataset]) -> list[Dataset]:
    series = list(dict.fromkeys(str(dataset.SeriesInstanceUID) for dataset in adopted))
    for dataset in adopted:
        dataset.SeriesNumber = FIRST_SERIES_NUMBER + series.index(str(dataset.SeriesInstanceUID))
    return adopted


def is_segmentation(dataset: Dataset) -> bool:
    """Tell whether an object is a segmentation whose voxels can be measured."""
    return bool(dataset.get("SOPClassUID") == sop.SegmentationStorage)
