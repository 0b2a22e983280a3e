"""The step before a model: its weights from an address or a volume, checked while they are read."""

import hashlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit

import aiohttp
from yarl import URL

from meninx.base.errors import BadInput, NotFound, Rejected, Unauthorised, Unavailable
from meninx.base.logs import Log
from meninx.base.settings import Environment
from meninx.resources.reasons import Reason
from meninx.steps import contract
from meninx.steps.download import Answer, get
from meninx.steps.patience import Patience, Timer, patiently

_log = Log("meninx.steps")
_CHUNK = 1 << 20
_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=60)
_UNREACHED = (BadInput, NotFound, Unauthorised, Unavailable)
_SHOWN = 12
"""Digits of a digest that tell it from others."""


@dataclass(frozen=True)
class Wanted:
    """Which weights, from where, and where the model will look for them."""

    uri: str = field(repr=False)
    sha256: str
    target: Path
    patience: Patience
    claim: Path | None = None
    """Folder where the volume of a pvc:// address is mounted."""
    token: str | None = field(default=None, repr=False)

    @classmethod
    def of_pod(cls, environment: Environment) -> "Wanted":
        """Read what the pod's variables say."""
        claim = environment.text(contract.WEIGHTS_CLAIM, "")
        secret = contract.WEIGHTS_TOKEN_FILE in environment.values
        name = contract.WEIGHTS_TOKEN_FILE.removesuffix("_FILE")
        return cls(
            uri=environment.text(contract.WEIGHTS_URI),
            sha256=environment.text(contract.WEIGHTS_SHA256),
            target=Path(environment.text(contract.WEIGHTS)),
            patience=Patience(environment.number("MENINX_PATIENCE_SECONDS", 600)),
            claim=Path(claim) if claim else None,
            token=environment.secret(name).decode() if secret else None,
        )


async def bring(wanted: Wanted, *, timer: Timer) -> int:
    """Bring the weights and return their size in bytes; the file is there whole, or not at all.

    Raises Rejected with WeightsMismatch, or with WeightsFailed where trying again is of no use or
    did not help in time.
    """
    try:
        size = await patiently(
            partial(_attempt, wanted), wanted.patience, timer=timer, step="weights"
        )
    except Rejected:
        raise
    except _UNREACHED as error:
        raise Rejected(Reason.WEIGHTS_FAILED, f"{str(error).rstrip('.')}.") from error
    _log.info("the weights are there", step="weights", size=size)
    return size


async def _attempt(wanted: Wanted) -> int:
    part = wanted.target.with_name(f".{wanted.target.name}.part")
    part.parent.mkdir(parents=True, exist_ok=True)
    try:
        with part.open("wb") as file:
            async with _opened(wanted) as answer:
                found, size = await _copy(answer, file)
        if found != wanted.sha256:
            raise Rejected(Reason.WEIGHTS_MISMATCH, _differs(wanted, answer, found))
        part.rename(wanted.target)
    finally:
        part.unlink(missing_ok=True)
    return size


async def _copy(answer: Answer, file: IO[bytes]) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    async for chunk in answer.chunks:
        digest.update(chunk)
        size += file.write(chunk)
    return digest.hexdigest(), size


def _differs(wanted: Wanted, answer: Answer, found: str) -> str:
    page = " It answered with a web page: does it want a login?" if answer.is_page else ""
    return (
        f"From {answer.place} came a file with sha256 {found[:_SHOWN]}, "
        f"the AIModel names {wanted.sha256[:_SHOWN]}.{page}"
    )


@asynccontextmanager
async def _opened(wanted: Wanted) -> AsyncIterator[Answer]:
    if urlsplit(wanted.uri).scheme == "pvc":
        path = _in_claim(wanted)
        with path.open("rb") as file:
            yield Answer(_pieces(file), place=f"pvc://{urlsplit(wanted.uri).netloc}")
        return
    # made now, not on import: SSL_CERT_FILE may name a hospital's own authority
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context())
    async with (
        aiohttp.ClientSession(
            connector=connector, timeout=_TIMEOUT, auto_decompress=False
        ) as session,
        get(session, URL(wanted.uri), wanted.token) as answer,
    ):
        yield answer


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    while piece := file.read(_CHUNK):
        yield piece


def _in_claim(wanted: Wanted) -> Path:
    parts = urlsplit(wanted.uri)
    place = f"pvc://{parts.netloc}"
    root = (wanted.claim or Path("/nowhere")).resolve()
    path = (root / unquote(parts.path).lstrip("/")).resolve()
    if not path.is_relative_to(root):
        raise Rejected(Reason.WEIGHTS_FAILED, f"The path in {place} leads out of the volume.")
    if not path.is_file():
        said = f"{place} has no file at the path that weights.uri names."
        raise Rejected(Reason.WEIGHTS_FAILED, said)
    return path
