import json

import pytest
from tests.demo import watch
from tests.e2e import studies
from tests.e2e.conftest import Describe
from tests.e2e.site import NAMESPACE, Site
from tests.support.identity import leaks

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300, func_only=True)]


@pytest.mark.rule("complete-or-not-at-all")
def test_missing_slice_is_told_with_its_neighbours(site: Site, routed: Describe) -> None:
    description = routed("threshold")
    study = studies.make(site, description)
    studies.send(site, [image for k, image in enumerate(study.images) if k != 9])
    refused = watch.until("a refusal", lambda: watch.refusals(site.target, study.hash), seconds=60)
    assert "MissingSlices" in refused[0]
    assert "8" in refused[0]
    assert "10" in refused[0]
    assert site.job(study.hash) is None
    events = json.loads(site.kubectl("get", "events", "-o", "json"))["items"]
    told = [e for e in events if e["reason"] == "MissingSlices" and study.hash in e["message"]]
    assert told
    assert leaks(json.dumps(told), refused[0]) == []


@pytest.mark.rule("complete-or-not-at-all")
def test_slice_that_comes_late_makes_the_study_whole(site: Site, routed: Describe) -> None:
    study = studies.make(site, routed("threshold"))
    studies.send(site, [image for k, image in enumerate(study.images) if k != 9])
    watch.until("a refusal", lambda: watch.refusals(site.target, study.hash), seconds=60)
    studies.send(site, [study.images[9]])
    job = site.wait(study.hash, "Succeeded")
    assert job["metadata"]["namespace"] == NAMESPACE
    assert len(studies.in_pacs(site, study, "SEG")) == 1
