"""The Job's pod failure policy: what ends it at once, and what uses up no retry (pure)."""

from collections.abc import Sequence
from typing import Any

from meninx.controller.job.causes import BAD_RESULT, BY_EXIT, kind_of

Manifest = dict[str, Any]

MOST_RULES = 20
"""Kubernetes takes no more. What is left out costs attempts, never retries: see `attempts`."""
_DISRUPTED: Manifest = {
    "action": "Ignore",
    "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}],
}


def _final_everywhere() -> list[int]:
    """Return the exit codes that are final whatever container gives them."""
    codes = {code for (_, code), cause in BY_EXIT.items() if code and cause.again == "never"}
    return sorted(codes - {BAD_RESULT})


def _codes(container: str, *, final: bool) -> list[int]:
    kind = kind_of(container)
    return [
        code
        for (named, code), cause in BY_EXIT.items()
        if named == kind and code and (cause.again == "never" if final else not cause.counts)
    ]


def _late(container: str) -> bool:
    """Put weights last: where rules run out, it is theirs that can be spared."""
    return kind_of(container) == "weights"


def _on_exit(action: str, codes: Sequence[int], container: str | None = None) -> Manifest:
    which = {"containerName": container} if container else {}
    return {"action": action, "onExitCodes": {**which, "operator": "In", "values": list(codes)}}


def failure_policy(containers: Sequence[str]) -> Manifest:
    """Return the policy of a pod with these containers; the first rule that matches decides."""
    everywhere = _final_everywhere()
    own = ((name, set(_codes(name, final=True)) - set(everywhere)) for name in containers)
    final = [_on_exit("FailJob", sorted(codes), name) for name, codes in own if codes]
    given = ((name, _codes(name, final=False)) for name in sorted(containers, key=_late))
    free = [_on_exit("Ignore", codes, name) for name, codes in given if codes]
    rules = [_DISRUPTED, _on_exit("FailJob", everywhere), *final, *free]
    return {"rules": rules[:MOST_RULES]}
