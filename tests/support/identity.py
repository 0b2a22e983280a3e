"""The identities that tests give their patients, and how to find them where they must not be."""

import re

PATIENT_NAME = "TEST^ONE"
PATIENT_ID = "MNX-0001"
BIRTH_DATE = "19010203"

PATTERN = re.compile(rf"(TEST|PHANTOM)\^|MNX-\d|{BIRTH_DATE}", re.IGNORECASE)


def leaks(*texts: str) -> list[str]:
    """Return the pieces of text that hold a test patient's identity, with their surroundings."""
    found = []
    for text in texts:
        for hit in PATTERN.finditer(text):
            found.append(text[max(0, hit.start() - 60) : hit.end() + 60])
    return found
