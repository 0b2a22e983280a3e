"""The containers of a job's pod: ours, and the steps between them (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from meninx.controller.job import needs, weights
from meninx.controller.job.chain import Chain, ChainStep
from meninx.controller.job.steps import DELIVER, FETCH, GATE
from meninx.controller.settings import PodSettings
from meninx.resources.aipipeline import When
from meninx.resources.dialect import dialect
from meninx.resources.task import Task

Manifest = dict[str, Any]

INPUT, OUTPUT, SOURCE = "/meninx/input", "/meninx/output", "/meninx/source"
STUDY, OUTPUTS, GATES = "/meninx/study", "/meninx/outputs", "/meninx/gates"
CREDENTIAL, TOKEN_KEY = "/meninx/credential", "token"
CLAIM = "/meninx/claim"
TMP = "/tmp"  # noqa: S108 - an emptyDir of each container's own
SHELL = f"{GATES}/busybox"
RUN_UNLESS_MARKED = '[ ! -e "$0" ] || exit 0; exec "$@"'
"""What a step with `when` runs: nothing where its gate left a mark, else its own command."""

USER = 65532
_SECURITY = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
_OWN_RESOURCES = {
    FETCH: {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "2Gi"}},
    GATE: {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "512Mi"}},
    DELIVER: {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "3Gi"}},
}


@dataclass(frozen=True)
class Place:
    """A step in its chain: where its input comes from."""

    step: ChainStep
    before: ChainStep | None
    """The step whose output it reads; None for the first, which reads what `fetch` wrote."""

    @property
    def when(self) -> When | None:
        """Return the condition on which the step runs."""
        return self.step.when

    def input(self, path: str = INPUT) -> Manifest:
        """Return the mount of what the step reads."""
        volume = "input" if self.before is None else output_of(self.before.name)
        return mount(volume, path, read_only=True)


def places(chain: Chain) -> list[Place]:
    """Return the steps of a chain, each with the one before it."""
    return [
        Place(step, before) for step, before in zip(chain.steps, (None, *chain.steps), strict=False)
    ]


def output_of(step: str) -> str:
    """Name the volume that a step writes to."""
    return f"output-{step}"


def mount(volume: str, path: str, *, read_only: bool = False) -> Manifest:
    """Return the mount of a volume."""
    made: Manifest = {"name": volume, "mountPath": path}
    return {**made, "readOnly": True} if read_only else made


def env(**values: str) -> list[Manifest]:
    """Return variables of a container."""
    return [{"name": name, "value": value} for name, value in values.items()]


def container(
    name: str,
    image: str,
    mounts: Sequence[Manifest],
    variables: Sequence[Manifest],
    *,
    home: str | None = TMP,
) -> Manifest:
    """Return what every container has: a read-only root, no capabilities, its own /tmp."""
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "env": [*variables, *(env(HOME=home) if home else ())],
        "volumeMounts": [*mounts, mount(f"tmp-{name}", TMP)],
        "securityContext": _SECURITY,
    }


def fetch(work: Task, settings: PodSettings) -> Manifest:
    """Return the first container: it brings the input, with the job's credential."""
    mounts = [mount("input", INPUT), mount("source", SOURCE), _credential()]
    variables = [*_told(work, settings), *env(MENINX_INPUT=INPUT, MENINX_SOURCE=SOURCE)]
    if work.folder is not None:
        mounts.append(mount("claim", CLAIM, read_only=True))
        variables += env(MENINX_CLAIM=CLAIM)
    return _own(FETCH, settings, mounts, variables)


def deliver(work: Task, chain: Chain, settings: PodSettings) -> Manifest:
    """Return the last container: it stores what the steps wrote, with the job's credential."""
    mounts = [*_results(chain), mount("source", SOURCE, read_only=True), _credential()]
    where = {"MENINX_OUTPUTS": OUTPUTS} if chain.pipeline else {"MENINX_OUTPUT": OUTPUT}
    if any(step.when for step in chain.steps):
        mounts.append(mount("gates", GATES, read_only=True))
        where["MENINX_GATES"] = GATES
    variables = [*_told(work, settings), *env(**where, MENINX_SOURCE=SOURCE)]
    return _own(DELIVER, settings, mounts, variables)


def gate(place: Place, when: When, settings: PodSettings) -> Manifest:
    """Return the container that decides whether a step runs, and passes its input on if not."""
    name = place.step.name
    mounts = [
        place.input(),
        mount(output_of(name), OUTPUT),
        mount(output_of(when.step), f"{OUTPUTS}/{when.step}", read_only=True),
        mount("gates", GATES),
    ]
    variables = env(
        MENINX_STEP=name,
        MENINX_WHEN=when.model_dump_json(by_alias=True, exclude_none=True),
        MENINX_INPUT=INPUT,
        MENINX_OUTPUT=OUTPUT,
        MENINX_OUTPUTS=OUTPUTS,
        MENINX_GATES=GATES,
    )
    made = container(f"{GATE}-{name}", settings.image, mounts, variables)
    return {**made, "command": ["meninx", "gate"], "resources": _OWN_RESOURCES[GATE]}


def weights_of(its: ChainStep, chain: Chain, settings: PodSettings) -> list[Manifest]:
    """Return the container that brings a step's weights, where they have to be brought."""
    found = weights.weights_step(its, chain.start_deadline_seconds)
    if found is None:
        return []
    made = container(found.name, settings.image, found.mounts, env(**found.env))
    return [{**made, "command": list(found.command), "resources": weights.RESOURCES}]


def step(place: Place, claims: Sequence[needs.Claim] = ()) -> Manifest:
    """Return a step's own container: its image, neither credential nor source images."""
    its = place.step
    spoken = dialect(its.contract)
    mounts = [
        *(place.input(path) for path in spoken.input_paths),
        *(mount(output_of(its.name), path) for path in spoken.output_paths),
        *(mount(scratch, path) for scratch, path in scratch_of(its)),
        *weights.model_mounts(its),
        *needs.shared_memory_mounts(its),
    ]
    if place.before is not None:
        mounts.append(mount("input", STUDY, read_only=True))
    if its.when is not None:
        mounts.append(mount("gates", GATES, read_only=True))
    variables = env(**spoken.environment, **_study(place), **weights.model_env(its))
    made = container(its.name, its.image, mounts, variables, home=spoken.home)
    return {
        **made,
        **_command(its),
        "securityContext": _security(spoken.user),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "resources": needs.container_resources(its.resources, claims),
    }


def scratch_of(its: ChainStep) -> list[tuple[str, str]]:
    """Return volume and path of each further folder that the step may write to."""
    paths = dialect(its.contract).scratch_paths
    return [(f"scratch-{its.name}-{number}", path) for number, path in enumerate(paths, start=1)]


def _study(place: Place) -> dict[str, str]:
    """Return where the step finds what `fetch` wrote, whatever the steps between made of it."""
    if place.step.contract != "Meninx":
        return {}
    return {"MENINX_STUDY": INPUT if place.before is None else STUDY}


def _security(user: int) -> Manifest:
    return _SECURITY if user == USER else {**_SECURITY, "runAsUser": user, "runAsGroup": user}


def _command(its: ChainStep) -> Mapping[str, list[str]]:
    """Return command and args where the image's own don't hold."""
    command = list(its.command or ())
    if its.when is not None:
        mark = f"{GATES}/{its.name}.skipped"
        command = [SHELL, "sh", "-c", RUN_UNLESS_MARKED, mark, *command]
    wanted = {"command": command, "args": list(its.args or ())}
    return {key: words for key, words in wanted.items() if words}


def _results(chain: Chain) -> list[Manifest]:
    if not chain.pipeline:
        return [mount(output_of(its.name), OUTPUT, read_only=True) for its in chain.steps]
    return [
        mount(output_of(its.name), f"{OUTPUTS}/{its.name}", read_only=True) for its in chain.steps
    ]


def _own(
    name: str, settings: PodSettings, mounts: Sequence[Manifest], variables: Sequence[Manifest]
) -> Manifest:
    made = container(name, settings.image, mounts, variables)
    return {**made, "command": ["meninx", name], "resources": _OWN_RESOURCES[name]}


def _told(work: Task, settings: PodSettings) -> list[Manifest]:
    return env(
        MENINX_TASK=work.model_dump_json(by_alias=True, exclude_none=True),
        MENINX_STORE_URL=settings.store_url,
        MENINX_TOKEN_FILE=f"{CREDENTIAL}/{TOKEN_KEY}",
    )


def _credential() -> Manifest:
    return mount("credential", CREDENTIAL, read_only=True)
