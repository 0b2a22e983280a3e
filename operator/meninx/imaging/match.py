"""Conditions on DICOM attributes to a verdict with a trace (pure).

A trace repeats the rule, never the value that was seen: values may be free text of a patient.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import re2
from pydicom.datadict import tag_for_keyword

from meninx.imaging.header import KEYWORDS
from meninx.resources.predicates import DERIVED, Condition, Predicate, Range
from meninx.resources.reasons import Reason

CALLING_AE_TITLE = "CallingAETitle"
"""AE title of the sender: a fact of the study beside its DICOM attributes."""

Facts = Mapping[str, str]

_READ = frozenset({*KEYWORDS, *DERIVED, CALLING_AE_TITLE})
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_LONGEST_TEXT = 1024
_PADDING = " \0\t\r\n"
_EXPRESSION_MEMORY = 1 << 20


@dataclass(frozen=True)
class Check:
    """One condition and whether it held."""

    text: str
    held: bool
    absent: bool = False

    def __str__(self) -> str:
        """Say it in words, without the value."""
        if self.absent:
            return f"not fulfilled: {self.text} (absent or empty)"
        return f"{'fulfilled' if self.held else 'not fulfilled'}: {self.text}"


@dataclass(frozen=True)
class Verdict:
    """Whether a predicate holds, and each of its conditions that was looked at."""

    holds: bool
    checks: tuple[Check, ...] = ()

    @property
    def why_not(self) -> str:
        """The first thing that is in the way; empty where the predicate holds."""
        return "" if self.holds else str(next(c for c in self.checks if not c.held))


@dataclass(frozen=True)
class Problem:
    """What makes a rule unusable, told when it is made and not at each study."""

    reason: Reason
    message: str


def judge(predicate: Predicate, facts: Facts) -> Verdict:
    """Look at every condition of a predicate."""
    checks = [_check(one, facts) for one in predicate.all]
    if predicate.any:
        alternatives = [_check(one, facts) for one in predicate.any]
        some = any(check.held for check in alternatives)
        checks.append(Check(" or ".join(check.text for check in alternatives), some))
    for one in predicate.none:
        checks.append(Check(f"not ({describe(one)})", not holds(one, facts)))
    return Verdict(all(check.held for check in checks), tuple(checks))


def holds(condition: Condition, facts: Facts) -> bool:
    """Tell whether a condition holds; an absent or empty attribute fulfils only `exists: false`."""
    values = _values(facts.get(condition.attribute, ""))
    if condition.exists is not None:
        return condition.exists == bool(values)
    return any(_test(condition, value) for value in values)


def describe(condition: Condition) -> str:
    """Return a condition in words, such as `SeriesDescription contains 't1'`."""
    name = condition.attribute
    if condition.exists is not None:
        return f"{name} {'exists' if condition.exists else 'is absent'}"
    if condition.range is not None:
        return f"{name} is in {_interval(condition.range)}"
    if condition.one_of is not None:
        return f"{name} is one of {', '.join(map(repr, condition.one_of))}"
    tests = {
        "is": condition.equals,
        "contains": condition.contains,
        "matches": condition.matches,
    }
    return next(f"{name} {verb} {text!r}" for verb, text in tests.items() if text is not None)


def problems(predicate: Predicate) -> Iterator[Problem]:
    """Yield what is wrong with a predicate: attributes nobody reads, expressions nobody can."""
    return find_problems([*predicate.all, *predicate.any, *predicate.none])


def find_problems(conditions: Iterable[Condition]) -> Iterator[Problem]:
    """Yield what is wrong with single conditions."""
    for condition in conditions:
        if condition.attribute not in _READ:
            yield Problem(Reason.UNKNOWN_ATTRIBUTE, _unknown(condition.attribute))
        if condition.matches is not None:
            try:
                _expression(condition.matches)
            except re2.error as error:
                yield Problem(Reason.BAD_EXPRESSION, _unreadable(condition, error))


def _check(condition: Condition, facts: Facts) -> Check:
    held = holds(condition, facts)
    absent = not held and not _values(facts.get(condition.attribute, ""))
    return Check(describe(condition), held, absent=absent and condition.exists is None)


def _values(text: str) -> list[str]:
    """Return the values of an attribute (PS3.5 6.4), without outer spaces and empty ones."""
    return [value for part in text.split("\\") if (value := part.strip(_PADDING))]


def _fold(text: str) -> str:
    return text.strip(_PADDING).casefold()


def _test(condition: Condition, value: str) -> bool:
    if condition.equals is not None:
        return _fold(value) == _fold(condition.equals)
    if condition.one_of is not None:
        return _fold(value) in map(_fold, condition.one_of)
    if condition.contains is not None:
        return _fold(condition.contains) in _fold(value)
    if condition.matches is not None:
        return _found(condition.matches, value)
    return condition.range is not None and _within(condition.range, value)


def _within(limits: Range, value: str) -> bool:
    if not _NUMBER.fullmatch(value):
        return False
    number = float(value)
    above = limits.min is None or number >= limits.min
    return above and (limits.max is None or number <= limits.max)


def _found(pattern: str, value: str) -> bool:
    """Search in time linear in the text; an expression that can't be read finds nothing."""
    try:
        return _expression(pattern).search(_clean(value[:_LONGEST_TEXT])) is not None
    except re2.error:
        return False


@lru_cache(maxsize=1024)
def _expression(pattern: str) -> Any:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = _EXPRESSION_MEMORY
    return re2.compile(_clean(pattern), options=options)


def _clean(text: str) -> str:
    """Return the text without lone surrogates, which RE2 can't take."""
    return text.encode(errors="replace").decode()


def _interval(limits: Range) -> str:
    low = "-inf" if limits.min is None else f"{limits.min:g}"
    high = "inf" if limits.max is None else f"{limits.max:g}"
    return f"[{low}, {high}]"


def _unknown(attribute: str) -> str:
    if tag_for_keyword(attribute) is None:
        return f"{attribute} is no DICOM keyword and no derived fact: correct its spelling"
    return (
        f"{attribute} is not among the attributes that conditions may name "
        "(those of a patient never are): use another"
    )


def _unreadable(condition: Condition, error: Exception) -> str:
    said = error.args[0] if error.args else error
    text = said.decode() if isinstance(said, bytes) else str(said)
    return f"{condition.attribute} matches {condition.matches!r}: {text} (syntax: RE2)"
