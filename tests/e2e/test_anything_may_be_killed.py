import time

import pytest
from tests.demo import hospital, watch
from tests.e2e import studies
from tests.e2e.conftest import Describe
from tests.e2e.site import Site
from tests.support.make import Manifest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400, func_only=True)]
KILL = ("delete", "pod", "--grace-period=0", "--force", "--wait=false")
VICTIMS = {
    "operator": ("-l", "app.kubernetes.io/component=operator"),
    "ingress": ("-l", "app.kubernetes.io/component=ingress"),
    "model pod": ("-l", "app.kubernetes.io/component=inference"),
}


def _running_model(site: Site, study: studies.Study) -> Manifest:
    """Wait until the model's container runs."""

    def look() -> Manifest | None:
        job = site.job(study.hash)
        steps = {s["name"]: s for s in ((job or {}).get("status") or {}).get("steps") or []}
        model = steps.get("model", {})
        return job if "startedAt" in model and "finishedAt" not in model else None

    found: Manifest = watch.until("the model to run", look, seconds=90, every=0.5)
    return found


@pytest.mark.rule("once")
@pytest.mark.parametrize("victim", VICTIMS)
def test_killed_pod_costs_time_but_no_result(site: Site, routed: Describe, victim: str) -> None:
    study = studies.make(site, routed("slow"))
    studies.send(site, study.images)
    before = _running_model(site, study)
    site.kubectl(*KILL, *VICTIMS[victim])
    after = site.wait(study.hash, "Succeeded", seconds=240)
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert len(studies.in_pacs(site, study, "SEG")) == 1


@pytest.mark.rule("once")
def test_result_waits_for_a_pacs_that_is_down(site: Site, routed: Describe) -> None:
    study = studies.make(site, routed("threshold"))
    _pacs(site, replicas=0)
    try:
        studies.send(site, study.images)
        waiting = site.wait(study.hash, "Delivering", seconds=90)
        time.sleep(60)
        assert site.phase(study.hash) == "Delivering"
    finally:
        _pacs(site, replicas=1)
    after = site.wait(study.hash, "Succeeded", seconds=180)
    assert after["status"]["attempts"] == 1
    assert after["status"]["jobName"] == waiting["status"]["jobName"]
    assert len(studies.in_pacs(site, study, "SEG")) == 1


def _pacs(site: Site, *, replicas: int) -> None:
    place = ("-n", hospital.NAMESPACE)
    site.target.kubectl(*place, "scale", "deployment/pacs", f"--replicas={replicas}")
    if replicas:
        site.target.kubectl(*place, "rollout", "status", "deployment/pacs", "--timeout=120s")
    else:
        site.target.kubectl(
            *place, "wait", "--for=delete", "pod", "-l", "app=pacs", "--timeout=60s"
        )
