"""The chart may leave the definitions to others (crds.install false): then one may be missing for a while."""

from collections.abc import Iterator

import pytest
from tests.api.conftest import CRD, Eventually, OperatorProcess
from tests.api.control_plane import NAMESPACE, ControlPlane, definitions
from tests.api.kubelet import Kubelet
from tests.support.make import aimodel, inferencejob

from meninx.kube.client import KubeApi
from meninx.kube.kinds import AIMODEL, INFERENCEJOB, JOB

pytestmark = [pytest.mark.api, pytest.mark.timeout(120)]

(DEFINITION,) = (one for one in definitions() if one["spec"]["names"]["kind"] == "TrainingJob")
NAME = DEFINITION["metadata"]["name"]


def _serves_trainings(plane: ControlPlane) -> bool:
    said = plane.answer("/apis/meninx.io/v1alpha1") or ""
    return '"TrainingJob"' in said


@pytest.fixture
def without_trainings(
    plane: ControlPlane, api: KubeApi, eventually: Eventually
) -> Iterator[KubeApi]:
    """Take the definition of TrainingJobs away for a while."""
    api.delete(CRD, None, NAME)
    eventually(lambda: not _serves_trainings(plane) and api.get(CRD, None, NAME) is None)
    yield api
    api.apply(CRD, DEFINITION, manager="tests")
    eventually(lambda: _serves_trainings(plane))


def test_operator_works_where_a_kind_is_not_installed(
    without_trainings: KubeApi,
    stopped_operator: OperatorProcess,
    kubelet: Kubelet,
    eventually: Eventually,
) -> None:
    api = without_trainings
    stopped_operator.start()
    eventually(stopped_operator.leads)
    assert "TrainingJob" in stopped_operator.page("/readyz")[1]
    api.apply(AIMODEL, aimodel(), manager="kubectl")
    api.apply(INFERENCEJOB, inferencejob(), manager="kubectl")
    eventually(lambda: api.list(JOB, NAMESPACE))
