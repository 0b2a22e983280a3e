"""The operator's own parts on an API server in memory, with watches that a test holds back."""

from tests.support.make import NAMESPACE
from tests.support.small_cluster import SmallCluster

from meninx.base.errors import MeninxError
from meninx.controller.cache import Cache
from meninx.controller.keys import Key
from meninx.controller.metrics import Metrics
from meninx.controller.queue.snapshot import Limits
from meninx.controller.reconcile import Reconciler
from meninx.controller.settings import PodSettings, Settings
from meninx.controller.turns import Turns
from meninx.kube.kinds import AIMODEL, INFERENCEJOB, JOB, NODE, POD

SETTINGS = Settings(NAMESPACE, PodSettings("meninx", "http://store"), signing_key=b"k")
KINDS = (AIMODEL, INFERENCEJOB, JOB, POD, NODE)


class Operator:
    """The operator's own parts, with watches that a test holds back."""

    def __init__(self, cluster: SmallCluster) -> None:
        self.cluster, clock = cluster, cluster.clock
        self.cache = Cache()
        self.turns = Turns(
            self.cache, limits=Limits(preempt=True), time=lambda: clock.now().timestamp()
        )
        self.cache.listen(self.turns.heard)
        self.look = Reconciler(
            cluster.kube, self.cache, SETTINGS, clock=clock, metrics=Metrics(),
            turns=self.turns,
        )  # fmt: skip
        self.see()

    def see(self, late: frozenset[str] = frozenset()) -> None:
        """Take in what has happened; the watches that are late show nothing."""
        for kind in KINDS:
            if kind.plural in late:
                continue
            found = self.cluster.all(kind)
            for manifest in found:
                self.cache.changed(kind, "MODIFIED", manifest)
            versions = self.cache.versions(kind).values()
            self.cache.listed(
                kind, {m["metadata"]["name"] for m in found}, str(max(versions, default=0))
            )

    def work(self) -> None:
        """Make a plan, and look at every job; what fails is tried at another time."""
        self.turns.recompute(self.cluster.clock.now())
        for name in self.cache.versions(INFERENCEJOB):
            try:
                self.look(Key(INFERENCEJOB.kind, NAMESPACE, name))
            except MeninxError:
                continue
