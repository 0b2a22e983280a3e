"""Keyed hash of identifiers: the only form in which they leave the store."""

import hashlib
import hmac

KEY_BYTES = 32
_LENGTH = 20


def pseudonym(key: bytes, kind: str, identifier: str) -> str:
    """Return the keyed hash of an identifier: `kind` + 20 hex digits, fit for names and labels.

    `kind` is one lower-case letter (s study, e series, i instance, p patient), so that equal
    identifiers of different kinds don't look alike. Stable for a key, not reversible without it.
    """
    digest = hmac.new(key, f"{kind}\0{identifier.strip()}".encode(), hashlib.sha256)
    return kind + digest.hexdigest()[:_LENGTH]


def study_hash(key: bytes, study_uid: str) -> str:
    """Return the hash that stands for a StudyInstanceUID."""
    return pseudonym(key, "s", study_uid)


def series_hash(key: bytes, series_uid: str) -> str:
    """Return the hash that stands for a SeriesInstanceUID."""
    return pseudonym(key, "e", series_uid)


def is_hash(text: str) -> bool:
    """Tell whether a text has the form of such a hash (a UID never has)."""
    return len(text) == _LENGTH + 1 and text[0].isalpha() and text[1:].isalnum()
