"""From what was received to what is wanted, for ever: assemble, decide, create, mark.

Level-based: each turn looks at all studies that have undecided images. A study is marked only
after all that was decided on it is in the API server; until then it is looked at again.
"""

import datetime as dt
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from meninx.base.clock import Clock, SystemClock
from meninx.base.errors import NotFound
from meninx.base.logs import Log
from meninx.kube.client import Api
from meninx.routing import metrics
from meninx.routing.assemble import assemble
from meninx.routing.catalogue import Catalogue, read_catalogue
from meninx.routing.complete import Complete, Heard, quiet
from meninx.routing.create import Desk
from meninx.routing.decide import Decision, decide
from meninx.routing.ledger import Ledger
from meninx.store.rows import StudyRow
from meninx.store.store import Store

TURN_SECONDS = 1.0
CATALOGUE_SECONDS = 5.0
LONGEST_BACK_OFF_SECONDS = 60.0
_LOG = Log(__name__)


@dataclass(frozen=True)
class Settings:
    """What the loop is told."""

    namespace: str
    privacy_key: bytes
    quiet_seconds: float = 60.0
    """Quiet time where no route says another."""


@dataclass
class _Trouble:
    failures: int
    not_before: dt.datetime


@dataclass
class Loop:
    """The routing of one store into one namespace."""

    store: Store
    api: Api
    settings: Settings
    clock: Clock = field(default_factory=SystemClock)
    _last_open: dict[str, dt.datetime] = field(default_factory=dict)
    _trouble: dict[str, _Trouble] = field(default_factory=dict)
    _catalogue: Catalogue | None = None
    _read_at: dt.datetime | None = None
    _ledger: Ledger = field(init=False)

    def __post_init__(self) -> None:
        """Open the memory of routing in the store."""
        self._ledger = Ledger.open(self.store)

    def run(self, stop: threading.Event) -> None:
        """Turn once a second until stopped; where a turn fails, wait longer and try again."""
        failures = 0
        while not stop.wait(back_off(failures)):
            try:
                self.turn()
                failures = 0
            except Exception as error:  # noqa: BLE001 - the edge of the process: goes on
                failures += 1
                metrics.FAILURES.labels(type(error).__name__).inc()
                _LOG.error("routing failed: tried again", attempt=failures)

    def turn(self) -> None:
        """Look at every study with undecided images, and at those that waited for other routes.

        Raises where the API server is away.
        """
        now = self.clock.now()
        catalogue = self._known(now)
        silence = catalogue.quiet_seconds(self.settings.quiet_seconds)
        rows = self.store.studies_changed(now - dt.timedelta(seconds=silence))
        due = [
            row
            for row in (*rows, *self._waiting(catalogue, rows))
            if self._is_due(row, silence, now)
        ]
        if not due:
            return
        catalogue = self._read(now)
        for row in due:
            self._guarded(row, catalogue, now)

    def _waiting(self, catalogue: Catalogue, changed: list[StudyRow]) -> list[StudyRow]:
        """Return studies that a person's change of routes or models may make usable."""
        waiting = set(self._ledger.waiting(catalogue.fingerprint)) - {r.study_uid for r in changed}
        found = (self.store.find_study(uid) for uid in sorted(waiting))
        return [row for row in found if row is not None]

    def _known(self, now: dt.datetime) -> Catalogue:
        """Return the routes and models as read a few seconds ago at most."""
        age = None if self._read_at is None else (now - self._read_at).total_seconds()
        if self._catalogue is None or age is None or not 0 <= age < CATALOGUE_SECONDS:
            return self._read(now)
        return self._catalogue

    def _read(self, now: dt.datetime) -> Catalogue:
        self._catalogue = read_catalogue(self.api, self.settings.namespace)
        self._read_at = now
        for entry in self._catalogue.entries:
            try:
                self._desk.admit(entry, now)
            except NotFound:
                _LOG.info("route went away", route=entry.manifest["metadata"]["name"])
        return self._catalogue

    @property
    def _desk(self) -> Desk:
        return Desk(self.api, self.settings.namespace, self._ledger)

    def _is_due(self, row: StudyRow, silence: float, now: dt.datetime) -> bool:
        trouble = self._trouble.get(row.study_uid)
        if trouble is not None and now < trouble.not_before:
            return False
        is_open = self.store.open_associations(row.study_uid)
        if is_open:
            self._last_open[row.study_uid] = now
        heard = Heard(row.last_received, self._last_open.get(row.study_uid), is_open)
        return isinstance(quiet(heard, quiet_seconds=silence, now=now), Complete)

    def _guarded(self, row: StudyRow, catalogue: Catalogue, now: dt.datetime) -> None:
        """Decide on one study; its trouble never stops the others."""
        try:
            self._decide(row, catalogue, now)
        except Exception as error:  # noqa: BLE001 - the edge of the process: goes on
            failures = self._failures(row.study_uid) + 1
            wait = dt.timedelta(seconds=back_off(failures))
            self._trouble[row.study_uid] = _Trouble(failures, now + wait)
            metrics.FAILURES.labels(type(error).__name__).inc()
            _LOG.error("study not decided: tried again", study=row.study_hash, attempt=failures)
        else:
            self._trouble.pop(row.study_uid, None)
            self._last_open.pop(row.study_uid, None)

    def _failures(self, study_uid: str) -> int:
        trouble = self._trouble.get(study_uid)
        return trouble.failures if trouble else 0

    def _decide(self, row: StudyRow, catalogue: Catalogue, now: dt.datetime) -> None:
        instances = self.store.study_instances(row.study_uid)
        study = assemble(row, instances, self.settings.privacy_key)
        decision = decide(study, catalogue.routes, catalogue.works)
        self._desk.carry_out(decision, study, now)
        if decision.waits_for_a_person:
            self._ledger.hold(row.study_uid, catalogue.fingerprint)
        else:
            self._ledger.release(row.study_uid)
        self.store.mark_decided(
            row.study_uid,
            revision=study.revision,
            sop_instance_uids=[one.sop_instance_uid for one in instances],
        )
        metrics.STUDIES.labels(outcome(decision)).inc()
        _LOG.info(
            "study decided",
            study=study.study,
            revision=study.revision,
            count=len(decision.jobs),
            reason=outcome(decision),
        )


def back_off(failures: int) -> float:
    """Return the seconds to wait after so many failures in a row."""
    return min(TURN_SECONDS * 2.0 ** min(failures, 16), LONGEST_BACK_OFF_SECONDS)


def outcome(decision: Decision) -> str:
    """Return what became of a study in a word, for metrics."""
    words: Mapping[bool, str] = {True: "Refused", False: "Unmatched"}
    return "Matched" if decision.jobs else words[bool(decision.refusals)]
