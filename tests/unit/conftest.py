"""Unit tests reach no further than this machine's loopback."""

import ipaddress
import socket
from collections.abc import Callable
from typing import Any

import pytest

_LOCAL_NAMES = {"", "localhost", None}


def _is_local(host: object) -> bool:
    if isinstance(host, bytes):
        host = host.decode()
    if host in _LOCAL_NAMES:
        return True
    try:
        address = ipaddress.ip_address(str(host))
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _guarded(original: Callable[..., Any]) -> Callable[..., Any]:
    def guard(self: socket.socket, address: Any, *rest: Any) -> Any:
        if self.family in {socket.AF_INET, socket.AF_INET6} and not _is_local(address[0]):
            raise AssertionError(f"a unit test reached for the network: {address}")
        return original(self, address, *rest)

    return guard


@pytest.fixture(autouse=True)
def no_network_beyond_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail a test that connects to, or looks up, another machine."""
    monkeypatch.setattr(socket.socket, "connect", _guarded(socket.socket.connect))
    monkeypatch.setattr(socket.socket, "connect_ex", _guarded(socket.socket.connect_ex))
    lookup = socket.getaddrinfo

    def local_lookup(host: Any, *rest: Any, **options: Any) -> Any:
        if not _is_local(host):
            raise AssertionError(f"a unit test looked up another machine: {host!r}")
        return lookup(host, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", local_lookup)
