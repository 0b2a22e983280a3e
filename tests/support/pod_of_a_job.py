"""What the pod of a job does with the ingress, without a pod: fetch the input, store a result."""

import asyncio
import datetime as dt
from pathlib import Path
from typing import Any

from pynetdicom.sop_class import SegmentationStorage
from tests.support import make
from tests.support.dicom_peers import LOOPBACK
from tests.support.encoded import encoded_slice
from tests.support.ingress_process import SIGNING_KEY, IngressProcess

from meninx.base.errors import Unavailable
from meninx.base.tokens import Claims, mint
from meninx.resources.inferencejob import Results
from meninx.resources.task import Task
from meninx.steps.store_client import connect
from meninx.store.filemeta import FileMeta, encode_file_meta

RESULT_UID = "2.25.4711"


def task_of(job: dict[str, Any]) -> Task:
    """Return the task that the job's pod is given."""
    spec, meta = job["spec"], job["metadata"]
    return Task.model_validate(
        {
            "namespace": make.NAMESPACE,
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


async def _fetch_and_deliver(ingress: IngressProcess, task: Task, folder: Path) -> int:
    results = Results(findings=1, sop_instance_uids=[RESULT_UID])
    url = f"http://{LOOPBACK}:{ingress.web_port}"
    async with connect(url, _token(task), task) as client:
        files = await client.retrieve_series(task.channels[0].series, folder)
        for _ in range(2):
            await client.store([_result()])
            await client.commit(results)
    return len(files)


def images_that_came(ingress: IngressProcess, task: Task, folder: Path) -> int:
    """Do what fetch and deliver do, the latter twice; return how many images came.

    As patient as the steps are: the job may be there before its revision is settled (0 then).
    """
    try:
        return asyncio.run(_fetch_and_deliver(ingress, task, folder))
    except Unavailable:
        return 0
