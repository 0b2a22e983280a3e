"""The store away for a while: no pod of the ingress, so that its Service leads nowhere."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.e2e import mutation
from tests.e2e.failing import WORK, Failing, Lab, infers
from tests.e2e.site import Site

FETCHES, DELIVERS = "store-away-fetch", "store-away-deliver"
_PATIENCE = '[Object.spec.CONTAINERS.env{name: "MENINX_PATIENCE_SECONDS", value: "3"}]'
_TO_PACS = [{"name": "pacs"}]


def _impatient() -> str:
    """Return the change that lets fetch and deliver give up after 3 s, not after 2 minutes."""

    def one(containers: str, name: str) -> str:
        env = _PATIENCE.replace("CONTAINERS", containers)
        return f'{containers}: [Object.spec.{containers}{{name: "{name}", env: {env}}}]'

    return f"Object.spec{{{one('initContainers', 'fetch')}, {one('containers', 'deliver')}}}"


def without_the_store(place: Lab) -> dict[str, Failing]:
    """Return two jobs that met no store, one at its begin and one at its end; it is back by then."""
    with mutation.of_pods(place.site, "e2e-impatient", _impatient(), [FETCHES, DELIVERS]):
        delivers = place.begin(DELIVERS, f"sleep 10; {WORK}", destinations=_TO_PACS)
        delivers.pod(infers)
        with _store_away(place.site):
            fetches = place.begin(FETCHES, WORK, destinations=_TO_PACS)
            for job in (fetches, delivers):
                job.until("failed attempt", job.attempts)
    return {FETCHES: fetches, DELIVERS: delivers}


@contextmanager
def _store_away(site: Site) -> Iterator[None]:
    ingress = "statefulset/meninx-ingress"
    site.kubectl("scale", ingress, "--replicas=0")
    try:
        yield
    finally:
        site.kubectl("scale", ingress, "--replicas=1")
        site.kubectl("rollout", "status", ingress, "--timeout=120s")
