"""A one-node Kubernetes for the tests: `python3 tests/cluster/cluster.py up`. See README.md beside it."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from onenode import (
    bases,
    binaries,
    build,
    check,
    images,
    kueue,
    lock,
    names,
    packages,
    plane,
    programs,
    selftest,
    state,
)
from onenode.shell import ClusterError, say

CANNOT = 3


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="bring the cluster up; does nothing where it is up")
    up.add_argument(
        "--gpus", type=int, default=2, help=f"how many {names.GPU_RESOURCE} the node offers"
    )
    up.add_argument(
        "--fresh", action="store_true", help="first forget all that an earlier cluster holds"
    )
    down = commands.add_parser("down", help="end it and remove every trace but the caches")
    down.add_argument("--keep-images", action="store_true", help="keep the images that were loaded")
    status = commands.add_parser("status", help="what runs; exit code 0 only where it is Ready")
    status.add_argument("--json", action="store_true")
    commands.add_parser("build", help="make the programs that `up` starts, and start nothing")
    commands.add_parser("check", help="can this machine carry it? exit code 3 and why where not")
    load = commands.add_parser(
        "load-image", help="an image from `build-image`, or an archive, into the cluster"
    )
    load.add_argument("image", nargs="+", help="a name, or the path of a docker or OCI archive")
    make = commands.add_parser(
        "build-image", help="build an image with buildah, offline from registries"
    )
    make.add_argument("--tag", required=True)
    make.add_argument("--file", type=Path, required=True, help="the Containerfile")
    make.add_argument("--build-arg", action="append", default=[], metavar="NAME=VALUE")
    make.add_argument("--build-context", action="append", default=[], metavar="NAME=FOLDER")
    make.add_argument("--load", action="store_true", help="load it into the cluster too")
    make.add_argument("folder", type=Path)
    for name, what in (
        ("kill", "end one process at once, as a fault"),
        ("start", "start it again"),
    ):
        one = commands.add_parser(name, help=what)
        one.add_argument("process", choices=programs.COMMANDS)
    one.add_argument(
        "--flag",
        action="append",
        default=[],
        help="a further flag of it, until it is started again",
    )
    commands.add_parser("build-kueue", help="make Kueue and its manifests, for the tests with it")
    commands.add_parser("base-images", help="make the base images that Containerfiles start from")
    test = commands.add_parser("selftest", help="try what the cluster promises")
    test.add_argument(
        "--rough", action="store_true", help="also kill everything, come back, go down"
    )
    return top


def _status(*, as_json: bool) -> int:
    seen = state.look()
    data = dataclasses.asdict(seen) | {"ready": seen.ready}
    print(json.dumps(data, indent=2) if as_json else state.as_text(seen))
    return 0 if seen.ready else 1


def _check() -> int:
    found = check.obstacles()
    for obstacle in found:
        print(f"can't: {obstacle}")
    if not found:
        print("this machine can carry the one-node cluster")
    return CANNOT if found else 0


def _build(given: argparse.Namespace) -> int:
    packages.install()
    bases.make()
    order = build.Order(
        given.tag, given.file, given.folder, tuple(given.build_arg), tuple(given.build_context)
    )
    build.image(order)
    if given.load:
        images.load(given.tag)
    return 0


def _other(given: argparse.Namespace) -> int:
    if given.command == "up":
        with lock.held():
            plane.up(gpus=given.gpus, fresh=given.fresh)
    elif given.command == "down":
        with lock.held():
            plane.down(keep_images=given.keep_images)
    elif given.command == "load-image":
        for image in given.image:
            images.load(image)
    elif given.command == "kill":
        plane.kill_one(given.process)
    elif given.command == "start":
        plane.start_one(given.process, given.flag)
    elif given.command == "build":
        packages.install()
        binaries.make()
    elif given.command == "build-kueue":
        kueue.make()
    elif given.command == "base-images":
        packages.install()
        bases.make()
    else:
        return selftest.run(rough_too=given.rough)
    return 0


def main() -> int:
    """Run one command; the exit code."""
    given = parser().parse_args()
    # iptables and debootstrap live where a user's PATH often does not look.
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    try:
        if given.command == "status":
            return _status(as_json=given.json)
        if given.command == "check":
            return _check()
        if given.command == "build-image":
            return _build(given)
        return _other(given)
    except ClusterError as error:
        say(f"FAILED: {error}")
        return CANNOT if check.obstacles() else 1


if __name__ == "__main__":
    raise SystemExit(main())
