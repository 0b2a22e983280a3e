"""Shapes shared by all kinds: metadata, condition, reference."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic.alias_generators import to_camel

GROUP = "meninx.io"
VERSION = "v1alpha1"
API_VERSION: Final = "meninx.io/v1alpha1"

DnsName = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", max_length=253)]
AeTitle = Annotated[str, Field(pattern=r"^[^\\\s]([^\\]{0,14}[^\\\s])?$", max_length=16)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", max_length=64)]
ChannelName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{0,15}$", max_length=16)]
StepName = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=40)]
Contract = Literal["Meninx", "MAP"]
Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""A moment as the Kubernetes API writes it (RFC 3339)."""


def rules(*pairs: tuple[str, str]) -> dict[str, JsonValue]:
    """Return CEL rules, each with its message, as an extra of a JSON schema."""
    return {"x-kubernetes-validations": [{"rule": rule, "message": text} for rule, text in pairs]}


Quantity = Annotated[
    str,
    Field(
        pattern=r"^[0-9]+(\.[0-9]+)?(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$",
        max_length=32,
        json_schema_extra=rules(
            ("isQuantity(self)", "write an amount as Kubernetes does, such as 500m, 2 or 4Gi")
        ),
    ),
]
"""An amount as Kubernetes writes it, such as 500m or 4Gi."""


def keyed_by(key: str) -> dict[str, JsonValue]:
    """Return the extra that makes a list a map: entries are unique and merged by this field."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key]}


def immutable(name: str) -> dict[str, JsonValue]:
    """Return the rule that a field never changes once it is set."""
    return rules(("self == oldSelf", f"{name} can't be changed: make a new object instead"))


class Shape(BaseModel):
    """Base of everything in a resource: camelCase outside, frozen, unknown fields refused."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True
    )

    def manifest(self) -> dict[str, Any]:
        """Return the JSON form as the API server takes it."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class ObjectMeta(BaseModel):
    """The metadata of an object; only what we read, the rest is let through."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="allow")

    name: str
    namespace: str | None = None
    uid: str | None = None
    generation: int | None = None
    resource_version: str | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    finalizers: list[str] = Field(default_factory=list)


class Condition(Shape):
    """One observed truth about the object (Kubernetes API conventions)."""

    type: str = Field(
        max_length=64, description="Name of the condition; each type has exactly one writer."
    )
    status: Literal["True", "False", "Unknown"] = Field(description="True, False or Unknown.")
    reason: str = Field(description="A word of the published vocabulary of reasons.")
    message: str = Field(default="", description="A sentence for people: what and what to do.")
    last_transition_time: Time = Field(description="When the status last changed.")
    observed_generation: int | None = Field(
        default=None, description="The generation of the spec that this is about."
    )


class CodedConcept(Shape):
    """A coded concept (DICOM PS3.3 section 8)."""

    scheme: str = Field(
        default="SCT", max_length=16, description="Coding scheme designator, such as SCT or DCM."
    )
    value: str = Field(min_length=1, max_length=64, description="Code value in that scheme.")
    meaning: str = Field(
        min_length=1, max_length=64, description="Human-readable meaning of the code."
    )


class NameRef(Shape):
    """A reference to an object of the same namespace by name."""

    name: DnsName = Field(description="Name of the object in the same namespace.")
