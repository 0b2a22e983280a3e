"""Where this machine's apt gets Debian from: base images and their builds use the same places."""

from __future__ import annotations

from typing import Final

from .shell import ClusterError, run

RELEASE: Final = "bookworm"
_FORMAT: Final = "$(REPO_URI) $(RELEASE) $(COMPONENT)"


def parse(listed: str) -> list[tuple[str, str]]:
    """The (address, suite) pairs of the release's main component, the release itself first.

    `listed` is what `apt-get indextargets` says, a line for each: address, suite, component.
    """
    lines = [line.split() for line in listed.splitlines()]
    found = {
        (line[0], line[1])
        for line in lines
        if len(line) == 3 and line[1].startswith(RELEASE) and line[2] == "main"
    }
    return sorted(found, key=lambda pair: (pair[1] != RELEASE, pair))


def debian() -> list[tuple[str, str]]:
    """The places of this machine; ClusterError where it has none of the release."""
    found = parse(run(["apt-get", "indextargets", "--format", _FORMAT, "Created-By: Packages"]))
    if not found or found[0][1] != RELEASE:
        raise ClusterError(
            f"apt on this machine knows no source of Debian {RELEASE}: base images are made "
            "from it; add one to /etc/apt/sources.list"
        )
    return found


def as_list(places: list[tuple[str, str]]) -> str:
    """The same as a sources.list."""
    return "".join(f"deb {address} {suite} main\n" for address, suite in places)
