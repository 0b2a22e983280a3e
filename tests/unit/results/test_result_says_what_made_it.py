"""Rule 6: a result names the model, its image and weights, and says that a machine made it."""

import datetime as dt

import numpy as np
import pytest
from tests.support.make import IMAGE, WEIGHTS_SHA256, label
from tests.support.results import NOW, composed, reread, slices, source_of_datasets, task

from meninx.imaging.evidence import Source
from meninx.imaging.measure import LabelMap
from meninx.imaging.provenance import Maker
from meninx.steps.compose import Composed, compose


@pytest.fixture
def source() -> Source:
    return source_of_datasets(slices((8, 8, 5)))


def with_lesion(source: Source, **changes: object) -> Composed:
    return composed(source, lesion(source), **changes)


def lesion(source: Source) -> LabelMap:
    labels = np.zeros(source.grid.shape, np.uint8)
    labels[4:6, 4:6, 2:4] = 1
    return labels


def test_segment_is_coded_and_names_its_algorithm(source: Source) -> None:
    region = {"value": "1231004", "meaning": "Meninges structure"}
    made = with_lesion(source, labels=[label(anatomicRegion=region)])
    assert made.seg is not None
    (segment,) = reread(made.seg).SegmentSequence
    kind = segment.SegmentedPropertyTypeCodeSequence[0]
    algorithm = segment.SegmentationAlgorithmIdentificationSequence[0]
    assert (kind.CodeValue, kind.CodingSchemeDesignator) == ("302820008", "SCT")
    assert segment.AnatomicRegionSequence[0].CodeMeaning == "Meninges structure"
    assert segment.SegmentAlgorithmType == "AUTOMATIC"
    assert algorithm.AlgorithmName == "U-Net meningioma"
    assert algorithm.AlgorithmFamilyCodeSequence[0].CodeMeaning == "Artificial Intelligence"
    assert IMAGE in algorithm.AlgorithmParameters
    assert WEIGHTS_SHA256 in algorithm.AlgorithmParameters


def test_engine_that_computed_it_is_named(source: Source) -> None:
    engine = "openvino 2026.4.1 bf16 CPU"
    made = compose(task(), source, lesion(source), now=NOW, engine=engine)
    assert made.seg is not None
    (segment,) = reread(made.seg).SegmentSequence
    algorithm = segment.SegmentationAlgorithmIdentificationSequence[0]
    assert engine in algorithm.AlgorithmParameters
    assert made.seg.SOPInstanceUID == with_lesion(source).results.sop_instance_uids[0]


def test_every_object_is_named_as_machine_made(source: Source) -> None:
    for written in map(reread, with_lesion(source).objects):
        assert "machine-made" in written.SeriesDescription
        assert "U-Net meningioma 1.0.0" in written.SeriesDescription
        assert written.Manufacturer == "Meninx"
        assert written.SoftwareVersions[1] == "1.0.0"


def test_long_title_never_hides_that_a_machine_made_it() -> None:
    maker = Maker("m", "T" * 64, "1.0.0", IMAGE, None, "0.1.0")
    assert len(maker.series_description("segmentation")) == 64
    assert maker.series_description("segmentation").endswith("1.0.0 segmentation (machine-made)")


def test_same_work_gives_the_same_bytes(source: Source) -> None:
    first, second = with_lesion(source), with_lesion(source)
    for one, other in zip(first.objects, second.objects, strict=True):
        assert reread(one).to_json() == reread(other).to_json()


def test_same_work_at_another_time_keeps_its_uids(source: Source) -> None:
    later = compose(task(), source, lesion(source), now=NOW + dt.timedelta(hours=1))
    assert later.results.sop_instance_uids == with_lesion(source).results.sop_instance_uids
    assert later.sr.ContentTime != with_lesion(source).sr.ContentTime


@pytest.mark.parametrize(
    "change",
    [{"job_uid": "another"}, {"revision": 2}],
    ids=["another job", "another revision"],
)
def test_other_work_gets_other_uids(source: Source, change: dict[str, object]) -> None:
    one, other = with_lesion(source).results, with_lesion(source, **change).results
    assert not set(one.sop_instance_uids) & set(other.sop_instance_uids)


def test_report_refers_to_the_segment_and_tracks_it(source: Source) -> None:
    made = with_lesion(source)
    assert made.seg is not None
    tracking = reread(made.seg).SegmentSequence[0].TrackingUID
    text = reread(made.sr).to_json()
    assert tracking in text
    assert str(made.seg.SOPInstanceUID) in text
    assert WEIGHTS_SHA256 in text


def test_volume_and_parts_are_measured_on_the_source_grid(source: Source) -> None:
    labels = lesion(source)
    labels[0, 0, 0] = labels[0, 7, 0] = 1
    results = composed(source, labels).results
    assert results.findings == 3
    assert results.labels[0].volume_ml == pytest.approx(0.010)
    assert results.labels[0].components == 3
