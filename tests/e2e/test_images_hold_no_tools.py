"""What the images hold, told by the bill of materials that each writes of itself."""

import json
from typing import Any

import pytest
from tests.demo import images, watch
from tests.demo.shell import ROOT
from tests.e2e.failing import plain_pod
from tests.e2e.site import NAMESPACE, Site

from meninx.kube.kinds import POD

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240, func_only=True)]

SCRIPT = (ROOT / "model-images/sbom.py").read_text()
TOOLS = {"pip", "wheel", "torch", "gcc", "g++", "make", "curl", "wget", "git", "build-essential"}
SHOWS = {"meninx": "kopf", "unet-meningioma": "openvino", "example-threshold": "nibabel"}
SOURCES = (images.MENINX, images.UNET, images.THRESHOLD)


def _bill(site: Site, source: images.Source) -> dict[str, Any]:
    """Return what an image says of itself."""
    name = f"e2e-bill-{source.name}"
    pod = plain_pod(images.ensure(site.target, source), ["python3", "-c", SCRIPT])
    site.api.apply(
        POD, {"metadata": {"name": name, "namespace": NAMESPACE}, "spec": pod}, manager="e2e"
    )

    def told() -> dict[str, Any] | None:
        status = (site.api.get(POD, NAMESPACE, name) or {})["status"]
        assert status.get("phase") != "Failed", status
        text = site.kubectl("logs", name) if status.get("phase") == "Succeeded" else ""
        return json.loads(text) if text.strip().endswith("}") else None

    try:
        bill: dict[str, Any] = watch.until(f"the bill of {name}", told, seconds=90)
    finally:
        site.api.delete(POD, NAMESPACE, name)
    return bill


@pytest.mark.rule("least-privilege")
@pytest.mark.parametrize("source", SOURCES, ids=[source.name for source in SOURCES])
def test_image_holds_no_tool_that_builds_or_downloads(site: Site, source: images.Source) -> None:
    held = {one["name"] for one in _bill(site, source)["components"]}
    assert SHOWS[source.name] in held
    assert held & TOOLS == set()


@pytest.mark.rule("traceable")
def test_model_image_holds_the_weights_that_its_aimodel_names(site: Site) -> None:
    facts = json.loads((ROOT / "model-images/unet-meningioma/weights/model.json").read_text())
    every = _bill(site, images.UNET)["components"]
    found = [one["hashes"] for one in every if one["type"] == "machine-learning-model"]
    assert found == [[{"alg": "SHA-256", "content": facts["sha256"]}]]
