"""Who of several replicas does the work: a coordination.k8s.io Lease, as client-go keeps it.

Nobody's clock is compared with another's: a holder counts as gone when its record has not changed
for the record's own duration *as seen from here*. Every write names the resourceVersion it read,
so of two that try at once the API server takes one.
"""

import datetime as dt
import random
import threading
import time as system_time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from meninx.base.clock import Clock, SystemClock
from meninx.base.errors import Conflict, MeninxError
from meninx.base.logs import Log
from meninx.kube.kinds import LEASE, Kind

log = Log(__name__)

Manifest = dict[str, Any]

_GUARD_SECONDS = 0.25
_SOON_SECONDS = 0.3


class LeaseApi(Protocol):
    """What of the API server an election needs."""

    def get(self, kind: Kind, namespace: str | None, name: str) -> Manifest | None:
        """Return an object, or None where it does not exist."""
        ...

    def create(self, kind: Kind, manifest: Manifest) -> Manifest:
        """Create an object; Conflict where it exists."""
        ...

    def replace(self, kind: Kind, manifest: Manifest) -> Manifest:
        """Write a whole object; Conflict where it has changed since it was read."""
        ...


@dataclass(frozen=True)
class Terms:
    """How long things last. A leader that is cut off ends itself before others count it as gone."""

    lease_seconds: float = 10.0
    renew_every_seconds: float = 2.0
    renew_within_seconds: float = 7.0
    """A leader that has not renewed for so long has lost: its work ends now."""
    call_seconds: float = 2.0
    """Patience of one call, so that there is time for another."""
    look_every_seconds: float = 1.0
    """How often a standby looks: a lease given up is taken within that time."""


@dataclass(frozen=True)
class Seen:
    """A lease as read, and when (by our own clock) it was first seen in this state."""

    lease: Manifest
    since: float

    @property
    def spec(self) -> Mapping[str, Any]:
        """Return the record."""
        return self.lease.get("spec") or {}

    @property
    def holder(self) -> str:
        """Return who holds it; empty where it was given up."""
        return str(self.spec.get("holderIdentity") or "")

    def expires(self) -> float:
        """Return when its holder counts as gone, unless it is heard of before."""
        return self.since + float(self.spec.get("leaseDurationSeconds") or 0)


Step = Literal["create", "take", "renew", "wait"]


def decide(seen: Seen | None, me: str, now: float) -> Step:
    """Say what to do with the lease as it was last seen."""
    if seen is None:
        return "create"
    if seen.holder == me:
        return "renew"
    return "take" if not seen.holder or now >= seen.expires() else "wait"


def looked(before: Seen | None, lease: Manifest | None, now: float) -> Seen | None:
    """Return what is seen now; a record that has not changed keeps the time it was first seen."""
    if lease is None:
        return None
    if before is not None and _version(before.lease) == _version(lease):
        return before
    return Seen(lease, now)


def record(seen: Seen | None, me: str, terms: Terms, now: dt.datetime) -> Manifest:
    """Return the spec of a lease that we hold from now on, or hold still."""
    spec = dict(seen.spec) if seen else {}
    moment = now.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if spec.get("holderIdentity") != me:
        changes = int(spec.get("leaseTransitions") or 0) + (1 if seen else 0)
        spec |= {"acquireTime": moment, "leaseTransitions": changes}
    duration = max(1, round(terms.lease_seconds))
    return spec | {"holderIdentity": me, "leaseDurationSeconds": duration, "renewTime": moment}


def _version(lease: Manifest) -> str:
    return str(lease["metadata"].get("resourceVersion", ""))


@dataclass
class Elector:
    """Tries to lead, and renews while it does, in a thread of its own.

    `on_lead` is called once when it leads, `on_lost` once when it no longer does without having
    been told to stop: the process is to end then, it never leads a second time. Until it is
    `ready` it only looks: so a holder's time runs down while a new replica still fills its cache.
    """

    api: LeaseApi
    namespace: str
    name: str
    identity: str
    on_lead: Callable[[], None]
    on_lost: Callable[[], None]
    terms: Terms = field(default_factory=Terms)
    time: Callable[[], float] = system_time.monotonic
    clock: Clock = field(default_factory=SystemClock)
    ready: Callable[[], bool] = lambda: True
    leading: bool = False

    def __post_init__(self) -> None:
        """Make the thread."""
        self._thread = threading.Thread(target=self._run, name="lease", daemon=True)
        self._guarding = threading.Thread(target=self._guard, name="lease-guard", daemon=True)
        self._over = self._failing = False
        self._stopping = threading.Event()
        self._seen: Seen | None = None
        self._renewed = self._looked = self.time()

    def start(self) -> None:
        """Begin to try; returns at once."""
        self._thread.start()
        self._guarding.start()

    def stop(self) -> None:
        """Give the lease up where we hold it, so that another goes on at once."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(self.terms.lease_seconds)
        if self.leading:
            self.leading = False
            self._release()

    @property
    def started(self) -> bool:
        """Tell whether it has begun to try."""
        return self._thread.ident is not None

    def holds(self) -> bool:
        """Tell whether we lead and nobody can have taken over yet."""
        return self.leading and self.time() - self._renewed < self.terms.renew_within_seconds

    def idle_seconds(self) -> float:
        """Return how long ago the thread last did anything, be it a vain try."""
        return self.time() - self._looked

    @property
    def holder(self) -> str:
        """Return who held the lease when it was last looked at."""
        return self._seen.holder if self._seen else ""

    def _run(self) -> None:
        while not self._stopping.is_set() and not self._over:
            self.turn()
            self._stopping.wait(self.pause())

    def _guard(self) -> None:
        """End the work in time, also where the other thread hangs in a call."""
        while not self._stopping.wait(_GUARD_SECONDS):
            if self.leading and not self.holds():
                self._over, self.leading = True, False
                log.warning("the lease could not be renewed in time: another may lead now")
                self.on_lost()
                return

    def turn(self) -> None:
        """Look at the lease once and do what is to be done."""
        self._looked, self._failing = self.time(), False
        try:
            if not self.leading or self._seen is None:
                lease = self.api.get(LEASE, self.namespace, self.name)
                self._seen = looked(self._seen, lease, self.time())
            if self.leading and self._seen is not None and self._seen.holder != self.identity:
                self._renewed = float("-inf")  # taken from us: the guard sees it
                return
            if self.leading or self.ready():
                self._act(decide(self._seen, self.identity, self.time()))
        except Conflict:
            self._seen, self._failing = None, True  # another wrote in between: look again
        except MeninxError as error:
            self._failing = True
            log.warning(f"the lease can't be looked after and is tried again: {error}")

    def pause(self) -> float:
        """Return the seconds until the next look: sooner where the holder's time is up before."""
        if self.leading:
            return _SOON_SECONDS if self._failing else self.terms.renew_every_seconds
        pause = self.terms.look_every_seconds * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
        if self._seen is None or not self._seen.holder or not self.ready():
            return pause
        return min(pause, max(0.05, self._seen.expires() - self.time()))

    def _act(self, step: Step) -> None:
        if step == "wait":
            return
        asked = self.time()  # what counts is when it was asked for, not when it was answered
        lease = self._lease(record(self._seen, self.identity, self.terms, self.clock.now()))
        stored = (self.api.create if step == "create" else self.api.replace)(LEASE, lease)
        self._seen, self._renewed = Seen(stored, asked), asked
        if not self.leading:
            self.leading = True
            log.info("this replica leads from now on", name=self.identity)
            self.on_lead()

    def _lease(self, spec: Manifest) -> Manifest:
        metadata: Manifest = {"name": self.name, "namespace": self.namespace}
        if self._seen is not None:
            metadata = dict(self._seen.lease["metadata"])
            metadata.pop("managedFields", None)
        return {
            "apiVersion": LEASE.api_version,
            "kind": LEASE.kind,
            "metadata": metadata,
            "spec": spec,
        }

    def _release(self) -> None:
        spec = record(self._seen, self.identity, self.terms, self.clock.now())
        given_up = {**spec, "holderIdentity": "", "leaseDurationSeconds": 1}
        try:
            self.api.replace(LEASE, self._lease(given_up))
        except MeninxError as error:
            log.warning(f"the lease could not be given up, it runs out by itself: {error}")
