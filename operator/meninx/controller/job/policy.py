"""The Job's pod failure policy: what ends it at once, and what uses up no retry (pure)."""

from collections.abc import Sequence
from typing import Any

from meninx.controller.job.causes import BY_EXIT, INPUT_NOT_USABLE, NOT_FINITE, kind_of
from meninx.controller.job.steps import DELIVER, FETCH

Manifest = dict[str, Any]

EVERYWHERE = (INPUT_NOT_USABLE, NOT_FINITE)
"""Exit codes that are final whatever container gives them."""
MOST_RULES = 20
"""Kubernetes takes no more. What is left out costs attempts, never retries: see `attempts`."""
_DISRUPTED: Manifest = {
    "action": "Ignore",
    "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}],
}


def _codes(container: str, *, final: bool) -> list[int]:
    kind = kind_of(container)
    return [
        code
        for (named, code), cause in BY_EXIT.items()
        if named == kind and code and (cause.again == "never" if final else not cause.counts)
    ]


def _on_exit(action: str, codes: Sequence[int], container: str | None = None) -> Manifest:
    which = {"containerName": container} if container else {}
    return {"action": action, "onExitCodes": {**which, "operator": "In", "values": list(codes)}}


def failure_policy(containers: Sequence[str]) -> Manifest:
    """Return the policy of a pod with these containers; the first rule that matches decides."""
    own = ((name, set(_codes(name, final=True)) - set(EVERYWHERE)) for name in containers)
    final = [_on_exit("FailJob", sorted(codes), name) for name, codes in own if codes]
    given = ((name, _codes(name, final=False)) for name in containers)
    free = {name: _on_exit("Ignore", codes, name) for name, codes in given if codes}
    store = [free.pop(name) for name in (FETCH, DELIVER) if name in free]
    rules = [_DISRUPTED, _on_exit("FailJob", EVERYWHERE), *store, *final, *free.values()]
    return {"rules": rules[:MOST_RULES]}
