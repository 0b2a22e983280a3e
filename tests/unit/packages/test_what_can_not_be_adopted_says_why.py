"""Objects of a package that are no result of the job: refused as a whole, with the reason."""

from collections.abc import Callable

import pytest
from pydicom import dcmread
from pydicom.uid import MRImageStorage
from tests.unit.packages.conftest import PackageJob

from meninx.base.errors import Rejected
from meninx.resources.reasons import Reason


def of_another_class(job: PackageJob) -> None:
    job.change(0, SOPClassUID=MRImageStorage)


def of_another_patient(job: PackageJob) -> None:
    job.change(0, PatientID="MNX-0002")


def of_another_study(job: PackageJob) -> None:
    job.change(0, StudyInstanceUID="2.25.77")


def in_another_frame(job: PackageJob) -> None:
    for index in range(2):
        job.change(index, FrameOfReferenceUID="2.25.78")


def without_a_name(job: PackageJob) -> None:
    job.change(0, SOPInstanceUID="")


def referring_elsewhere(job: PackageJob) -> None:
    path = job.written()[0]
    dataset = dcmread(path)
    where = (
        dataset.ReferencedSeriesSequence[0].ReferencedInstanceSequence[0]
        if "ReferencedSeriesSequence" in dataset
        else dataset.CurrentRequestedProcedureEvidenceSequence[0]
        .ReferencedSeriesSequence[0]
        .ReferencedSOPSequence[0]
    )
    where.ReferencedSOPInstanceUID = "2.25.79"
    dataset.save_as(path)


def in_the_given_series(job: PackageJob) -> None:
    given = dcmread(next(job.workspace.input.iterdir())).SeriesInstanceUID
    job.change(0, SeriesInstanceUID=given)


def no_object_at_all(job: PackageJob) -> None:
    for path in job.written():
        path.unlink()


def only_other_files(job: PackageJob) -> None:
    no_object_at_all(job)
    (job.workspace.output / "result.stl").write_bytes(b"solid")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (of_another_class, "class MR Image Storage"),
        (of_another_patient, "names another patient"),
        (of_another_study, "belongs to another study"),
        (in_another_frame, "another frame of reference"),
        (without_a_name, "without SOPInstanceUID"),
        (referring_elsewhere, "refers to an object that the job doesn't have"),
        (in_the_given_series, "into the series that it was given"),
        (no_object_at_all, "wrote no DICOM object: whether it found nothing"),
        (only_other_files, r"wrote no DICOM object \(1 other files\)"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_object_that_is_no_result_of_the_job_is_refused(
    done: PackageJob, spoil: Callable[[PackageJob], None], said: str
) -> None:
    spoil(done)
    with pytest.raises(Rejected, match=said) as refused:
        done.adopt()
    assert refused.value.reason == Reason.BAD_RESULT
