import json
from pathlib import Path

import pytest
from tests.e2e import studies
from tests.e2e.conftest import Describe
from tests.e2e.site import NAMESPACE, Site, route
from tests.support.identity import BIRTH_DATE, PATIENT_ID, PATIENT_NAME, leaks

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300, func_only=True),
    pytest.mark.rule("no-patient-in-the-control-plane"),
]
ETCD = Path("/var/lib/meninx-cluster/etcd")
IDENTITY = (PATIENT_NAME, PATIENT_ID, BIRTH_DATE)


@pytest.fixture(scope="module")
def finished(site: Site) -> studies.Study:
    """Return a study that went the whole way, with its job still there."""
    description = "E2E-PRIVACY"
    with route(site, "threshold", description):
        study = studies.make(site, description)
        studies.send(site, study.images)
        site.wait(study.hash, "Succeeded")
    return study


def test_objects_of_the_api_server_hold_no_patient(site: Site, routed: Describe) -> None:
    study = studies.make(site, routed("threshold"))
    studies.send(site, study.images)
    site.wait(study.hash, "Succeeded")
    kinds = site.kubectl("api-resources", "--verbs=list", "-o", "name").split()
    text = site.kubectl("get", ",".join(kinds), "-A", "-o", "json", "--ignore-not-found")
    assert study.hash in text
    assert leaks(text) == []
    assert study.uid not in text


def test_logs_of_all_pods_hold_no_patient(site: Site, finished: studies.Study) -> None:
    pods = json.loads(site.kubectl("get", "pods", "-o", "json"))["items"]
    logs = [
        site.kubectl("logs", pod["metadata"]["name"], "--all-containers", check=False)
        for pod in pods
    ]
    assert finished.hash in "".join(logs)
    assert leaks(*logs) == []


@pytest.mark.parametrize(
    ("component", "port"), [("operator", 9090), ("ingress", 8080)], ids=["operator", "ingress"]
)
def test_metrics_hold_no_patient(
    site: Site, finished: studies.Study, component: str, port: int
) -> None:
    label = f"app.kubernetes.io/component={component}"
    name = site.kubectl("get", "pods", "-l", label, "-o", "jsonpath={.items[0].metadata.name}")
    path = f"/api/v1/namespaces/{NAMESPACE}/pods/{name}:{port}/proxy/metrics"
    text = site.target.kubectl("get", "--raw", path)
    assert "meninx_" in text
    assert finished.uid not in text
    assert leaks(text) == []


def test_raw_data_of_etcd_hold_no_patient(site: Site, finished: studies.Study) -> None:
    if site.target.how != "one-node":
        pytest.skip("etcd's disk is out of reach on this cluster")
    files = [path for path in ETCD.rglob("*") if path.is_file()]
    data = b"".join(path.read_bytes() for path in files)
    assert finished.hash.encode() in data
    assert [word for word in IDENTITY if word.encode() in data] == []
