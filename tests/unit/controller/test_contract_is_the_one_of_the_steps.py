"""The rooms do not import one another: what both say of the container contract is held equal here."""

from tests.support.make import aimodel, inferencejob
from tests.support.workload import RESOURCE_UID

from meninx.controller.job import causes, pod
from meninx.controller.job.chain import of_model
from meninx.controller.settings import PodSettings
from meninx.resources.aimodel import AIModel
from meninx.resources.inferencejob import InferenceJob
from meninx.steps import contract


def _variables() -> set[str]:
    job = InferenceJob.model_validate(inferencejob(metadata={"uid": RESOURCE_UID}))
    model = AIModel.model_validate(aimodel())
    made = pod.kubernetes_job(job, of_model(model), PodSettings("meninx", "http://store"))
    spec = made["spec"]["template"]["spec"]
    containers = (*spec["initContainers"], *spec["containers"])
    return {variable["name"] for container in containers for variable in container["env"]}


def test_exit_codes_are_the_same_numbers() -> None:
    assert causes.INPUT_NOT_USABLE == contract.Exit.REJECTED
    assert causes.NOT_FINITE == contract.Exit.NOT_FINITE
    assert causes.BAD_RESULT == contract.Exit.BAD_RESULT
    assert causes.TRY_AGAIN == contract.Exit.TRY_AGAIN
    assert causes.WEIGHTS_MISMATCH == contract.Exit.WEIGHTS_MISMATCH
    assert causes.WEIGHTS_FAILED == contract.Exit.WEIGHTS_FAILED


def test_codes_that_may_be_tried_again_do_not_end_the_job() -> None:
    final = {code for (_, code), cause in causes.BY_EXIT.items() if cause.again == "never"}
    assert not final & {contract.Exit.DONE, contract.Exit.BUG, contract.Exit.TRY_AGAIN}


def test_variables_are_those_that_the_steps_read() -> None:
    named = {
        contract.INPUT,
        contract.OUTPUT,
        contract.SOURCE,
        contract.STUDY,
        contract.TASK,
        contract.STORE_URL,
        contract.TOKEN_FILE,
    }
    assert _variables() == named | {"HOME"}
