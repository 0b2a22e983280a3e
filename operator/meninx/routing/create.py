"""A decision into the API server: InferenceJobs, the routes' status, events.

Everything here may be done again after a crash at any line: a job is made once by its name, an
event by its words, and the status tells whether it was counted.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from meninx.base.logs import Log
from meninx.imaging.study import Study
from meninx.kube.client import Api
from meninx.kube.kinds import INFERENCEJOB, STUDYROUTE
from meninx.resources import names
from meninx.routing import metrics, status
from meninx.routing.catalogue import Entry
from meninx.routing.decide import Decision, Refused, Wanted
from meninx.routing.ledger import Ledger

COMPONENT = "meninx-routing"
_LOG = Log(__name__)


@dataclass(frozen=True)
class Desk:
    """Where decisions are carried out: one namespace of an API server."""

    api: Api
    namespace: str
    ledger: Ledger

    def carry_out(self, decision: Decision, study: Study, now: dt.datetime) -> None:
        """Make the jobs and tell the refusals; raises where the API server is away."""
        for wanted in decision.jobs:
            self._make(wanted, study)
        for refused in decision.refusals:
            self._tell(refused, study, now)

    def admit(self, entry: Entry, now: dt.datetime) -> None:
        """Write a route's Valid condition where it says something else."""
        generation = entry.manifest["metadata"].get("generation")
        before = entry.manifest.get("status", {})
        after = status.with_condition(before, entry.condition, now=now, generation=generation)
        self._write(entry.manifest, after)

    def _make(self, wanted: Wanted, study: Study) -> None:
        job = self.api.get(INFERENCEJOB, self.namespace, wanted.name)
        is_new = job is None
        if job is None and self.ledger.was_made(self.namespace, wanted.name):
            return  # made before and removed since: its work is done
        if job is None:
            manifest = wanted.manifest(self.namespace)
            job = self.api.apply(INFERENCEJOB, manifest, manager=names.FIELD_MANAGER_ROUTING)
            _LOG.info("job made", job=wanted.name, study=study.study, route=wanted.route)
        self.ledger.note_made(self.namespace, wanted.name)
        route = self.api.get(STUDYROUTE, self.namespace, wanted.route)
        if route is None:
            return
        for finding in wanted.warnings:
            self._warn(route, study, finding.reason, finding.message)
        before = route.get("status", {})
        created_at = str(job["metadata"].get("creationTimestamp", ""))
        after = status.after_match(before, study=study.study, created_at=created_at, is_new=is_new)
        self._write(route, after)

    def _tell(self, refused: Refused, study: Study, now: dt.datetime) -> None:
        route = self.api.get(STUDYROUTE, self.namespace, refused.route)
        if route is None:
            return
        self._warn(route, study, refused.reason, refused.message)
        entry = status.refusal_of(
            study.study,
            revision=refused.revision,
            reason=refused.reason,
            message=refused.message,
            now=now,
        )
        before = route.get("status", {})
        after = status.after_refusal(before, entry)
        if after != before:
            metrics.REFUSALS.labels(str(refused.reason)).inc()
            _LOG.warning(
                "study refused", study=study.study, route=refused.route, reason=str(refused.reason)
            )
        self._write(route, after)

    def _warn(self, route: dict[str, Any], study: Study, reason: str, message: str) -> None:
        self.api.event(
            route,
            type="Warning",
            reason=str(reason),
            message=f"study {study.study}: {message}",
            component=COMPONENT,
        )

    def _write(self, route: Mapping[str, Any], after: status.Status) -> None:
        if after == route.get("status", {}):
            return
        meta = route["metadata"]
        manifest = {
            "apiVersion": STUDYROUTE.api_version,
            "kind": STUDYROUTE.kind,
            "metadata": {"name": meta["name"], "namespace": meta["namespace"]},
            "status": after,
        }
        self.api.apply(
            STUDYROUTE, manifest, manager=names.FIELD_MANAGER_ROUTING, subresource="status"
        )
