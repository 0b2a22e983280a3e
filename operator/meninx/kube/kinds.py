"""Which kinds we talk about and where the API server serves them."""

from dataclasses import dataclass

from meninx.resources.meta import GROUP, VERSION


@dataclass(frozen=True)
class Kind:
    """One kind of object and its place in the API."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """Return group/version as manifests write it (the core group has no group)."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(
        self, namespace: str | None, name: str | None = None, *, subresource: str | None = None
    ) -> str:
        """Return the URL path of one object, or of the collection where no name is given."""
        parts = ["/apis" if self.group else "/api", self.api_version]
        if self.namespaced and namespace:
            parts += ["namespaces", namespace]
        parts.append(self.plural)
        parts += [part for part in (name, subresource) if part]
        return "/".join(parts)


AIMODEL = Kind(GROUP, VERSION, "aimodels", "AIModel")
AIPIPELINE = Kind(GROUP, VERSION, "aipipelines", "AIPipeline")
INFERENCEJOB = Kind(GROUP, VERSION, "inferencejobs", "InferenceJob")
TRAININGJOB = Kind(GROUP, VERSION, "trainingjobs", "TrainingJob")
STUDYROUTE = Kind(GROUP, VERSION, "studyroutes", "StudyRoute")
DICOMNODE = Kind(GROUP, VERSION, "dicomnodes", "DicomNode")
JOB = Kind("batch", "v1", "jobs", "Job")
POD = Kind("", "v1", "pods", "Pod")
CLAIM_TEMPLATE = Kind("resource.k8s.io", "v1", "resourceclaimtemplates", "ResourceClaimTemplate")
SECRET = Kind("", "v1", "secrets", "Secret")
NODE = Kind("", "v1", "nodes", "Node", namespaced=False)
LEASE = Kind("coordination.k8s.io", "v1", "leases", "Lease")
EVENT = Kind("", "v1", "events", "Event")
DEFINITION = Kind(
    "apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition",
    namespaced=False,
)  # fmt: skip
