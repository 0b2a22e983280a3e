"""A study as assembled: its series with their headers and facts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from meninx.imaging.header import ImageHeader
from meninx.imaging.series import series_facts


@dataclass(frozen=True)
class Series:
    """One series: what conditions may ask of it, and the headers that make its volume.

    `series` is its keyed hash (in a local run its UID); `revision` that of its newest image.
    """

    series: str
    facts: Mapping[str, str]
    headers: tuple[ImageHeader, ...]
    revision: int = 1


@dataclass(frozen=True)
class Study:
    """One study at one revision."""

    study: str
    """Keyed hash of the study."""
    revision: int
    series: tuple[Series, ...]
    patients: frozenset[str] = frozenset()
    """Keyed hashes of the distinct patient IDs that the images name, empty ones left out."""
    issuers: frozenset[str] = frozenset()
    """Keyed hashes of the distinct issuers of these IDs, empty ones left out."""

    @property
    def has_patient_conflict(self) -> bool:
        """Whether images of the study name different patients."""
        return len(self.patients) > 1 or len(self.issuers) > 1


def series_of(
    series: str,
    headers: Sequence[ImageHeader],
    *,
    revision: int = 1,
    also: Mapping[str, str] | None = None,
) -> Series:
    """Return a series with its facts; `also` holds facts that its headers don't tell."""
    return Series(series, {**series_facts(headers), **(also or {})}, tuple(headers), revision)
