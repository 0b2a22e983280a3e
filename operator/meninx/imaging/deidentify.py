"""Images without the patient, and back: which PS3.15 profile is applied, and what stands for what."""

import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pydicom import DataElement, Dataset
from pydicom.datadict import keyword_for_tag
from pydicom.dataset import FileMetaDataset
from pydicom.multival import MultiValue
from pydicom.uid import UID

from meninx.base.errors import Rejected
from meninx.imaging import elements
from meninx.imaging.evidence import CHARACTER_SET
from meninx.imaging.profile import (
    ALWAYS,
    DUMMIES,
    IDENTIFYING,
    METHOD,
    METHODS,
    TABLE,
    UNITS,
    VOCABULARY,
    Action,
)
from meninx.resources.names import UID_ROOT
from meninx.resources.reasons import Reason

_WORD = re.compile(r"[^\W_]+")
_SHORTEST_WORD = 3
_SUBSTRING = 5
_STANDARD = "1.2.840.10008."
_TEXTS = frozenset({"AE", "CS", "LO", "LT", "SH", "ST", "UC", "UR", "UT"})
_PICTURE = frozenset({"PhotometricInterpretation", "SpecificCharacterSet"})
_SAYING_NOTHING = frozenset({Action.EMPTY, Action.DUMMY, Action.UID})
_UNKNOWN = frozenset({"UN", "PN"})


@dataclass(frozen=True)
class Pseudonyms:
    """What stands for the identifiers of one job's images; not to be undone without the key."""

    key: bytes = field(repr=False)

    def uid(self, original: str) -> str:
        """Return the UID that stands for one; UIDs of the standard stand for themselves."""
        if original.startswith(_STANDARD):
            return original
        return UID_ROOT + str(int(self._digest(original)[:32], 16))

    @property
    def patient_id(self) -> str:
        """The patient's ID, the same in all images of the job."""
        return f"anon-{self._digest('patient')[:12]}"

    def _digest(self, text: str) -> str:
        return hmac.new(self.key, text.encode(), hashlib.sha256).hexdigest()


def deidentify(dataset: Dataset, pseudonyms: Pseudonyms) -> Dataset:
    """Return a new data set in the same transfer syntax that says nothing of the patient.

    Geometry, pixel data and acquisition facts stay as they are. Raises Rejected where the image
    says that text is burned into its pixels.
    """
    if (elements.text(dataset, "BurnedInAnnotation") or "").upper() == "YES":
        raise Rejected(
            Reason.BURNED_IN_ANNOTATION,
            "an image says YES to BurnedInAnnotation: no package gets to see it",
        )
    words = frozenset(_identity_words(dataset))
    clean = _copied(dataset, pseudonyms, words)
    for keyword in ALWAYS:
        if keyword not in clean:
            setattr(clean, keyword, "")
    clean.PatientID = pseudonyms.patient_id
    clean.SpecificCharacterSet = CHARACTER_SET
    _say_so(clean)
    clean.file_meta = FileMetaDataset()
    clean.file_meta.TransferSyntaxUID = UID(str(dataset.file_meta.TransferSyntaxUID))
    return clean


def original_uids(datasets: Iterable[Dataset], pseudonyms: Pseudonyms) -> dict[str, str]:
    """Return what each pseudonymous UID of de-identified images stands for."""
    found: dict[str, str] = {}
    for dataset in datasets:
        for keyword in (k for k, action in TABLE.items() if action is Action.UID):
            original = elements.text(dataset, keyword)
            if original:
                found[pseudonyms.uid(original)] = original
    return found


def _copied(dataset: Dataset, pseudonyms: Pseudonyms, words: frozenset[str]) -> Dataset:
    made = Dataset()
    for tag in dataset.keys():  # noqa: SIM118  the tags, without reading what is not needed
        keyword = keyword_for_tag(tag)
        action = None if tag.is_private else TABLE.get(keyword)
        if action is None:
            continue
        element = _element(dataset, keyword)
        after = None
        if element is not None and action in _SAYING_NOTHING:
            after = _replaced(element, action, pseudonyms)
        elif element is not None:
            after = _kept(element, action, pseudonyms, words)
        if after is not None:
            made.add(after)
    return made


def _element(dataset: Dataset, keyword: str) -> DataElement | None:
    """Return an element, None where its bytes can't be read."""
    try:
        return dataset[keyword]
    except elements.ODD_VALUE:
        return None


def _replaced(element: DataElement, action: Action, pseudonyms: Pseudonyms) -> DataElement:
    value: Any = ""
    if action is Action.DUMMY:
        value = DUMMIES.get(element.VR, "")
    elif action is Action.UID:
        value = _uids(element.value, pseudonyms)
    return DataElement(element.tag, element.VR, value)


def _kept(
    element: DataElement, action: Action, pseudonyms: Pseudonyms, words: frozenset[str]
) -> DataElement | None:
    """Return an element without a word of the identity; None where nothing of it may stay."""
    value = element.value
    if element.VR == "SQ":
        value = [_copied(item, pseudonyms, words) for item in value]
    elif element.VR in _UNKNOWN:
        return None
    elif action is Action.CLEAN:
        value = cleaned(_text(value), words)
    elif element.VR in _TEXTS and element.keyword not in _PICTURE and _holds(_text(value), words):
        return None
    return DataElement(element.tag, element.VR, value)


def _uids(value: Any, pseudonyms: Pseudonyms) -> Any:
    if isinstance(value, MultiValue):
        return [pseudonyms.uid(str(one)) for one in value]
    return pseudonyms.uid(str(value)) if value else ""


def cleaned(text: str, identity: frozenset[str] = frozenset()) -> str:
    """Return a description with the words of the vocabulary only, in their places."""

    def kept(found: re.Match[str]) -> str:
        word = found.group()
        known = word.casefold() in VOCABULARY or UNITS.fullmatch(word)
        return word if known and word.casefold() not in identity else ""

    return re.sub(r"([\W_])[\W_]+", r"\1", _WORD.sub(kept, text)).strip(" \t\r\n_-,;.:^/\\()")


def _text(value: Any) -> str:
    if isinstance(value, MultiValue | list | tuple):
        return "\\".join(map(str, value))
    return "" if value is None else str(value)


def _holds(text: str, words: frozenset[str]) -> bool:
    """Tell whether a text holds a word of the identity; a long one also within another word."""
    folded = text.casefold()
    if words.intersection(_WORD.findall(folded)):
        return True
    return any(word in folded for word in words if len(word) >= _SUBSTRING)


def _identity_words(dataset: Dataset) -> Iterator[str]:
    """Yield the words of names, numbers and dates that identify, nested ones included."""
    for tag in dataset.keys():  # noqa: SIM118
        keyword = keyword_for_tag(tag)
        element = _element(dataset, keyword) if keyword else None
        if element is None:
            continue
        if element.VR == "SQ":
            for item in element.value:
                yield from _identity_words(item)
        elif element.VR == "PN" or keyword in IDENTIFYING:
            for word in _WORD.findall(_text(element.value).casefold()):
                if len(word) >= _SHORTEST_WORD:
                    yield word


def _say_so(clean: Dataset) -> None:
    clean.PatientIdentityRemoved = "YES"
    clean.DeidentificationMethod = METHOD
    clean.LongitudinalTemporalInformationModified = "REMOVED"
    codes = []
    for value, meaning in METHODS:
        code = Dataset()
        code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, "DCM", meaning
        codes.append(code)
    clean.DeidentificationMethodCodeSequence = codes
