"""A data set that is being made: what became of each case, kept so that a restart goes on."""

import json
import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from meninx.base.files import write_durably
from meninx.imaging.annotation import Dropped
from meninx.resources.names import digest
from meninx.resources.trainingdata import StoreData

SOURCES_FILE = "sources.json"
"""Beside images/ and labels/: what each pair was made from. The data report reads it."""
RECORDS = ".records"


@dataclass
class Sources:
    """What became of each case: what its pair was made from, or why there is none."""

    cases: dict[str, dict[str, Any]] = field(default_factory=dict)
    dropped: dict[str, Dropped] = field(default_factory=dict)

    @property
    def broken(self) -> dict[str, Dropped]:
        """Return the cases whose pair can't be used."""
        return {case: one for case, one in self.dropped.items() if not one.passed_over}

    @property
    def passed_over(self) -> dict[str, Dropped]:
        """Return the cases that were not asked for."""
        return {case: one for case, one in self.dropped.items() if one.passed_over}

    def in_words(self) -> str:
        """Return numbers and reasons, without names."""
        parts = [f"{len(self.cases)} pairs"]
        for what, them in (("broken", self.broken), ("passed over", self.passed_over)):
            if them:
                kinds = Counter(str(one.reason) for one in them.values()).most_common()
                said = ", ".join(f"{number} {reason}" for reason, number in kinds)
                parts.append(f"{len(them)} {what} ({said})")
        return "; ".join(parts)


@dataclass(frozen=True)
class DataSet:
    """A folder with images/, labels/, sources.json, and a record of each case that is done."""

    folder: Path
    want: StoreData

    @property
    def key(self) -> str:
        """Return what tells this choice of segments and series from others."""
        return digest(self.want.model_dump_json())

    def record(self, case: str) -> Mapping[str, Any] | None:
        """Return what was kept of a case; None where it has not been done by this choice."""
        try:
            kept = json.loads(self._record(case).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return kept if isinstance(kept, dict) and kept.get("key") == self.key else None

    def keep(self, case: str, made: dict[str, Any] | Dropped) -> None:
        """Keep what became of a case, once its files are in place."""
        if isinstance(made, Dropped):
            said: dict[str, Any] = {"reason": str(made.reason), "message": made.message}
        else:
            said = {"made": made}
        text = json.dumps({"key": self.key, **said})
        write_durably(self._record(case), text.encode())

    def forget(self) -> None:
        """Drop all records: everything is looked at anew."""
        shutil.rmtree(self.folder / RECORDS, ignore_errors=True)

    def write(self, sources: Sources) -> None:
        """Write sources.json."""
        document = {
            "cases": sources.cases,
            "broken": _listed(sources.broken),
            "passedOver": _listed(sources.passed_over),
        }
        text = json.dumps(document, indent=1, sort_keys=True) + "\n"
        write_durably(self.folder / SOURCES_FILE, text.encode())

    def _record(self, case: str) -> Path:
        return self.folder / RECORDS / f"{case}.json"


def outcome(record: Mapping[str, Any]) -> dict[str, Any] | Dropped:
    """Return what a record says became of its case."""
    if "made" in record:
        return dict(record["made"])
    return Dropped(str(record["reason"]), str(record["message"]))


def add(sources: Sources, case: str, made: dict[str, Any] | Dropped) -> None:
    """Add what became of a case."""
    if isinstance(made, Dropped):
        sources.dropped[case] = made
    else:
        sources.cases[case] = made


def _listed(dropped: Mapping[str, Dropped]) -> list[dict[str, str]]:
    return [
        {"case": case, "reason": str(one.reason), "message": one.message}
        for case, one in sorted(dropped.items())
    ]
