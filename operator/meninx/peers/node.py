"""A DicomNode resource as connection facts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from meninx.base.errors import BadInput
from meninx.resources.dicomnode import DicomNode


@dataclass(frozen=True)
class Peer:
    """Where a node listens and what it may do."""

    name: str
    """Name of the DicomNode."""
    ae_title: str
    host: str
    port: int
    may_send: bool
    may_receive: bool


def peer_of(manifest: Mapping[str, Any]) -> Peer:
    """Return the facts of a DicomNode's manifest; raises BadInput where it can't be read."""
    name = str(manifest.get("metadata", {}).get("name", ""))
    try:
        spec = DicomNode.model_validate(
            {key: manifest[key] for key in ("metadata", "spec") if key in manifest}
        ).spec
    except ValidationError as error:
        raise BadInput(f"DicomNode {name} can't be read: correct it and apply it again") from error
    return Peer(
        name=name,
        ae_title=spec.ae_title.strip(),
        host=spec.host,
        port=spec.port,
        may_send=spec.may_send,
        may_receive=spec.may_receive,
    )
