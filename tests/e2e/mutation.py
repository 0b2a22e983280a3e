"""Pods that are made otherwise than the operator asks, by an admission policy of the cluster."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.e2e.failing import PREFIX, plain_pod
from tests.e2e.site import NAMESPACE, Site
from tests.support.make import Manifest

from meninx.kube.kinds import Kind
from meninx.resources import names

_GROUP = ("admissionregistration.k8s.io", "v1")
POLICY = Kind(*_GROUP, "mutatingadmissionpolicies", "MutatingAdmissionPolicy", namespaced=False)
BINDING = Kind(
    *_GROUP, "mutatingadmissionpolicybindings", "MutatingAdmissionPolicyBinding", namespaced=False
)  # fmt: skip
_MARK = "meninx.test/changed"


@contextmanager
def of_pods(site: Site, name: str, spec: str, jobs: Sequence[str]) -> Iterator[None]:
    """Have the pods of these jobs made with this in their spec (CEL, `Object.spec{...}`)."""
    change = (
        f'Object{{metadata: Object.metadata{{annotations: {{"{_MARK}": "{name}"}}}}, spec: {spec}}}'
    )
    mutation = {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": change}}
    labels = [f"{PREFIX}{job}" for job in jobs]
    policy = {
        "failurePolicy": "Fail",
        "reinvocationPolicy": "Never",
        "matchConstraints": _pods_of(labels),
        "mutations": [mutation],
    }
    for kind, body in ((POLICY, policy), (BINDING, {"policyName": name})):
        site.api.apply(kind, {"metadata": {"name": name}, "spec": body}, manager="e2e")
    try:
        _until_it_holds(site, name, labels[0])
        yield
    finally:
        for kind in (BINDING, POLICY):
            site.api.delete(kind, None, name)


def _pods_of(jobs: Sequence[str]) -> Manifest:
    made = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"]}
    which = {"key": names.LABEL_JOB, "operator": "In", "values": list(jobs)}
    return {
        "resourceRules": [made | {"resources": ["pods"]}],
        "objectSelector": {"matchExpressions": [which]},
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": NAMESPACE}},
    }


def _until_it_holds(site: Site, name: str, job: str) -> None:
    """Wait until the API server knows the policy, by a pod that it is asked to take and does not."""
    spec = plain_pod(site.models["threshold"], ["true"])
    (only,) = spec["containers"]
    spec |= {
        "initContainers": [only | {"name": "fetch"}],
        "containers": [only | {"name": "deliver"}],
    }
    metadata = {"name": name, "namespace": NAMESPACE, "labels": {names.LABEL_JOB: job}}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
    ask = ("create", "--dry-run=server", "-o", "json", "-f", "-")
    end = time.monotonic() + 30
    while _MARK not in site.target.kubectl(*ask, stdin=json.dumps(pod)):
        assert time.monotonic() < end, f"the policy {name} is not applied"
        time.sleep(0.3)
