"""Installing Meninx with Helm, as hospital IT does."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.demo import images
from tests.demo.hospital import PACS
from tests.demo.shell import BUILD, ROOT, run, say
from tests.demo.target import Target

Values = dict[str, Any]

NAMESPACE = "meninx"
INGRESS = f"meninx-ingress.{NAMESPACE}.svc"
GPU, PRODUCT = "nvidia.com/gpu", "nvidia.com/gpu.product"
_MODEL = ROOT / "model-images/unet-meningioma/weights/model.json"


@dataclass(frozen=True)
class Names:
    """The images to install."""

    meninx: str
    unet: str


def values(names: Names, gpus: dict[str, Any]) -> Values:
    """Return the values of the demo's hospital."""
    model = json.loads(_MODEL.read_text())
    # A version of one's own for each content, as a hospital would for each release.
    version = f"{model['version']}-{names.unet.rpartition(':')[2]}"
    return {
        "image": names.meninx,
        "gpu": {"product": gpus["product"]},
        "ingress": {"storage": {"size": "5Gi"}, "terminationGracePeriodSeconds": 15},
        "pacs": [PACS],
        "unetMeningioma": {
            "image": names.unet,
            "version": version,
            "weightsSha256": model["sha256"],
            "gpuCount": gpus["count"],
            "route": {"quietSeconds": 5},
        },
    }


def gpus(target: Target) -> dict[str, Any]:
    """Return what the nodes offer: a GPU and its product, or the CPU."""
    nodes = json.loads(target.kubectl("get", "nodes", "-o", "json"))["items"]
    for node in nodes:
        if int(node["status"]["allocatable"].get(GPU, 0)) > 0:
            return {"count": 1, "product": node["metadata"]["labels"].get(PRODUCT, "")}
    say(f"no node offers {GPU}: the model runs on a CPU")
    return {"count": 0, "product": ""}


def install(target: Target, change: Callable[[Values], Values] = lambda given: given) -> Names:
    """Build what changed, load it, and install or upgrade the release."""
    names = Names(images.ensure(target, images.MENINX), images.ensure(target, images.UNET))
    path = BUILD / "values.json"
    path.write_text(json.dumps(change(values(names, gpus(target))), indent=2) + "\n")
    _namespace(target)
    say("installing the chart with Helm")
    helm = [target.tool("helm"), "--kubeconfig", str(target.kubeconfig), "upgrade", "--install"]
    chart = [str(ROOT / "charts/meninx"), "--namespace", NAMESPACE, "--values", str(path)]
    run([*helm, "meninx", *chart, "--wait", "--timeout", "5m"])
    return names


def _namespace(target: Target) -> None:
    manifest = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": NAMESPACE,
            "labels": {"pod-security.kubernetes.io/enforce": "restricted"},
        },
    }
    target.kubectl("apply", "-f", "-", stdin=json.dumps(manifest))
