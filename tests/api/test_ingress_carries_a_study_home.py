"""The ingress process with the chart's rights: a study in, a job, its result, the PACS."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pynetdicom.sop_class import SegmentationStorage
from tests.api.conftest import Eventually
from tests.api.control_plane import INGRESS_TOKEN, NAMESPACE, ControlPlane
from tests.support import make
from tests.support.dicom_peers import LOOPBACK, associated, fake_pacs, free_port, send_slice
from tests.support.identity import leaks
from tests.support.ingress_process import IngressProcess, ingress_process
from tests.support.pod_of_a_job import RESULT_UID, images_that_came, task_of
from tests.support.series import mr_series

from meninx.kube.client import KubeApi
from meninx.kube.kinds import AIMODEL, DICOMNODE, EVENT, INFERENCEJOB, STUDYROUTE

pytestmark = [pytest.mark.api, pytest.mark.timeout(180)]
SLICES = 20


@pytest.fixture
def pacs_port(api: KubeApi) -> Iterator[int]:
    """Wish for a job of each study, and name a PACS that is down at first."""
    port = free_port()
    api.apply(AIMODEL, make.aimodel(), manager="kubectl")
    api.apply(STUDYROUTE, make.studyroute(completeness={"quietSeconds": 1}), manager="kubectl")
    api.apply(DICOMNODE, make.dicomnode(host=LOOPBACK, port=port), manager="kubectl")
    yield port
    api.delete(STUDYROUTE, NAMESPACE, "meningioma")
    api.delete(DICOMNODE, NAMESPACE, "pacs")


def _send_study(ingress: IngressProcess) -> None:
    with associated(ingress.dicom_port) as association:
        assert [send_slice(association, ds) for ds in mr_series(SLICES)] == [0] * SLICES


def _delivered(api: KubeApi, name: str) -> dict[str, Any]:
    job = api.get(INFERENCEJOB, NAMESPACE, name)
    return make.conditions_of(job or {}).get("Delivered", {})


def _until_committed(
    ingress: IngressProcess, api: KubeApi, eventually: Eventually, folder: Path
) -> str:
    """Send a study, play its pod; return the name of its job."""
    _send_study(ingress)
    (job,) = eventually(lambda: api.list(INFERENCEJOB, NAMESPACE))
    assert eventually(lambda: images_that_came(ingress, task_of(job), folder)) == SLICES
    return str(job["metadata"]["name"])


@pytest.mark.rule("once")
def test_result_reaches_a_pacs_that_was_down_though_the_ingress_was_killed(
    plane: ControlPlane, api: KubeApi, eventually: Eventually, tmp_path: Path, pacs_port: int
) -> None:
    rights = plane.kubeconfig(INGRESS_TOKEN)
    with ingress_process(tmp_path, rights) as ingress:
        name = _until_committed(ingress, api, eventually, tmp_path / "fetched")
        eventually(lambda: _delivered(api, name).get("reason") == "DeliveryPending")
        ingress.kill()
    with ingress_process(tmp_path, rights) as ingress:
        _send_study(ingress)
        with fake_pacs(pacs_port, classes=[SegmentationStorage]) as pacs:
            eventually(lambda: _delivered(api, name).get("status") == "True")
        assert ingress.stop() == 0
    assert pacs.taken == [RESULT_UID]
    _check_what_is_told(api, tmp_path / "log")


def _check_what_is_told(api: KubeApi, log: Path) -> None:
    (job,) = api.list(INFERENCEJOB, NAMESPACE)
    assert job["status"]["results"]["sopInstanceUIDs"] == [RESULT_UID]
    assert make.conditions_of(job)["Stored"]["status"] == "True"
    node = api.get(DICOMNODE, NAMESPACE, "pacs")
    assert node is not None
    assert node["status"]["lastDelivered"]
    told = str([api.list(kind, NAMESPACE) for kind in (INFERENCEJOB, STUDYROUTE, DICOMNODE, EVENT)])
    assert leaks(told, log.read_text()) == []
    assert make.STUDY_UID not in told + log.read_text()


def test_node_that_may_send_is_let_in_where_only_those_are(
    plane: ControlPlane, api: KubeApi, eventually: Eventually, tmp_path: Path
) -> None:
    rights = plane.kubeconfig(INGRESS_TOKEN)
    with ingress_process(tmp_path, rights, MENINX_KNOWN_SENDERS_ONLY="true") as ingress:
        with associated(ingress.dicom_port, calling="SCANNER1") as association:
            assert association.is_rejected
        node = make.dicomnode("scanner", aeTitle="SCANNER1", maySend=True, mayReceive=False)
        api.apply(DICOMNODE, node, manager="kubectl")
        try:
            eventually(lambda: _may_send(ingress))
        finally:
            api.delete(DICOMNODE, NAMESPACE, "scanner")


def _may_send(ingress: IngressProcess) -> bool:
    with associated(ingress.dicom_port, calling="SCANNER1") as association:
        return bool(association.is_established)
