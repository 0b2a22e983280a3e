"""How the models become custom resource definitions: schema, rules, columns, categories (pure)."""

from dataclasses import dataclass
from typing import Any

from meninx.resources.aimodel import AIModel
from meninx.resources.aipipeline import AIPipeline
from meninx.resources.dicomnode import DicomNode
from meninx.resources.inferencejob import InferenceJob
from meninx.resources.meta import GROUP, VERSION, Shape
from meninx.resources.studyroute import StudyRoute
from meninx.resources.trainingjob import TrainingJob

Schema = dict[str, Any]

_RULES = "x-kubernetes-validations"
_DROPPED = {"title", "additionalProperties", "$defs", "$ref", "anyOf", "const"}
_ROOT = {
    "apiVersion": {"type": "string", "description": "Version of the schema of this object."},
    "kind": {"type": "string", "description": "Kind of this object."},
    "metadata": {"type": "object"},
}


@dataclass(frozen=True)
class Column:
    """A column of `kubectl get`; priority 1 shows only with `-o wide`."""

    name: str
    path: str
    type: str = "string"
    priority: int = 0
    description: str = ""

    def manifest(self) -> Schema:
        """Return the column as the API server takes it."""
        shown: Schema = {"name": self.name, "type": self.type, "jsonPath": self.path}
        if self.priority:
            shown["priority"] = self.priority
        if self.description:
            shown["description"] = self.description
        return shown


_AGE = Column("Age", ".metadata.creationTimestamp", "date")
_WHY = Column(
    "Why",
    '.status.conditions[?(@.status!="True")].reason',
    description="Reason of the first condition that is not true.",
)
_MESSAGE = Column("Message", '.status.conditions[?(@.status!="True")].message', priority=1)


@dataclass(frozen=True)
class Definition:
    """A kind: its model, names and columns."""

    model: type[Shape]
    plural: str
    short: str
    columns: tuple[Column, ...]


DEFINITIONS = (
    Definition(
        AIModel,
        "aimodels",
        "aim",
        (
            Column("Version", ".spec.version"),
            Column("Ready", '.status.conditions[?(@.type=="Ready")].status'),
            Column("Reason", '.status.conditions[?(@.type=="Ready")].reason'),
            Column("Running", ".status.running", "integer"),
            Column("Waiting", ".status.waiting", "integer"),
            Column("Dice", ".status.quality.dice", "number"),
            Column("Current", ".spec.current.name", priority=1),
            Column("Version-Of", ".spec.versionOf.name", priority=1),
            Column("Image", ".spec.image", priority=1),
            _MESSAGE,
            _AGE,
        ),
    ),
    Definition(
        AIPipeline,
        "aipipelines",
        "aip",
        (
            Column("Version", ".spec.version"),
            Column("Ready", '.status.conditions[?(@.type=="Ready")].status'),
            Column("Reason", '.status.conditions[?(@.type=="Ready")].reason'),
            _MESSAGE,
            _AGE,
        ),
    ),
    Definition(
        DicomNode,
        "dicomnodes",
        "dn",
        (
            Column("AE", ".spec.aeTitle"),
            Column("Host", ".spec.host"),
            Column("Port", ".spec.port", "integer"),
            Column("Sends", ".spec.maySend", "boolean"),
            Column("Receives", ".spec.mayReceive", "boolean"),
            Column("Reachable", '.status.conditions[?(@.type=="Reachable")].status'),
            Column("Waiting", ".status.outboxDepth", "integer"),
            Column("Delivered", ".status.lastDelivered", "date", priority=1),
            _MESSAGE,
            _AGE,
        ),
    ),
    Definition(
        InferenceJob,
        "inferencejobs",
        "ij",
        (
            Column("Phase", ".status.phase"),
            _WHY,
            Column("Queue", ".status.queue.position", "integer"),
            Column("Model", ".spec.modelRef.name"),
            Column("Pipeline", ".spec.pipelineRef.name", priority=1),
            Column("Priority", ".spec.priority"),
            Column("Findings", ".status.results.findings", "integer"),
            Column("Attempts", ".status.attempts", "integer", priority=1),
            Column("Job", ".status.jobName", priority=1),
            _MESSAGE,
            _AGE,
        ),
    ),
    Definition(
        StudyRoute,
        "studyroutes",
        "sr",
        (
            Column("Model", ".spec.modelRef.name"),
            Column("Pipeline", ".spec.pipelineRef.name", priority=1),
            Column("Valid", '.status.conditions[?(@.type=="Valid")].status'),
            Column("Matched", ".status.matched", "integer"),
            Column("Refused", ".status.refused", "integer"),
            Column("Last-Refusal", ".status.refusals[0].reason"),
            Column("Refusal", ".status.refusals[0].message", priority=1),
            _AGE,
        ),
    ),
    Definition(
        TrainingJob,
        "trainingjobs",
        "tj",
        (
            Column("Phase", ".status.phase"),
            _WHY,
            Column("Epoch", ".status.progress.epoch", "integer"),
            Column("Epochs", ".status.progress.epochs", "integer"),
            Column("Loss", ".status.progress.loss", "number", priority=1),
            Column("Best-Dice", ".status.progress.bestDice", "number"),
            Column("Model", ".status.registered"),
            Column("Gate", ".status.gate.decision"),
            Column("Attempts", ".status.attempts", "integer", priority=1),
            Column("Job", ".status.jobName", priority=1),
            _MESSAGE,
            _AGE,
        ),
    ),
)


def structural(schema: Schema, definitions: Schema) -> Schema:
    """Turn one JSON schema of pydantic into a structural one: inlined, typed, no null branches."""
    if "$ref" in schema:
        target = definitions[schema["$ref"].rpartition("/")[2]]
        return structural(_merged(target, schema), definitions)
    if "anyOf" in schema:
        (branch,) = (part for part in schema["anyOf"] if part.get("type") != "null")
        return structural(_merged(branch, schema), definitions)
    out = {key: value for key, value in schema.items() if key not in _DROPPED}
    if "const" in schema:
        out["enum"] = [schema["const"]]
    if "default" in out:
        out |= _default(out.pop("default"))
    if "properties" in schema:
        out["properties"] = {
            name: structural(part, definitions) for name, part in schema["properties"].items()
        }
    elif isinstance(schema.get("additionalProperties"), dict):
        out["additionalProperties"] = structural(schema["additionalProperties"], definitions)
    if "items" in schema:
        out["items"] = structural(schema["items"], definitions)
    return out


def _merged(target: Schema, user: Schema) -> Schema:
    """Return the target of a reference with what its user says on top; rules of both hold."""
    merged = target | {key: value for key, value in user.items() if key not in {"$ref", "anyOf"}}
    rules = [*target.get(_RULES, []), *user.get(_RULES, [])]
    return merged | ({_RULES: rules} if rules else {})


def _default(value: Any) -> Schema:
    """Return a default without the nulls and empty parts that the API server would refuse or drop."""
    if isinstance(value, dict):
        kept = {key: _default(part) for key, part in value.items()}
        return {"default": {key: part["default"] for key, part in kept.items() if part}}
    return {} if value is None or value == [] else {"default": value}


def _open_api(model: type[Shape]) -> Schema:
    schema = model.model_json_schema(by_alias=True)
    definitions = schema["$defs"]
    root = structural(
        schema | {"properties": {k: v for k, v in schema["properties"].items() if k not in _ROOT}},
        definitions,
    )
    root["properties"]["status"].pop("default", None)
    root["properties"] = _ROOT | root["properties"]
    root["required"] = ["spec"]
    return root


def manifest(definition: Definition) -> Schema:
    """Return the CustomResourceDefinition of one kind."""
    kind = definition.model.__name__
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{definition.plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": kind,
                "listKind": f"{kind}List",
                "plural": definition.plural,
                "singular": kind.lower(),
                "shortNames": [definition.short],
                "categories": ["meninx"],
            },
            "versions": [
                {
                    "name": VERSION,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": [c.manifest() for c in definition.columns],
                    "schema": {"openAPIV3Schema": _open_api(definition.model)},
                }
            ],
        },
    }


def all_manifests() -> dict[str, Schema]:
    """Return every CustomResourceDefinition by the plural of its kind."""
    return {definition.plural: manifest(definition) for definition in DEFINITIONS}
