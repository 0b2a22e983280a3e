"""The coded concepts that results use (SNOMED CT, DCM, LOINC, UCUM)."""

from dataclasses import dataclass

from highdicom.sr import CodedConcept


@dataclass(frozen=True)
class Concept:
    """A coded concept (PS3.3 section 8)."""

    value: str
    scheme: str
    meaning: str

    def coded(self) -> CodedConcept:
        """Return it as highdicom wants it."""
        return CodedConcept(self.value, self.scheme, self.meaning[:64])


ARTIFICIAL_INTELLIGENCE = Concept("123110", "DCM", "Artificial Intelligence")
DEVICE = Concept("121007", "DCM", "Device")
IMAGING_MEASUREMENT_REPORT = Concept("126000", "DCM", "Imaging Measurement Report")

MR_PROCEDURE = Concept("25056-3", "LN", "MRI unspecified body region")
CT_PROCEDURE = Concept("25045-6", "LN", "CT unspecified body region")
IMAGING_PROCEDURE = Concept("363679005", "SCT", "Imaging procedure")
PROCEDURES = {"MR": MR_PROCEDURE, "CT": CT_PROCEDURE}

VOLUME = Concept("118565006", "SCT", "Volume")
MILLILITRE = Concept("ml", "UCUM", "mL")
LESION_COUNT = Concept("MNX-001", "99MENINX", "Number of connected parts")
ONE = Concept("1", "UCUM", "no units")

PRESENCE = Concept("705057003", "SCT", "Presence")
PRESENT = Concept("52101004", "SCT", "Present")
ABSENT = Concept("2667000", "SCT", "Absent")
