"""Which fields the installed definitions lack: the API server drops what they don't know, in silence."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from meninx.kube.kinds import AIMODEL, AIPIPELINE, DEFINITION, INFERENCEJOB, TRAININGJOB, Kind
from meninx.resources.crd import all_manifests

Schema = Mapping[str, Any]

NEEDED = (AIMODEL, AIPIPELINE, INFERENCEJOB, TRAININGJOB)
STRICT_CONCURRENCY = 1
"""What holds where a limit can't be written: its absence must not mean that there is none."""


class Reader(Protocol):
    """What of the API server is needed here."""

    def get(self, kind: Kind, namespace: str | None, name: str) -> dict[str, Any] | None:
        """Return an object, or None where it does not exist."""
        ...


@dataclass(frozen=True)
class Lacking:
    """The fields that the operator needs and the installed definitions lack."""

    fields: tuple[str, ...] = ()
    """As `AIModel.spec.concurrency`, in order; a list's items are `[]`."""

    def has(self, kind: Kind, path: str) -> bool:
        """Tell whether a field of a kind is among them."""
        return f"{kind.kind}.{path}" in self.fields or kind.kind in self.fields

    def sentence(self) -> str:
        """Return what to say of it, remedy included; empty where nothing lacks."""
        if not self.fields:
            return ""
        named = ", ".join(self.fields)
        return (
            f"The installed definitions lack what this operator needs: {named}. What is written "
            "there is dropped by the API server; limits among it count as the strictest. Upgrade "
            "the chart with crds.install true, or apply the crds/ of this version."
        )


def lacking_fields(needed: Schema, installed: Schema, path: str = "") -> Iterator[str]:
    """Yield the paths of properties that only the first schema has; not those below a missing one."""
    have = installed.get("properties") or {}
    if not have and installed.get("x-kubernetes-preserve-unknown-fields"):
        return
    for name, part in (needed.get("properties") or {}).items():
        below = f"{path}.{name}" if path else name
        if name not in have:
            yield below
        else:
            yield from lacking_fields(part, have[name], below)
    items = needed.get("items")
    if items:
        yield from lacking_fields(items, installed.get("items") or {}, f"{path}[]")


def open_api(definition: Schema, version: str) -> Schema:
    """Return the schema of a version as a definition has it; empty where there is none."""
    versions = (definition.get("spec") or {}).get("versions") or ()
    found: Schema = next((item for item in versions if item.get("name") == version), {})
    schema: Schema = (found.get("schema") or {}).get("openAPIV3Schema") or {}
    return schema


def lacking(api: Reader) -> Lacking:
    """Compare what we need with what is installed."""
    ours = all_manifests()
    found: list[str] = []
    for kind in NEEDED:
        installed = api.get(DEFINITION, None, f"{kind.plural}.{kind.group}")
        if installed is None:
            found.append(kind.kind)
            continue
        needed = open_api(ours[kind.plural], kind.version)
        paths = lacking_fields(needed, open_api(installed, kind.version))
        found += [f"{kind.kind}.{path}" for path in paths]
    return Lacking(tuple(found))
