"""`meninx promote`: which version routes run, forward and back."""

import pytest
from tests.support.fake_kube import FakeKube
from tests.support.make import NAMESPACE, aimodel
from tests.support.trainings import quality

from meninx.base.errors import BadInput, NotFound
from meninx.cli.promote import promoted
from meninx.kube.kinds import AIMODEL

HEAD, SECOND = "unet-meningioma", "unet-meningioma-2"


@pytest.fixture
def kube() -> FakeKube:
    made = FakeKube()
    made.add(aimodel(status={"quality": quality(0.7)}))
    of = {"name": HEAD}
    made.add(aimodel(SECOND, version="2", versionOf=of, status={"quality": quality(0.8)}))
    made.add(aimodel("unet-meningioma-3", version="3", versionOf=of))
    return made


def current(kube: FakeKube) -> str | None:
    head = kube.get(AIMODEL, NAMESPACE, HEAD)
    assert head is not None
    found: str | None = (head["spec"].get("current") or {}).get("name")
    return found


def test_version_becomes_the_current_one_and_says_the_way_back(kube: FakeKube) -> None:
    said = promoted(kube, NAMESPACE, SECOND)
    assert current(kube) == SECOND
    assert "run unet-meningioma-2 from now on (Dice 0.800)" in said[0]
    assert said[1] == f"back: meninx promote {HEAD}"


def test_any_earlier_version_can_be_had_back(kube: FakeKube) -> None:
    promoted(kube, NAMESPACE, SECOND)
    assert "(not measured)" in promoted(kube, NAMESPACE, "unet-meningioma-3")[0]
    promoted(kube, NAMESPACE, SECOND)
    assert current(kube) == SECOND
    promoted(kube, NAMESPACE, HEAD)
    assert current(kube) == HEAD


def test_version_that_is_current_stays_so(kube: FakeKube) -> None:
    calls = len([call for call in kube.calls if call.verb == "apply"])
    assert "already" in promoted(kube, NAMESPACE, HEAD)[0]
    assert len([call for call in kube.calls if call.verb == "apply"]) == calls


def test_absent_version_is_named_with_the_remedy(kube: FakeKube) -> None:
    with pytest.raises(NotFound, match="get aim"):
        promoted(kube, NAMESPACE, "none")


def test_another_current_version_than_expected_is_refused(kube: FakeKube) -> None:
    with pytest.raises(BadInput, match=f"is {HEAD}, not {SECOND}"):
        promoted(kube, NAMESPACE, "unet-meningioma-3", expected=SECOND)
    assert current(kube) is None
