"""Who may call: anybody, or only the nodes that are allowed to send."""

from collections.abc import Iterable
from enum import Enum


class Answer(Enum):
    """A-ASSOCIATE-RJ result, source and diagnostic (PS3.8 table 9-21); None is no rejection."""

    WELCOME = None
    NOT_YET_KNOWN = (2, 1, 1)
    NOT_RECOGNISED = (1, 1, 3)


class Senders:
    """The calling AE titles that are taken; outer spaces don't count, case does."""

    def __init__(self, *, known_only: bool = False) -> None:
        self._known_only = known_only
        self._titles: frozenset[str] | None = None

    def know(self, titles: Iterable[str]) -> None:
        """Say which titles may send from now on."""
        self._titles = frozenset(title.strip() for title in titles)

    def answer(self, calling_aet: str) -> Answer:
        """Return what a caller is told."""
        if not self._known_only:
            return Answer.WELCOME
        if self._titles is None:
            return Answer.NOT_YET_KNOWN
        known = calling_aet.strip() in self._titles
        return Answer.WELCOME if known else Answer.NOT_RECOGNISED
