"""What every handler needs: the store, the key of the tokens, the clock, and whether we live."""

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from meninx.base.clock import Clock
from meninx.store.store import Store


@dataclass(frozen=True)
class Site:
    """One process's web side."""

    store: Store
    signing_key: bytes
    clock: Clock
    alive: Callable[[], bool]
    """False where only a restart helps."""
    ready: Callable[[], bool]
    """False while the process should get no work."""


SITE = web.AppKey("site", Site)
