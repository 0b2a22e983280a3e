"""DicomNode (dn): a PACS, scanner or viewer."""

from typing import Literal

from pydantic import Field

from meninx.resources.meta import (
    API_VERSION,
    AeTitle,
    Condition,
    ObjectMeta,
    Shape,
    Time,
    keyed_by,
    rules,
)


class DicomNodeSpec(
    Shape,
    json_schema_extra=rules(
        (
            "self.maySend || self.mayReceive",
            "a node must be allowed to send, to receive or both: set maySend or mayReceive",
        )
    ),
):
    """How to reach it and what it may do."""

    ae_title: AeTitle = Field(description="AE title; outer spaces don't count, case does.")
    host: str = Field(min_length=1, max_length=253, description="Host name or address.")
    port: int = Field(default=104, ge=1, le=65535, description="DICOM port.")
    may_send: bool = Field(default=False, description="True lets it send studies to Meninx.")
    may_receive: bool = Field(default=True, description="True lets results be sent to it.")


class DicomNodeStatus(Shape):
    """What is observed of it."""

    observed_generation: int | None = Field(default=None, description="Spec that this is about.")
    conditions: list[Condition] = Field(
        default_factory=list,
        json_schema_extra=keyed_by("type"),
        description="Reachable, with the reason where it is not.",
    )
    last_delivered: Time | None = Field(default=None, description="When it last took a result.")
    outbox_depth: int | None = Field(default=None, description="Results waiting for it.")


class DicomNode(Shape):
    """A PACS, scanner or viewer."""

    api_version: Literal["meninx.io/v1alpha1"] = API_VERSION
    kind: Literal["DicomNode"] = "DicomNode"
    metadata: ObjectMeta
    spec: DicomNodeSpec
    status: DicomNodeStatus = DicomNodeStatus()
