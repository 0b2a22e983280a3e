"""Kueue on the site's cluster, installed as its own manifests say, with one GPU to give away.

Real Kueue, built from its Go module (`cluster.py build-kueue`), with its webhooks and its own
certificates. Changed are only the image, the room that it asks for and how often it is asked
whether it is ready; its visibility API is left out, which nothing here asks.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

import yaml
from tests.demo import images
from tests.demo.shell import ROOT, DemoFailed, say
from tests.demo.target import CLUSTER, stream
from tests.e2e.site import NAMESPACE, Site
from tests.support.make import Manifest

from meninx.base.errors import MeninxError
from meninx.kube.kinds import Kind

QUEUE, SYSTEM = "radiology", "kueue-system"
PAGE = ROOT / "docs/hospital/kueue.md"
GROUP, VERSION = "kueue.x-k8s.io", "v1beta2"
FOLDER = ".cache/cluster/kueue"
IMAGE = images.Source("kueue", "tests/cluster/kueue/Containerfile", FOLDER, (f"{FOLDER}/manager",))
FLAVOR = Kind(GROUP, VERSION, "resourceflavors", "ResourceFlavor", namespaced=False)
CLUSTER_QUEUE = Kind(GROUP, VERSION, "clusterqueues", "ClusterQueue", namespaced=False)
LOCAL_QUEUE = Kind(GROUP, VERSION, "localqueues", "LocalQueue")
WORKLOAD = Kind(GROUP, VERSION, "workloads", "Workload")
KINDS = {kind.kind: kind for kind in (FLAVOR, CLUSTER_QUEUE, LOCAL_QUEUE)}


def build(site: Site) -> str:
    """Have the image in the cluster, and return its name."""
    stream(["python3", *CLUSTER, "build-kueue"])
    return images.ensure(site.target, IMAGE)


@contextmanager
def installed(site: Site) -> Iterator[None]:
    """Have Kueue and a queue that gives away one GPU; all gone afterwards."""
    image = build(site)
    uninstall(site)
    say("installing Kueue")
    try:
        _apply(site, [_fitted(document, image) for document in _manifests()])
        _queue(site)
        yield
    finally:
        uninstall(site, wait=False)


def stop(site: Site) -> None:
    """End Kueue and leave its webhooks, as an outage does."""
    deployment = "kueue-controller-manager"
    site.target.kubectl("-n", SYSTEM, "scale", "deployment", deployment, "--replicas=0")
    label = "control-plane=controller-manager"
    site.target.kubectl("-n", SYSTEM, "wait", "--for=delete", "pod", "-l", label, "--timeout=60s")


def workloads(site: Site, job: str) -> list[Manifest]:
    """Return the Workloads of a Kubernetes Job."""
    every = site.api.list(WORKLOAD, NAMESPACE)
    return [w for w in every if w["metadata"]["ownerReferences"][0]["name"] == job]


def _manifests() -> list[Manifest]:
    text = (ROOT / FOLDER / "manifests.yaml").read_text()
    documents = yaml.load_all(text, yaml.CSafeLoader)  # 1.7 MB
    return [document for document in documents if document and document["kind"] != "APIService"]


def _fitted(document: Manifest, image: str) -> Manifest:
    if document["kind"] == "Deployment":
        (manager,) = document["spec"]["template"]["spec"]["containers"]
        manager |= {"image": image, "imagePullPolicy": "IfNotPresent"}
        manager["resources"] = {"requests": {"cpu": "50m", "memory": "64Mi"}}
        manager["readinessProbe"] |= {"initialDelaySeconds": 1, "periodSeconds": 1}
    return document


def _apply(site: Site, documents: list[Manifest]) -> None:
    listed = {"apiVersion": "v1", "kind": "List", "items": documents}
    how = ("apply", "--server-side", "--force-conflicts", "-f", "-")
    site.target.kubectl(*how, stdin=json.dumps(listed))


def _queue(site: Site) -> None:
    """Have the queue that the documentation shows, word by word."""
    block = PAGE.read_text().split("```yaml\n")[1].split("```")[0]
    for manifest in yaml.safe_load_all(block):
        _insist(site, KINDS[manifest["kind"]], manifest)


def _insist(site: Site, kind: Kind, manifest: Manifest) -> None:
    """Apply until its webhooks answer.

    Kueue writes their certificates into a Secret that it has mounted: the kubelet looks after that
    once a minute, and when the pod changes.
    """
    end = time.monotonic() + 120
    while True:
        mark = f"meninx.test/looked-at={time.monotonic():.0f}"
        pods = ("-n", SYSTEM, "annotate", "pod", "-l", "control-plane=controller-manager")
        site.target.kubectl(*pods, mark, "--overwrite", check=False)
        try:
            site.api.apply(kind, manifest, manager="e2e")
        except MeninxError as error:
            if time.monotonic() > end:
                raise DemoFailed(f"Kueue does not come up: {error}") from error
            time.sleep(2)
        else:
            return


def uninstall(site: Site, *, wait: bool = True) -> None:
    """Take Kueue away, also where it no longer runs: first what would refuse every Job without it."""
    ask = site.target.kubectl
    known = ask("get", "crd", f"workloads.{GROUP}", "--ignore-not-found", "-o", "name")
    left = ask("get", "namespace", SYSTEM, "--ignore-not-found", "-o", "name")
    if not known and not left:
        return
    for kind in ("mutating", "validating"):
        name = f"kueue-{kind}-webhook-configuration"
        ask("delete", f"{kind}webhookconfiguration", name, "--ignore-not-found")
    if known:
        _empty(site)
    documents = [d for d in _manifests() if "Webhook" not in d["kind"]]
    gone = (
        "delete",
        "--ignore-not-found",
        f"--wait={json.dumps(wait)}",
        "--timeout=90s",
        "-f",
        "-",
    )
    ask(*gone, stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": documents}))


def _empty(site: Site) -> None:
    """Delete what it keeps; nobody takes away the finalizers once it has gone."""
    kinds = ",".join(f"{k.plural}.{GROUP}" for k in (WORKLOAD, LOCAL_QUEUE, CLUSTER_QUEUE, FLAVOR))
    ask = site.target.kubectl
    ask("delete", kinds, "--all", "--all-namespaces", "--wait=false")
    found = json.loads(ask("get", kinds, "--all-namespaces", "-o", "json"))["items"]
    for item in found:
        metadata = item["metadata"]
        where = ["-n", metadata["namespace"]] if "namespace" in metadata else []
        patch = ["--type=merge", "-p", '{"metadata": {"finalizers": null}}']
        name = f"{item['kind'].lower()}.{GROUP}/{metadata['name']}"
        ask("patch", name, *where, *patch, check=False)
