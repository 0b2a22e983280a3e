"""What the cluster promises, tried: each part says what it saw and how long it took."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from . import bases, build, images, kube, names, packages, rough
from .shell import ClusterError, say, wait_for

_SPACE: Final = "meninx-selftest"
_STRICT: Final = "meninx-selftest-strict"
_LABEL, _, _VALUE = names.GPU_LABEL.partition("=")


def run(*, rough_too: bool) -> int:
    """Run all parts; 1 where one failed."""
    parts: list[Callable[[], str]] = [
        gpu,
        names_resolve,
        volume,
        policy,
        pod_security,
        rights,
        image,
    ]
    _clear()
    kube.kubectl("create", "namespace", _SPACE)
    failed = [part for part in parts if not _try(part)]
    _clear()
    if rough_too:
        failed += [part for part in (rough.killed, rough.leaves_nothing) if not _try(part)]
    print(f"selftest: {'FAILED' if failed else 'OK'}")
    return 1 if failed else 0


def _try(part: Callable[[], str]) -> bool:
    began = time.monotonic()
    name = part.__name__.replace("_", " ")
    try:
        saw = part()
    except ClusterError as error:
        print(f"FAIL {name}: {error}", flush=True)
        return False
    print(f"ok   {name} ({time.monotonic() - began:.1f} s): {saw}", flush=True)
    return True


def _clear() -> None:
    kube.kubectl("delete", "namespace", _SPACE, _STRICT, "--ignore-not-found", "--timeout=90s")


def apply(*objects: dict[str, Any]) -> None:
    """Apply objects, in the self-test's namespace where they name none."""
    listed = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
    for each in objects:
        each["metadata"].setdefault("namespace", _SPACE)
    kube.kubectl("apply", "-f", "-", stdin=json.dumps(listed))


def pod(name: str, *arguments: str, **spec: Any) -> dict[str, Any]:
    """A pod of the cluster's own image, never restarted."""
    container = {"name": "c", "image": names.NODE_IMAGE, "args": list(arguments)}
    container |= spec.pop("container", {})
    labels = {"app": name, **spec.pop("labels", {})}
    body = {"restartPolicy": "Never", "terminationGracePeriodSeconds": 1, "containers": [container]}
    meta = {"name": name, "labels": labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": body | spec}


def outcome(name: str, *, seconds: float = 60) -> tuple[str, str]:
    """Phase and log of a pod that ends; the pod is deleted then."""

    def phase() -> str:
        found = kube.get("pod", name, "-n", _SPACE)
        return found["status"].get("phase", "") if found else ""

    wait_for(f"pod {name} ends", lambda: phase() in {"Succeeded", "Failed"}, seconds=seconds)
    ended, log = phase(), kube.kubectl("-n", _SPACE, "logs", name, check=False)
    kube.kubectl("-n", _SPACE, "delete", "pod", name, "--now")
    return ended, log


def must(succeeded: bool, why: str) -> None:
    """ClusterError where something was not so."""
    if not succeeded:
        raise ClusterError(why)


def gpu() -> str:
    """A Job that asks for a GPU of the product completes, and is told which it got."""
    limits = {"resources": {"limits": {names.GPU_RESOURCE: 1}}}
    asked = pod("gpu", "probe", "-env", "NVIDIA_VISIBLE_DEVICES", container=limits)
    spec = asked["spec"] | {"nodeSelector": {_LABEL: _VALUE}}
    job = {"template": {"spec": spec}, "backoffLimit": 0}
    apply({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "gpu"}, "spec": job})
    kube.kubectl("-n", _SPACE, "wait", "job/gpu", "--for=condition=Complete", "--timeout=60s")
    log = kube.kubectl("-n", _SPACE, "logs", "job/gpu").strip()
    must(log.startswith("GPU-"), f"the pod was given {log!r}")
    return f"the Job completed with {log}"


def names_resolve() -> str:
    """A Service by its name, a pod of a headless Service by its own, a name outside."""
    echo = pod("echo", "echo", labels={"set": "echo"}, hostname="echo-0", subdomain="headless")
    service = {"selector": {"app": "echo"}, "ports": [{"port": 80, "targetPort": 8080}]}
    apply(
        echo,
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "echo"}, "spec": service},
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "headless"},
            "spec": service | {"clusterIP": "None"},
        },
    )
    kube.kubectl("-n", _SPACE, "wait", "pod/echo", "--for=condition=Ready", "--timeout=60s")
    for number, url in enumerate(
        ("http://echo", f"http://echo-0.headless.{_SPACE}.svc.cluster.local:8080")
    ):
        apply(pod(f"fetch-{number}", "probe", "-get", url))
        phase, log = outcome(f"fetch-{number}")
        must(phase == "Succeeded" and log.strip() == "echo-0", f"{url}: {phase}, {log!r}")
    return "a Service and a pod of a headless one answered by name"


def volume() -> str:
    """A claim is bound, survives its pod, and is writable for a user that is not root."""
    claim = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "64Mi"}},
    }
    meta = {"name": "data"}
    apply({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta, "spec": claim})
    security = {"runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532, "runAsNonRoot": True}
    mount = {"volumeMounts": [{"name": "data", "mountPath": "/data"}]}
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
    log = ""
    for number in range(2):
        command = ("probe", "-append", "/data/lines")
        apply(
            pod(
                f"writer-{number}",
                *command,
                container=mount,
                volumes=volumes,
                securityContext=security,
            )
        )
        phase, log = outcome(f"writer-{number}")
        must(phase == "Succeeded", f"the writer ended {phase}: {log}")
    must(log.split("\n")[:2] == ["uid 65532"] * 2, f"the second pod read {log!r}")
    bound = kube.get("pvc", "data", "-n", _SPACE)
    path = names.VOLUMES / bound["spec"]["volumeName"]
    kube.kubectl("-n", _SPACE, "delete", "pvc", "data")
    wait_for(f"{path} is reclaimed", lambda: not path.exists(), seconds=60)
    return "two pods in turn wrote as 65532 and the second read both lines; reclaimed after"


def policy() -> str:
    """A NetworkPolicy lets a friend in and keeps a stranger out, who was let in before."""
    apply(pod("guarded", "echo"))
    kube.kubectl("-n", _SPACE, "wait", "pod/guarded", "--for=condition=Ready", "--timeout=60s")
    address = kube.get("pod", "guarded", "-n", _SPACE)["status"]["podIP"]
    must(_reaches("stranger-0", address), "no way in even without a policy")
    friends = {"podSelector": {"matchLabels": {"role": "friend"}}}
    spec = {"podSelector": {"matchLabels": {"app": "guarded"}}, "ingress": [{"from": [friends]}]}
    apply(
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": "guard"},
            "spec": spec,
        }
    )
    time.sleep(2)
    must(not _reaches("stranger-1", address), "the stranger got in past the policy")
    must(_reaches("friend-0", address, role="friend"), "the friend was kept out")
    kube.kubectl("-n", _SPACE, "delete", "networkpolicy", "guard")
    return "friend in, stranger out"


def _reaches(name: str, address: str, **labels: str) -> bool:
    apply(pod(name, "probe", "-timeout", "4s", "-get", f"http://{address}:8080", labels=labels))
    return outcome(name)[0] == "Succeeded"


def pod_security() -> str:
    """A privileged pod is refused where the namespace says restricted."""
    meta = {"name": _STRICT, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}
    apply({"apiVersion": "v1", "kind": "Namespace", "metadata": meta})
    asked = pod("rogue", "echo", container={"securityContext": {"privileged": True}})
    asked["metadata"]["namespace"] = _STRICT
    try:
        apply(asked)
    except ClusterError as error:
        must("violates PodSecurity" in str(error), f"refused for another reason: {error}")
        return "refused: violates PodSecurity restricted"
    raise ClusterError("a privileged pod was let into a restricted namespace")


def rights() -> str:
    """A service account may do nothing that no role gives it."""
    account = f"--as=system:serviceaccount:{_SPACE}:default"
    said = kube.kubectl("auth", "can-i", "list", "secrets", "-n", _SPACE, account, check=False)
    must(said.strip() == "no", f"may a pod list secrets? {said!r}")
    return "the default service account may not list secrets"


def image() -> str:
    """An image that is built here runs in the cluster without a registry."""
    packages.install()
    bases.make()
    tag = "meninx.local/selftest:1"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "Containerfile").write_text(
            f"FROM {bases.PYTHON}\nRUN python -c \"open('/told', 'w').write('built here')\"\n"
            'USER 65532\nENTRYPOINT ["cat", "/told"]\n'
        )
        build.image(build.Order(tag, folder / "Containerfile", folder))
    images.load(tag)
    apply(pod("image", container={"image": tag, "args": [], "imagePullPolicy": "IfNotPresent"}))
    phase, log = outcome("image")
    must(phase == "Succeeded" and log == "built here", f"{phase}: {log!r}")
    say(f"{tag} ran")
    return "built, loaded and run"
