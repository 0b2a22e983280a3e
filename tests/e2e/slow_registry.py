"""A registry on this machine that serves one image, slowly: a pull that works but takes its time."""

import hashlib
import io
import json
import os
import platform
import struct
import tarfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DOCKER = "application/vnd.docker"
MANIFEST = f"{DOCKER}.distribution.manifest.v2+json"
CHUNKS, SMALL = 40, 65536
_ARCHITECTURE = "arm64" if platform.machine() == "aarch64" else "amd64"
_LOADED = 0x400000
_EXITS = {
    "amd64": (62, bytes.fromhex("bf41000000b83c0000000f05")),
    "arm64": (183, bytes.fromhex("200880d2a80b80d2010000d4")),
}
"""Number of the machine and its instructions for exit(65)."""

Blobs = Mapping[str, tuple[str, bytes]]
"""By what follows the image's name in an address: media type and content."""


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _program() -> bytes:
    """Return the smallest program there is: it exits with 65, the input is not for it."""
    machine, code = _EXITS[_ARCHITECTURE]
    size = 64 + 56 + len(code)
    magic = b"\x7fELF\x02\x01\x01" + bytes(9)
    header = struct.pack(
        "<HHIQQQIHHHHHH", 2, machine, 1, _LOADED + 120, 64, 0, 0, 64, 56, 1, 0, 0, 0
    )
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, _LOADED, _LOADED, size, size, 0x1000)
    return magic + header + segment + code


def _layer() -> bytes:
    """Return a layer with the program, and with noise, so that no node has it already."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in (("program", _program()), ("noise", os.urandom(1 << 20))):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o755
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _image() -> Blobs:
    """Return the manifest and blobs of the image."""
    layer = _layer()
    config = json.dumps(
        {
            "architecture": _ARCHITECTURE,
            "os": "linux",
            "config": {"Entrypoint": ["/program"]},
            "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
        }
    ).encode()
    parts = {
        "config": (f"{DOCKER}.container.image.v1+json", config),
        "layer": (f"{DOCKER}.image.rootfs.diff.tar", layer),
    }
    told = {
        name: {"mediaType": type_, "size": len(content), "digest": _digest(content)}
        for name, (type_, content) in parts.items()
    }
    manifest = {
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": told["config"], "layers": [told["layer"]],
    }  # fmt: skip
    text = json.dumps(manifest).encode()
    blobs = {f"blobs/{_digest(content)}": (type_, content) for type_, content in parts.values()}
    named = {f"manifests/{name}": (MANIFEST, text) for name in ("1", _digest(text))}
    return blobs | named


class _Registry(ThreadingHTTPServer):
    def __init__(self, image: Blobs, seconds: float) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.image, self.seconds = image, seconds


class _Handler(BaseHTTPRequestHandler):
    server: _Registry

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._drip(self._answer())

    def _answer(self) -> bytes:
        found = self.server.image.get(self.path.removeprefix("/v2/slow/"))
        if found is None:
            self.send_response(200 if self.path == "/v2/" else 404)
            self.end_headers()
            return b""
        type_, content = found
        self.send_response(200)
        self.send_header("Content-Type", type_)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Docker-Content-Digest", _digest(content))
        self.end_headers()
        return content

    def _drip(self, content: bytes) -> None:
        """Send it piece by piece, in all the time there is where it is large."""
        size = max(1, -(-len(content) // CHUNKS))
        for start in range(0, len(content), size):
            self.wfile.write(content[start : start + size])
            if len(content) > SMALL:
                time.sleep(self.server.seconds / CHUNKS)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@contextmanager
def serving(*, seconds: float) -> Iterator[str]:
    """Serve an image whose program exits with 65, and take so long for it; yield its name.

    A runtime speaks plain HTTP to a registry on the loopback, so the node must be this machine.
    """
    server = _Registry(_image(), seconds)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}/slow:1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
