"""A package by its specification: DICOM without a patient in, results of the real patient out."""

import highdicom as hd
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import Comprehensive3DSRStorage, SegmentationStorage
from tests.support.identity import leaks
from tests.support.results import mask_by_position, reread, source_of_datasets
from tests.unit.packages.conftest import PackageJob

from meninx.resources.dialect import dialect


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("HOLOSCAN_INPUT_PATH", "HOLOSCAN_OUTPUT_PATH"),
        ("MONAI_INPUTPATH", "MONAI_OUTPUTPATH"),
    ],
    ids=["1.0", "before"],
)
def test_both_generations_of_variables_lead_to_the_folders(
    job: PackageJob, source: str, target: str
) -> None:
    job.fetch()
    ran = job.run({source: str(job.workspace.input), target: str(job.workspace.output)})
    assert ran.stdout.strip() == "10 images, 48 bright voxels"
    assert {source, target} <= dialect("MAP").environment.keys()
    assert len(job.written()) == 2


def test_package_sees_images_but_no_patient(job: PackageJob) -> None:
    files = job.fetch()
    assert len(files) == 10
    assert leaks(*(path.read_bytes().decode("latin-1") for path in files)) == []
    originals = {str(dataset.SOPInstanceUID) for dataset in job.datasets}
    assert originals.isdisjoint(str(dcmread(path).SOPInstanceUID) for path in files)


def test_results_are_of_the_real_patient_and_study(done: PackageJob) -> None:
    first = done.datasets[0]
    for dataset in done.adopt()[1]:
        for keyword in (
            "PatientName",
            "PatientID",
            "PatientBirthDate",
            "StudyInstanceUID",
            "StudyDate",
        ):
            assert reread(dataset)[keyword].value == first[keyword].value
        assert "DeidentificationMethod" not in dataset


def test_segmentation_refers_to_the_real_images_and_overlays_them(done: PackageJob) -> None:
    seg = next(ds for ds in done.adopt()[1] if ds.SOPClassUID == SegmentationStorage)
    series = seg.ReferencedSeriesSequence[0]
    named = {str(item.ReferencedSOPInstanceUID) for item in series.ReferencedInstanceSequence}
    assert series.SeriesInstanceUID == done.datasets[0].SeriesInstanceUID
    assert named <= {str(dataset.SOPInstanceUID) for dataset in done.datasets}
    assert seg.FrameOfReferenceUID == done.datasets[0].FrameOfReferenceUID
    found = mask_by_position(seg, source_of_datasets(done.datasets).grid)
    assert np.argwhere(found).min(axis=0).tolist() == [4, 5, 3]
    assert np.argwhere(found).max(axis=0).tolist() == [7, 8, 5]


def test_report_refers_to_the_segmentation_under_its_new_name(done: PackageJob) -> None:
    objects = {str(dataset.SOPClassUID): dataset for dataset in done.adopt()[1]}
    seg, report = objects[SegmentationStorage], objects[Comprehensive3DSRStorage]
    hd.sr.Comprehensive3DSR.from_dataset(reread(report))
    assert str(seg.SOPInstanceUID).encode() in str(report).encode()
    assert report.VerificationFlag == "UNVERIFIED"


def test_findings_and_volume_are_measured_on_the_source(done: PackageJob) -> None:
    results, _ = done.adopt()
    assert results.findings == 1
    assert [(one.name, one.volume_ml, one.components) for one in results.labels] == [
        ("Bright", 0.096, 1)
    ]


def test_every_object_says_that_a_machine_made_it(done: PackageJob) -> None:
    for dataset in done.adopt()[1]:
        equipment = dataset.ContributingEquipmentSequence[-1]
        assert "(machine-made)" in dataset.SeriesDescription
        assert done.task.model.image in equipment.ContributionDescription
        assert equipment.Manufacturer == "Meninx"


def test_two_pods_of_one_job_give_the_same_uids(job: PackageJob) -> None:
    seen = []
    for _ in range(2):
        for path in job.written():
            path.unlink()
        job.fetch()
        job.run()
        seen.append(sorted(job.adopt()[0].sop_instance_uids))
    assert seen[0] == seen[1]


def test_study_without_findings_has_a_segmentation_and_zero(job: PackageJob) -> None:
    job.fetch()
    job.run(
        {
            "HOLOSCAN_INPUT_PATH": str(job.workspace.input),
            "HOLOSCAN_OUTPUT_PATH": str(job.workspace.output),
            "PACKAGE_THRESHOLD": "5000",
        }
    )
    results, objects = job.adopt()
    assert (results.findings, len(objects)) == (0, 1)


def test_other_files_beside_the_objects_do_no_harm(done: PackageJob) -> None:
    (done.workspace.output / "log.txt").write_text("done")
    assert done.adopt()[0].findings == 1
