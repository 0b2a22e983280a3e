import io

import pydicom
import pytest
from tests.e2e import studies
from tests.e2e.conftest import Describe
from tests.e2e.site import Site, route

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300, func_only=True)]


def test_segmentation_names_its_study_and_its_model(site: Site, routed: Describe) -> None:
    study = studies.make(site, routed("threshold"))
    studies.send(site, study.images)
    job = site.wait(study.hash, "Succeeded")
    (raw,) = studies.in_pacs(site, study, "SEG")
    seg = pydicom.dcmread(io.BytesIO(raw))
    first = study.images[0]
    for keyword in ("StudyInstanceUID", "PatientID", "PatientName", "FrameOfReferenceUID"):
        assert seg[keyword].value == first[keyword].value, keyword
    (series,) = seg.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == first.SeriesInstanceUID
    segment = seg.SegmentSequence[0]
    assert segment.SegmentAlgorithmType == "AUTOMATIC"
    assert segment.SegmentedPropertyTypeCodeSequence[0].CodingSchemeDesignator == "SCT"
    assert seg.SOPInstanceUID in job["status"]["results"]["sopInstanceUIDs"]


def test_study_sent_twice_makes_one_job_and_one_segmentation(site: Site, routed: Describe) -> None:
    study = studies.make(site, routed("threshold"))
    studies.send(site, study.images)
    first = site.wait(study.hash, "Succeeded")
    studies.send(site, study.images)
    _let_routing_look_again(site)
    again = site.job(study.hash)
    assert again is not None
    assert again["metadata"]["uid"] == first["metadata"]["uid"]
    assert len(studies.in_pacs(site, study, "SEG")) == 1


def _let_routing_look_again(site: Site) -> None:
    """Send a marker study through the same ingress: once it is done, the re-sent one was looked at."""
    description = "E2E-MARKER"
    with route(site, "threshold", description):
        marker = studies.make(site, description, healthy=True)
        studies.send(site, marker.images)
        site.wait(marker.hash, "Succeeded")


def test_healthy_head_is_a_success_without_findings(site: Site, routed: Describe) -> None:
    study = studies.make(site, routed("threshold"), healthy=True)
    studies.send(site, study.images)
    job = site.wait(study.hash, "Succeeded")
    assert job["status"]["results"]["findings"] == 0
    assert studies.in_pacs(site, study, "SEG") == []


def test_model_that_refuses_its_input_is_not_tried_again(site: Site, routed: Describe) -> None:
    study = studies.make(site, routed("refusing"))
    studies.send(site, study.images)
    job = site.wait(study.hash, "Failed")
    inferred = {c["type"]: c for c in job["status"]["conditions"]}["Inferred"]
    assert (inferred["status"], inferred["reason"]) == ("False", "InputNotForModel")
    assert job["status"]["attempts"] == 1
    assert studies.in_pacs(site, study, "SEG") == []
