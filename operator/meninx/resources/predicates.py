"""Grammar of conditions on DICOM attributes."""

from typing import Annotated

from pydantic import Field, model_validator

from meninx.resources.meta import Shape, rules

DERIVED = {
    "Series.Slices": "number of distinct slice positions in the series' largest stack",
    "Series.SpacingMm": "distance between neighbouring slices in mm",
    "Series.VoxelMm": "largest edge of a voxel in mm",
    "Series.Plane": "Axial, Sagittal, Coronal or Oblique",
    "Series.ThreeD": "true where the acquisition is three-dimensional",
    "Series.Contrast": "true where a contrast agent is named or told by the headers",
}
"""Facts that a series has beside its DICOM attributes, usable as `attribute`."""


class Range(
    Shape,
    json_schema_extra=rules(
        (
            "(has(self.min) || has(self.max)) && !(has(self.min) && has(self.max) && self.min > self.max)",
            "a range needs min, max or both, and min must not be above max",
        )
    ),
):
    """A closed range of numbers."""

    min: float | None = Field(default=None, description="Smallest value that matches.")
    max: float | None = Field(default=None, description="Largest value that matches.")


class Condition(
    Shape,
    json_schema_extra=rules(
        (
            "[has(self.equals), has(self.__in__), has(self.contains), has(self.matches), "
            "has(self.range), has(self.exists)].filter(given, given).size() == 1",
            "a condition needs exactly one of equals, in, contains, matches, range, exists",
        )
    ),
):
    """One test of one attribute. An absent or empty attribute makes every test but `exists: false` false."""

    attribute: str = Field(
        min_length=1,
        max_length=64,
        description="DICOM keyword such as SeriesDescription, or a derived fact such as "
        "Series.Slices, Series.Plane, Series.Contrast.",
    )
    equals: str | None = Field(
        default=None,
        max_length=256,
        description="The value is this, ignoring case and outer spaces.",
    )
    one_of: list[Annotated[str, Field(max_length=256)]] | None = Field(
        default=None,
        alias="in",
        min_length=1,
        max_length=32,
        description="The value is one of these (as in equals).",
    )
    contains: str | None = Field(
        default=None,
        max_length=256,
        description="The text is part of the value, ignoring case.",
    )
    matches: str | None = Field(
        default=None,
        max_length=256,
        description="Regular expression found in the value, ignoring case.",
    )
    range: Range | None = Field(default=None, description="The number lies in this range.")
    exists: bool | None = Field(
        default=None, description="True: present and not empty. False: absent or empty."
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> "Condition":
        tests = (self.equals, self.one_of, self.contains, self.matches, self.range, self.exists)
        if sum(test is not None for test in tests) != 1:
            raise ValueError(
                f"condition on {self.attribute}: give exactly one of equals, in, contains, "
                "matches, range, exists"
            )
        return self


class Predicate(Shape):
    """Conditions joined: all of `all`, at least one of `any` (if given), none of `none`."""

    all: list[Condition] = Field(
        default_factory=list, max_length=32, description="Every one of these must hold."
    )
    any: list[Condition] = Field(
        default_factory=list,
        max_length=32,
        description="At least one of these must hold, if any is given.",
    )
    none: list[Condition] = Field(
        default_factory=list, max_length=32, description="None of these may hold."
    )


class Preference(Shape):
    """A wish that adds to a series' score."""

    when: Condition = Field(description="The condition that earns the score.")
    score: int = Field(ge=-1000, le=1000, description="Points added when the condition holds.")


class SeriesSelector(Shape):
    """Which series of a study serves an input channel: what is required, then what is preferred."""

    require: Predicate = Field(
        default_factory=Predicate, description="What a series must fulfil to be looked at."
    )
    prefer: list[Preference] = Field(
        default_factory=list, max_length=32, description="Wishes; the highest sum of scores wins."
    )
    min_slices: int = Field(
        default=8, ge=1, description="Fewest slice positions that make a volume for this model."
    )
    volume: str = Field(
        default="Only",
        max_length=16,
        pattern="^(Only|FirstEcho|LastEcho|FirstTime|LastTime|Largest)$",
        description="Which volume to take where a series holds several at the same positions; "
        "Only refuses such a series as AmbiguousVolume.",
    )
