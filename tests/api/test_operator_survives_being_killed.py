import pytest
from tests.api.conftest import Eventually, OperatorProcess
from tests.api.control_plane import NAMESPACE, ControlPlane
from tests.api.kubelet import Kubelet, ended
from tests.api.test_job_runs_once_to_its_end import deliver, phase, start_job
from tests.support.make import aimodel, inferencejob

from meninx.kube.client import KubeApi
from meninx.kube.kinds import AIMODEL, INFERENCEJOB, JOB, NODE
from meninx.processes.operator import LOST_EXIT_CODE

pytestmark = [pytest.mark.api, pytest.mark.timeout(180)]


@pytest.mark.rule("level-based")
@pytest.mark.rule("once")
def test_killed_operator_goes_on_where_it_stopped(
    api: KubeApi, operator: OperatorProcess, kubelet: Kubelet, eventually: Eventually
) -> None:
    job = start_job(api, eventually)
    operator.kill()
    pod = kubelet.pod(job)
    kubelet.pod_status(pod, "Succeeded", ended("fetch"), ended("model"), ended("deliver"))
    kubelet.job_complete(job)
    operator.start()
    eventually(lambda: phase(api) == "Delivering")
    operator.kill()
    deliver(api)
    operator.start()
    eventually(lambda: phase(api) == "Succeeded")
    assert [item["metadata"]["uid"] for item in api.list(JOB, NAMESPACE)] == [
        job["metadata"]["uid"]
    ]


def test_jobs_made_while_it_was_away_get_one_kubernetes_job_each(
    api: KubeApi, stopped_operator: OperatorProcess, kubelet: Kubelet, eventually: Eventually
) -> None:
    assert kubelet
    api.apply(AIMODEL, aimodel(), manager="kubectl")
    for number in range(5):
        api.apply(INFERENCEJOB, inferencejob(f"job-{number}"), manager="kubectl")
    stopped_operator.start()
    eventually(lambda: api.list(JOB, NAMESPACE))
    stopped_operator.kill()
    stopped_operator.start()
    eventually(lambda: len(api.list(JOB, NAMESPACE)) == 5)
    eventually(lambda: stopped_operator.page("/readyz")[0] == 200)
    assert len(api.list(JOB, NAMESPACE)) == 5


def test_outage_of_the_api_server_ends_the_lead_and_only_costs_time(
    api: KubeApi, operator: OperatorProcess, plane: ControlPlane, eventually: Eventually
) -> None:
    api.apply(AIMODEL, aimodel(), manager="kubectl")
    assert operator.process is not None
    plane.kill_api_server()
    try:
        eventually(lambda: "no answer from the API server" in operator.log.read_text())
        # It can't know whether another leads by now: it ends, and its pod starts it again.
        assert eventually(operator.process.poll) == LOST_EXIT_CODE
        operator.start()
        eventually(lambda: operator.page("/healthz", operator.liveness_port)[0] == 200)
    finally:
        plane.start_api_server()
    api.apply(INFERENCEJOB, inferencejob(), manager="kubectl")
    eventually(lambda: api.list(JOB, NAMESPACE))


def test_operator_ends_in_order_when_told_to(operator: OperatorProcess) -> None:
    assert operator.stop() == 0


def test_probes_and_metrics_answer_and_memory_stays_small(
    api: KubeApi, operator: OperatorProcess, eventually: Eventually
) -> None:
    start_job(api, eventually)
    assert operator.page("/healthz", operator.liveness_port)[0] == 200
    eventually(
        lambda: 'meninx_inferencejobs{model="unet-meningioma"' in operator.page("/metrics")[1]
    )
    assert operator.process is not None
    with open(f"/proc/{operator.process.pid}/status") as status:  # noqa: PTH123
        resident = next(line for line in status if line.startswith("VmRSS"))
    assert int(resident.split()[1]) < 200 * 1024


def test_model_without_a_node_waits_for_one(
    api: KubeApi, operator: OperatorProcess, kubelet: Kubelet, eventually: Eventually
) -> None:
    api.delete(NODE, None, "node-1")
    api.apply(AIMODEL, aimodel(), manager="kubectl")

    def reason() -> str | None:
        model = api.get(AIMODEL, NAMESPACE, "unet-meningioma") or {}
        said = (model.get("status") or {}).get("conditions") or [{}]
        found: str | None = said[0].get("reason")
        return found

    eventually(lambda: reason() == "NoMatchingNode")
    kubelet.node()
    eventually(lambda: reason() == "Ready")
