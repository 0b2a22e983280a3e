from tests.support.cached import reconciler
from tests.support.clock import FakeClock
from tests.support.fake_kube import FakeKube
from tests.support.make import aimodel, inferencejob

from meninx.controller.keys import QUEUE, SWEEP, Key
from meninx.controller.metrics import Metrics
from meninx.controller.settings import PodSettings, Settings

SETTINGS = Settings("meninx", PodSettings("meninx", "http://store"), signing_key=b"k")
PHASES = {"a-ended": "Succeeded", "b-waits": "Queued", "c-new": None, "d-runs": "Running"}


def _job(name: str) -> Key:
    return Key("InferenceJob", "meninx", name)


def test_jobs_at_work_come_first_then_those_in_line_then_what_has_ended() -> None:
    kube = FakeKube()
    kube.add(aimodel())
    for name, phase in PHASES.items():
        kube.add(inferencejob(name, status={"phase": phase} if phase else {}))
    look = reconciler(kube, SETTINGS, FakeClock(), Metrics())
    first, second = look(Key(SWEEP)), look(Key(SWEEP))
    assert first.keys[0] == Key(QUEUE)
    assert _job("d-runs") in first.keys
    assert first.behind[2:] == (_job("a-ended"),)
    assert set(first.behind[:2]) == {_job("b-waits"), _job("c-new")}
    assert _job("a-ended") not in {*second.keys, *second.behind}
