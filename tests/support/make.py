"""Builders of manifests: a right one by default, each field to be overridden by name."""

from collections.abc import Mapping, Sequence
from typing import Any

from meninx.base.privacy import series_hash, study_hash
from meninx.resources.meta import API_VERSION

Manifest = dict[str, Any]

NAMESPACE = "meninx"
PRIVACY_KEY = b"0123456789abcdef0123456789abcdef"
STUDY_UID = "2.25.1001"
SERIES_UID = "2.25.2001"
STUDY = study_hash(PRIVACY_KEY, STUDY_UID)
SERIES = series_hash(PRIVACY_KEY, SERIES_UID)
WEIGHTS_SHA256 = "5e" * 32
IMAGE = "registry.invalid/unet-meningioma@sha256:" + "1a" * 32


def manifest(
    kind: str,
    name: str,
    spec: Mapping[str, Any],
    *,
    status: Mapping[str, Any] | None = None,
    **metadata: Any,
) -> Manifest:
    """Return an object of our group in the tests' namespace."""
    made: Manifest = {
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": {"name": name, "namespace": NAMESPACE, **metadata},
        "spec": dict(spec),
    }
    if status is not None:
        made["status"] = dict(status)
    return made


def label(value: int = 1, name: str = "Meningioma", **overrides: Any) -> Manifest:
    """Return one entry of a model's labels."""
    return {
        "value": value,
        "name": name,
        "type": {"scheme": "SCT", "value": "302820008", "meaning": "Intracranial meningioma"},
    } | overrides


def channel(name: str = "t1c", **selector: Any) -> Manifest:
    """Return one entry of a model's channels; keywords go into its selector."""
    return {"name": name, "selector": selector}


def aimodel(
    name: str = "unet-meningioma",
    *,
    status: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    **spec: Any,
) -> Manifest:
    """Return an AIModel; keywords replace fields of its spec."""
    whole = {
        "image": IMAGE,
        "version": "1.0.0",
        "weights": {"sha256": WEIGHTS_SHA256},
        "channels": [channel()],
        "labels": [label()],
    } | spec
    return manifest("AIModel", name, whole, status=status, **(metadata or {}))


def aipipeline(
    name: str = "head-then-meningioma",
    *,
    status: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    **spec: Any,
) -> Manifest:
    """Return an AIPipeline; keywords replace fields of its spec."""
    whole = {
        "version": "1.0.0",
        "steps": [
            {"name": "head", "modelRef": {"name": "example-headmask"}},
            {"name": "meningioma", "modelRef": {"name": "unet-meningioma"}},
        ],
    } | spec
    return manifest("AIPipeline", name, whole, status=status, **(metadata or {}))


def inferencejob(
    name: str = "route-s0-1",
    *,
    status: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    **spec: Any,
) -> Manifest:
    """Return an InferenceJob; keywords replace fields of its spec."""
    whole = {
        "input": {
            "study": STUDY,
            "revision": 1,
            "channels": [{"name": "t1c", "series": SERIES, "volume": "Only"}],
        },
        "modelRef": {"name": "unet-meningioma"},
        "destinations": [{"name": "pacs"}],
    } | spec
    return manifest("InferenceJob", name, whole, status=status, **(metadata or {}))


def studyroute(
    name: str = "meningioma",
    *,
    status: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    **spec: Any,
) -> Manifest:
    """Return a StudyRoute; keywords replace fields of its spec."""
    whole = {
        "modelRef": {"name": "unet-meningioma"},
        "completeness": {"quietSeconds": 5},
        "destinations": [{"name": "pacs"}],
    } | spec
    return manifest("StudyRoute", name, whole, status=status, **(metadata or {}))


def trainingjob(
    name: str = "second",
    *,
    status: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    **spec: Any,
) -> Manifest:
    """Return a TrainingJob; keywords replace fields of its spec."""
    whole = {
        "image": "registry.invalid/train@sha256:" + "2b" * 32,
        "data": {"volumeClaim": {"claimName": "data", "path": "heads"}},
        "output": {"volumeClaim": {"claimName": "trained", "path": name}},
        "plan": {"preset": "unet", "epochs": 20},
        "register": {
            "name": "unet-meningioma-2",
            "version": "2.0.0",
            "from": "unet-meningioma",
            "promote": "IfBetter",
        },
    } | spec
    return manifest("TrainingJob", name, whole, status=status, **(metadata or {}))


def dicomnode(
    name: str = "pacs",
    *,
    status: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    **spec: Any,
) -> Manifest:
    """Return a DicomNode; keywords replace fields of its spec."""
    whole = {"aeTitle": "PACS", "host": "127.0.0.1", "port": 4242} | spec
    return manifest("DicomNode", name, whole, status=status, **(metadata or {}))


def condition(type_: str, status: str = "True", *, reason: str = "Ready", **more: Any) -> Manifest:
    """Return one condition."""
    return {
        "type": type_,
        "status": status,
        "reason": reason,
        "message": "",
        "lastTransitionTime": "2026-01-05T09:00:00Z",
    } | more


def conditions_of(stored: Mapping[str, Any]) -> dict[str, Manifest]:
    """Return an object's conditions by type."""
    found: Sequence[Manifest] = stored.get("status", {}).get("conditions", [])
    return {str(one["type"]): dict(one) for one in found}
