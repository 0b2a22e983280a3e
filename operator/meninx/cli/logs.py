"""`meninx logs JOB`: what all steps of a job have written, in order."""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from meninx.base.errors import NotFound
from meninx.cli.explain import find
from meninx.cli.output import add_namespace, namespace
from meninx.kube.client import Api, KubeApi
from meninx.kube.kinds import INFERENCEJOB, POD, TRAININGJOB
from meninx.kube.logs import container_log
from meninx.resources import names

Manifest = Mapping[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("job", metavar="JOB", help="name of the InferenceJob or TrainingJob")
    add_namespace(parser)
    parser.add_argument("--step", help="only this step, such as fetch, model or deliver")
    parser.add_argument("--tail", type=int, default=1000, help="last lines of each step")


def run(args: argparse.Namespace) -> int:
    """Print a heading and the log of each step of each attempt."""
    api, where = KubeApi.connect(), namespace(args)
    job = find(api, where, args.job)
    pods = attempts(api, where, args.job, kind=job["kind"])
    if not pods:
        raise NotFound(
            f"{job['kind']} {args.job} has no pod now (it waits, or its pods were removed): "
            f"meninx explain {args.job} says why"
        )
    for pod, container in parts(pods, args.step):
        print(heading(pod, container))
        text = container_log(api, where, pod["metadata"]["name"], container, tail=args.tail)
        print(text.rstrip("\n") or "(nothing written)", flush=True)
    return 0


def attempts(
    api: Api, where: str, job: str, *, kind: str = INFERENCEJOB.kind
) -> list[dict[str, Any]]:
    """Return the pods of a job that there are, oldest first."""
    mark = names.LABEL_TRAINING if kind == TRAININGJOB.kind else names.LABEL_JOB
    pods = api.list(POD, where, labels={mark: names.label_value(job)})
    return sorted(pods, key=lambda pod: str(pod["metadata"].get("creationTimestamp")))


def parts(pods: Sequence[Manifest], step: str | None) -> Iterator[tuple[Manifest, str]]:
    """Yield each pod with each of its containers, in the order in which they run.

    Raises NotFound where a step is named that no pod has.
    """
    found = [(pod, name) for pod in pods for name in _containers(pod) if step in {None, name}]
    if not found:
        known = ", ".join(dict.fromkeys(name for pod in pods for name in _containers(pod)))
        raise NotFound(f"no step {step}: there are {known}")
    yield from found


def _containers(pod: Manifest) -> list[str]:
    spec = pod.get("spec") or {}
    return [one["name"] for key in ("initContainers", "containers") for one in spec.get(key) or ()]


def heading(pod: Manifest, container: str) -> str:
    """Return the line above a step's log: which step, of which pod, and how it ended."""
    return f"==> {container} ({pod['metadata']['name']}): {_state(pod, container)} <=="


def _state(pod: Manifest, container: str) -> str:
    status = pod.get("status") or {}
    statuses = [
        *(status.get("initContainerStatuses") or ()),
        *(status.get("containerStatuses") or ()),
    ]
    state = next((one.get("state") or {} for one in statuses if one.get("name") == container), {})
    if ended := state.get("terminated"):
        return f"ended with exit code {ended.get('exitCode')}, {ended.get('reason')}"
    if "running" in state:
        return "runs"
    return f"waits ({(state.get('waiting') or {}).get('reason') or 'not started'})"
