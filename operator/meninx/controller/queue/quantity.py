"""Amounts as Kubernetes writes them (`500m`, `4Gi`, `1e3`) as whole numbers (pure)."""

import math
import re
from fractions import Fraction

from meninx.base.errors import BadInput

_FORM = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))([eE][+-]?[0-9]{1,3}|[A-Za-z]{0,2})")
_SUFFIXES = {
    "": Fraction(1),
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 10**3),
    **{letter: Fraction(1000 ** (power + 1)) for power, letter in enumerate("kMGTPE")},
    **{f"{letter}i": Fraction(1024 ** (power + 1)) for power, letter in enumerate("KMGTPE")},
}
_BINARY = (("Ti", 1024**4), ("Gi", 1024**3), ("Mi", 1024**2), ("Ki", 1024))
CPU, MEMORY = "cpu", "memory"


def amount(quantity: str | float) -> Fraction:
    """Return a quantity exactly; raises BadInput where it is none."""
    match = _FORM.fullmatch(str(quantity).strip())
    if match is None:
        raise BadInput(f"{quantity!r} is no quantity: write it as 500m, 4Gi or 2")
    number, suffix = match.groups()
    if suffix[1:] and suffix[0] in "eE":
        return Fraction(number) * Fraction(10) ** int(suffix[1:])
    if suffix not in _SUFFIXES:
        raise BadInput(f"{quantity!r} is no quantity: Kubernetes knows no suffix {suffix}")
    return Fraction(number) * _SUFFIXES[suffix]


def units(resource: str, quantity: str | float) -> int:
    """Return how many units are meant, rounded up: thousandths of a CPU, bytes, or pieces."""
    return math.ceil(amount(quantity) * (1000 if resource == CPU else 1))


def written(resource: str, count: int) -> str:
    """Return a number of units as people write it."""
    if resource == CPU:
        return f"{count}m" if count % 1000 else str(count // 1000)
    if resource == MEMORY:
        for suffix, size in _BINARY:
            if abs(count) >= size:
                return f"{count / size:.4g}{suffix}"
    return str(count)
