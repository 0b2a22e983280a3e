"""What containers of a pod have written, as the kubelet keeps it."""

from meninx.base.errors import BadInput, NotFound
from meninx.kube.client import KubeApi
from meninx.kube.kinds import POD

_NOT_STARTED = "is waiting to start"


def container_log(api: KubeApi, namespace: str, pod: str, container: str, *, tail: int) -> str:
    """Return the last lines of a container's log; empty where it has not started or is gone."""
    path = POD.path(namespace, pod, subresource="log")
    query = {"container": container, "tailLines": str(tail)}
    try:
        return api.text(path, f"log of {pod}/{container}", query=query)
    except NotFound:
        return ""
    except BadInput as error:
        if _NOT_STARTED in str(error) or "not available" in str(error):
            return ""
        raise
