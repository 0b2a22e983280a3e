"""One GET over HTTP: redirects followed by hand, so that a credential never leaves its host."""

import errno
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import aiohttp
from yarl import URL

from meninx.base.errors import BadInput, NotFound, OutOfSpace, Unauthorised, Unavailable

_MOVED = frozenset({301, 302, 303, 307, 308})
_MOST_MOVES = 5
_CHUNK = 1 << 18


@dataclass(frozen=True)
class Answer:
    """A file as it comes, piece by piece."""

    chunks: AsyncIterator[bytes]
    place: str
    """Where it comes from, for people: without path and query, which may hold a secret."""
    is_page: bool = False


def place_of(url: URL) -> str:
    """Return an address for people."""
    return f"{url.scheme}://{url.host}"


@asynccontextmanager
async def get(session: aiohttp.ClientSession, url: URL, token: str | None) -> AsyncIterator[Answer]:
    """Open an address; `token` is sent to its own scheme, host and port only, and only by https.

    Raises Unavailable where trying again may help, else NotFound, Unauthorised or BadInput.
    """
    with _transport_errors(url):
        response = await _followed(session, url, token)
        async with response:
            _expect_file(response)
            page = response.content_type == "text/html"
            yield Answer(response.content.iter_chunked(_CHUNK), place_of(response.url), page)


async def _followed(
    session: aiohttp.ClientSession, url: URL, token: str | None
) -> aiohttp.ClientResponse:
    here = url
    for _ in range(_MOST_MOVES + 1):
        headers = {"Accept-Encoding": "identity"}
        if token and here.scheme == "https" and here.origin() == url.origin():
            headers["Authorization"] = f"Bearer {token}"
        response = await session.get(here, headers=headers, allow_redirects=False)
        target = response.headers.get("Location")
        if response.status not in _MOVED or not target:
            return response
        response.close()
        here = _moved(here, target)
    raise BadInput(f"{place_of(url)} redirects more than {_MOST_MOVES} times")


def _moved(here: URL, target: str) -> URL:
    try:
        there = here.join(URL(target))
    except ValueError as error:
        raise BadInput(f"{place_of(here)} redirects to what is no address") from error
    allowed = {"https"} if here.scheme == "https" else {"https", "http"}
    if there.scheme not in allowed or not there.host:
        raise BadInput(f"{place_of(here)} redirects to {there.scheme}://, which is not followed")
    return there


def _expect_file(response: aiohttp.ClientResponse) -> None:
    status, place = response.status, place_of(response.url)
    if status == 200:
        return
    if status in {401, 403}:
        raise Unauthorised(f"{place} answered {status}: check weights.secretRef and its token")
    if status in {404, 410}:
        raise NotFound(f"{place} answered {status}: there is no such file")
    if status in {408, 425, 429} or status >= 500:
        raise Unavailable(f"{place} answered {status}")
    raise BadInput(f"{place} answered {status}")


@contextmanager
def _transport_errors(url: URL) -> Iterator[None]:
    """A connection that breaks, and an answer that ends early, are the address being away."""
    place = place_of(url)
    try:
        yield
    except aiohttp.ClientConnectorCertificateError as error:
        raise BadInput(f"the certificate of {place} can't be verified") from error
    except aiohttp.InvalidURL as error:
        raise BadInput("weights.uri is no address") from error
    except (aiohttp.ClientError, TimeoutError) as error:
        raise Unavailable(f"{place} can't be reached ({type(error).__name__})") from error
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise OutOfSpace("no room for the weights on the node") from error
        raise
