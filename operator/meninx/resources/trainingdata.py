"""What a training learns from: a folder of a volume, or the segmented studies of the store."""

from typing import Annotated

from pydantic import Field, model_validator

from meninx.resources.meta import DnsName, Shape, rules
from meninx.resources.predicates import SeriesSelector

_FOLDER = r"^$|^[^/.][^/]*(/[^/.][^/]*)*$"
Day = Annotated[str, Field(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")]
"""A day such as 2026-01-31."""


class Claim(Shape):
    """A folder of a PersistentVolumeClaim."""

    claim_name: DnsName = Field(description="PersistentVolumeClaim in the same namespace.")
    path: str = Field(
        default="",
        max_length=512,
        pattern=_FOLDER,
        description="Folder below the volume's root, without a leading slash.",
    )


class Code(Shape):
    """A code by which a segment says what it is."""

    scheme: str = Field(
        default="SCT", max_length=16, description="Coding scheme designator, such as SCT or DCM."
    )
    value: str = Field(min_length=1, max_length=64, description="Code value in that scheme.")


class WantedSegment(
    Shape,
    json_schema_extra=rules(
        ("has(self.label) || has(self.type)", "a segment needs label, type or both")
    ),
):
    """Segments that count, and the value that they get in the label map."""

    value: int = Field(default=1, ge=1, le=255, description="Their value in the label map.")
    label: str | None = Field(
        default=None,
        min_length=1,
        max_length=64,
        description="Segment Label, ignoring case and outer spaces.",
    )
    type: Code | None = Field(
        default=None, description="Segmented Property Type Code, such as a SNOMED CT code."
    )

    @model_validator(mode="after")
    def _one_at_least(self) -> "WantedSegment":
        if self.label is None and self.type is None:
            raise ValueError("a segment needs label, type or both")
        return self


class Days(
    Shape,
    json_schema_extra=rules(
        (
            "!has(self.from) || !has(self.to) || self.from <= self.to",
            "from must not be after to",
        ),
    ),
):
    """Days from one to another, both included."""

    first: Day | None = Field(
        default=None, alias="from", max_length=10, description="First day, such as 2026-01-31."
    )
    last: Day | None = Field(default=None, alias="to", max_length=10, description="Last day.")


class StoreData(Shape):
    """Studies of the store that hold a DICOM segmentation: each makes one pair of image and label."""

    segments: list[WantedSegment] = Field(
        min_length=1,
        max_length=32,
        description="Which segments count; where two of them share a voxel the first listed has it. "
        "A segmentation without any of them is passed over.",
    )
    series: SeriesSelector = Field(
        default_factory=SeriesSelector,
        description="Which of the segmented series is the image, as in a channel of an AIModel.",
    )
    study_dates: Days | None = Field(
        default=None, description="Only studies of these days (Study Date)."
    )
    allow_automatic: bool = Field(
        default=False,
        description="True takes segments that no person has drawn or corrected too: those that say "
        "AUTOMATIC, and what jobs of Meninx have made.",
    )


class TrainingData(
    Shape,
    json_schema_extra=rules(
        (
            "[has(self.volumeClaim), has(self.store)].filter(given, given).size() == 1",
            "data needs exactly one of volumeClaim, store",
        )
    ),
):
    """The data set: a folder with images/ and labels/, or what is made from the store."""

    volume_claim: Claim | None = Field(
        default=None,
        description="A volume with folders images/ and labels/, one NIfTI file a subject; mounted "
        "read-only.",
    )
    store: StoreData | None = Field(
        default=None,
        description="Segmented studies of the store. Their pairs are written to the folder dataset/ "
        "of the output, once: the training keeps the studies that were there when it began.",
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> "TrainingData":
        if (self.volume_claim is None) == (self.store is None):
            raise ValueError("data needs exactly one of volumeClaim, store")
        return self


class CollectTask(Shape):
    """What the step that makes a data set from the store is told."""

    namespace: str
    job: str
    job_uid: str
    data: StoreData
