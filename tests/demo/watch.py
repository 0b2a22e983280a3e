"""Following a study from the last image sent to its segmentation in the PACS."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.demo.hospital import Pacs
from tests.demo.install import NAMESPACE
from tests.demo.shell import DemoFailed, say
from tests.demo.target import Target

from meninx.base.privacy import study_hash
from meninx.resources import names

Manifest = dict[str, Any]


@dataclass(frozen=True)
class Arrived:
    """A segmentation in the PACS."""

    job: str
    instance: str
    at: float
    """Unix time at which it was first seen there."""


def hash_of(target: Target, study_uid: str) -> str:
    """Return the keyed hash that stands for a study in the API."""
    secret = target.kubectl("-n", NAMESPACE, "get", "secret", "meninx-keys", "-o", "json")
    key = base64.b64decode(json.loads(secret)["data"]["privacy"]).strip()
    return study_hash(key, study_uid)


def jobs(target: Target, study: str) -> list[Manifest]:
    """Return the InferenceJobs of a study by its hash."""
    label = f"{names.LABEL_STUDY}={study}"
    found = target.kubectl("-n", NAMESPACE, "get", "inferencejobs", "-l", label, "-o", "json")
    return list(json.loads(found)["items"])


def refusals(target: Target, study: str) -> list[str]:
    """Return why routes refused a study."""
    routes = json.loads(target.kubectl("-n", NAMESPACE, "get", "studyroutes", "-o", "json"))
    return [
        f"{route['metadata']['name']}: {refusal['reason']} {refusal.get('message', '')}"
        for route in routes["items"]
        for refusal in (route.get("status") or {}).get("refusals") or []
        if refusal["study"] == study
    ]


def stand(job: Manifest) -> str:
    """Return in a line where a job stands."""
    status = job.get("status") or {}
    waits = [c for c in status.get("conditions") or [] if c["status"] != "True"]
    why = f" ({waits[0]['reason']})" if waits else ""
    return f"{job['metadata']['name']}: {status.get('phase', 'new')}{why}"


def until(what: str, look: Callable[[], Any], *, seconds: float, every: float = 1.0) -> Any:
    """Look again and again until there is something; DemoFailed after the time."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise DemoFailed(f"{what}: not within {seconds:.0f} s")
        time.sleep(every)


def segmentation(target: Target, pacs: Pacs, study_uid: str, *, seconds: float = 600) -> Arrived:
    """Wait for the segmentation of a study, saying each step of its job."""
    study = hash_of(target, study_uid)
    progress = _progress(target, study)

    def look() -> tuple[list[str], float] | None:
        found = pacs.instances(study_uid, "SEG")
        if found:
            return found, time.time()
        next(progress)
        return None

    found, at = until("the segmentation in the PACS", look, seconds=seconds, every=0.25)
    if len(found) != 1:
        raise DemoFailed(f"the PACS holds {len(found)} segmentations of the study, not one")
    (job,) = jobs(target, study)
    until("the job's end", lambda: _succeeded(target, study), seconds=30)
    return Arrived(job["metadata"]["name"], found[0], at)


def _succeeded(target: Target, study: str) -> bool:
    (job,) = jobs(target, study)
    return (job.get("status") or {}).get("phase") == "Succeeded"


def _progress(target: Target, study: str) -> Iterator[None]:
    """Say what changed, at most once in a second; raise where the study can't get there."""
    said, next_look = "", 0.0
    while True:
        if time.monotonic() >= next_look:
            next_look = time.monotonic() + 1.0
            now = _now(target, study)
            if now != said:
                say(now)
                said = now
        yield


def _now(target: Target, study: str) -> str:
    found = jobs(target, study)
    if not found:
        refused = refusals(target, study)
        if refused:
            raise DemoFailed(f"the study was refused: {'; '.join(refused)}")
        return "waiting for the study to be complete"
    (job,) = found
    results = (job.get("status") or {}).get("results") or {}
    if results.get("findings") == 0:
        raise DemoFailed("the model found no lesion where there is one")
    if (job.get("status") or {}).get("phase") == "Failed":
        conditions = [c for c in job["status"]["conditions"] if c["status"] == "False"]
        raise DemoFailed("; ".join(f"{c['reason']}: {c['message']}" for c in conditions))
    return stand(job)
