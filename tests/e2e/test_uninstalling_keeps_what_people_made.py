import json

import pytest
from tests.demo import install
from tests.demo.shell import run
from tests.e2e import site as sites
from tests.e2e.site import NAMESPACE, Site

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300, func_only=True)]


def _helm(site: Site, *words: str) -> None:
    helm = [site.target.tool("helm"), "--kubeconfig", str(site.target.kubeconfig)]
    run([*helm, "--namespace", NAMESPACE, *words])


def _left(site: Site) -> dict[str, str]:
    """Return the uid of each object that a release must leave behind."""
    found = {}
    for kind in ("aimodels", "dicomnodes", "secret/meninx-keys", "pvc/data-meninx-ingress-0"):
        read = json.loads(site.kubectl("get", kind, "-o", "json"))
        for item in read.get("items", [read]):
            meta = item["metadata"]
            found[f"{item['kind']} {meta['name']}"] = meta["uid"]
    return found


def test_resources_keys_and_studies_outlive_the_release(site: Site) -> None:
    before = _left(site)
    assert before
    _helm(site, "uninstall", "meninx", "--wait")
    try:
        assert _left(site) == before
    finally:
        install.install(site.target, sites.quiet)
    assert _left(site) == before
