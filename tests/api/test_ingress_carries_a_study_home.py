"""The ingress process with the chart's rights: a study in, a job, its result, the PACS."""

import asyncio
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pynetdicom.sop_class import SegmentationStorage
from tests.api.conftest import Eventually
from tests.api.control_plane import INGRESS_TOKEN, NAMESPACE, ControlPlane
from tests.support import make
from tests.support.dicom_peers import LOOPBACK, associated, fake_pacs, free_port, send_slice
from tests.support.encoded import encoded_slice
from tests.support.identity import leaks
from tests.support.ingress_process import SIGNING_KEY, IngressProcess, ingress_process
from tests.support.series import mr_series

from meninx.base.errors import Unavailable
from meninx.base.tokens import Claims, mint
from meninx.kube.client import KubeApi
from meninx.kube.kinds import AIMODEL, DICOMNODE, EVENT, INFERENCEJOB, STUDYROUTE
from meninx.resources.inferencejob import Results
from meninx.resources.task import Task
from meninx.steps.store_client import connect
from meninx.store.filemeta import FileMeta, encode_file_meta

pytestmark = [pytest.mark.api, pytest.mark.timeout(180)]
SLICES = 20
RESULT_UID = "2.25.4711"


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


def _task(job: dict[str, Any]) -> Task:
    spec, meta = job["spec"], job["metadata"]
    return Task.model_validate(
        {
            "namespace": NAMESPACE,
            "job": meta["name"],
            "jobUid": meta["uid"],
            "study": spec["input"]["study"],
            "revision": spec["input"]["revision"],
            "channels": spec["input"]["channels"],
            "model": {
                "name": "unet-meningioma", "version": "1.0.0", "image": make.IMAGE,
                "labels": [make.label()],
            },
        }
    )  # fmt: skip


def _token(task: Task) -> str:
    expires = int(dt.datetime.now(dt.UTC).timestamp()) + 600
    return mint(
        SIGNING_KEY,
        Claims(task.namespace, task.job, task.job_uid, task.study, task.revision, expires),
    )


def _result() -> bytes:
    made = encoded_slice(SOPClassUID=SegmentationStorage, SOPInstanceUID=RESULT_UID)
    meta = FileMeta(SegmentationStorage, RESULT_UID, made.transfer_syntax_uid, "", None)
    return encode_file_meta(meta) + made.dataset


async def _as_the_pod(ingress: IngressProcess, task: Task, folder: Path) -> int:
    """Do what fetch and deliver do; return how many images came."""
    results = Results(findings=1, sop_instance_uids=[RESULT_UID])
    url = f"http://{LOOPBACK}:{ingress.web_port}"
    async with connect(url, _token(task), task) as client:
        files = await client.retrieve_series(task.channels[0].series, folder)
        for _ in range(2):
            await client.store([_result()])
            await client.commit(results)
    return len(files)


def _images_that_came(ingress: IngressProcess, task: Task, folder: Path) -> int:
    """Be as patient as the steps are: the job may be there before its revision is settled."""
    try:
        return asyncio.run(_as_the_pod(ingress, task, folder))
    except Unavailable:
        return 0


def _delivered(api: KubeApi, name: str) -> dict[str, Any]:
    job = api.get(INFERENCEJOB, NAMESPACE, name)
    return make.conditions_of(job or {}).get("Delivered", {})


def _until_committed(
    ingress: IngressProcess, api: KubeApi, eventually: Eventually, folder: Path
) -> str:
    """Send a study, play its pod; return the name of its job."""
    _send_study(ingress)
    (job,) = eventually(lambda: api.list(INFERENCEJOB, NAMESPACE))
    assert eventually(lambda: _images_that_came(ingress, _task(job), folder)) == SLICES
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
