from typing import Any

from tests.support import make
from tests.support.fake_kube import FakeKube
from tests.support.headers import series

from meninx.imaging.study import Study
from meninx.routing.catalogue import Catalogue, read_catalogue
from meninx.routing.decide import Decision, decide

HEAD, SECOND = "unet-meningioma", "unet-meningioma-2"


def catalogue(*, current: str | None = SECOND, second: bool = True, **spec: Any) -> Catalogue:
    """Return what routing reads: a route that names the model, and the model's versions."""
    kube = FakeKube()
    kube.add(make.studyroute())
    named: dict[str, Any] = {"current": {"name": current}} if current else {}
    kube.add(make.aimodel(**named))
    if second:
        kube.add(make.aimodel(SECOND, version="1.0.0", versionOf={"name": HEAD}, **spec))
    return read_catalogue(kube, make.NAMESPACE)


def decided(known: Catalogue) -> Decision:
    study = Study("s0123456789abcdef0123", 1, (series("e0"),))
    return decide(study, known.routes, known.works)


def test_job_names_the_version_that_is_current() -> None:
    (job,) = decided(catalogue()).jobs
    assert job.spec.work == SECOND


def test_job_names_the_model_itself_where_no_version_was_promoted() -> None:
    for current in (None, HEAD):
        (job,) = decided(catalogue(current=current)).jobs
        assert job.spec.work == HEAD


def test_promoted_version_makes_another_job_even_with_the_same_version() -> None:
    names = {decided(catalogue(current=current)).jobs[0].name for current in (None, SECOND)}
    assert len(names) == 2


def test_channels_are_those_of_the_current_version() -> None:
    (job,) = decided(catalogue(channels=[make.channel("flair")])).jobs
    assert [channel.name for channel in job.spec.input.channels] == ["flair"]


def test_absent_current_version_refuses_and_is_looked_at_again() -> None:
    decision = decided(catalogue(second=False))
    assert [one.reason for one in decision.refusals] == ["ModelNotFound"]
    assert "or its current version" in decision.refusals[0].message
    assert decision.waits_for_a_person


def test_promotion_is_another_catalogue() -> None:
    """What waits for a person is looked at again when another version is current."""
    prints = {catalogue(current=current).fingerprint for current in (None, SECOND)}
    assert len(prints) == 2
