"""What of an object the cache keeps: all but what no decision reads (pure)."""

from collections.abc import Callable, Mapping
from typing import Any

from meninx.kube.kinds import JOB, NODE, POD

Manifest = dict[str, Any]

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_CONTAINER_NOISE = frozenset(
    {
        "env", "envFrom", "volumeMounts", "volumeDevices", "securityContext", "lifecycle",
        "livenessProbe", "readinessProbe", "startupProbe", "terminationMessagePath",
        "terminationMessagePolicy", "imagePullPolicy",
    }
)  # fmt: skip
_POD_NOISE = frozenset(
    {
        "volumes", "securityContext", "affinity", "dnsPolicy", "dnsConfig", "hostAliases",
        "imagePullSecrets", "enableServiceLinks", "serviceAccount", "schedulerName",
        "topologySpreadConstraints", "readinessGates",
    }
)  # fmt: skip
_NODE_STATUS = frozenset({"allocatable", "capacity", "conditions"})


def stripped(manifest: Manifest) -> Manifest:
    """Return the object without what no decision reads; the one given stays as it is."""
    kind = str(manifest.get("kind"))
    kept = {**manifest, "metadata": _metadata(manifest["metadata"])}
    strip = _BY_KIND.get(kind)
    return strip(kept) if strip else kept


def _metadata(metadata: Mapping[str, Any]) -> Manifest:
    kept = {key: value for key, value in metadata.items() if key != "managedFields"}
    notes = kept.get("annotations")
    if notes and _LAST_APPLIED in notes:
        kept["annotations"] = {key: value for key, value in notes.items() if key != _LAST_APPLIED}
    return kept


def _pod_spec(spec: Mapping[str, Any]) -> Manifest:
    kept = {key: value for key, value in spec.items() if key not in _POD_NOISE}
    for place in ("initContainers", "containers"):
        if place in kept:
            kept[place] = [_container(container) for container in kept[place] or ()]
    return kept


def _container(container: Mapping[str, Any]) -> Manifest:
    return {key: value for key, value in container.items() if key not in _CONTAINER_NOISE}


def _pod(manifest: Manifest) -> Manifest:
    return {**manifest, "spec": _pod_spec(manifest.get("spec") or {})}


def _job(manifest: Manifest) -> Manifest:
    spec = dict(manifest.get("spec") or {})
    template = dict(spec.get("template") or {})
    if template:
        spec["template"] = {**template, "spec": _pod_spec(template.get("spec") or {})}
    return {**manifest, "spec": spec}


def _node(manifest: Manifest) -> Manifest:
    status = manifest.get("status") or {}
    kept = {key: value for key, value in status.items() if key in _NODE_STATUS}
    conditions = [_standing(condition) for condition in kept.get("conditions") or ()]
    if conditions:
        kept["conditions"] = conditions
    return {**manifest, "status": kept}


def _standing(condition: Mapping[str, Any]) -> Manifest:
    """Return a node's condition without its heartbeat."""
    return {key: value for key, value in condition.items() if key != "lastHeartbeatTime"}


_BY_KIND: dict[str, Callable[[Manifest], Manifest]] = {
    POD.kind: _pod,
    JOB.kind: _job,
    NODE.kind: _node,
}
