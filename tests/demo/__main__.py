"""`make demo`: the main job, ending with exactly one line, DEMO OK ... or DEMO FAILED: ..."""

import argparse
import sys

from tests.demo.install import NAMESPACE
from tests.demo.local import run_local
from tests.demo.path import run_path
from tests.demo.shell import BUILD, ROOT, DemoFailed, say
from tests.demo.study import SEED, picture_path
from tests.demo.target import Target, find


def _try_it(target: Target) -> None:
    kubectl = f"{target.tool('kubectl')} --kubeconfig {target.kubeconfig} -n {NAMESPACE}"
    print(
        f"\nThe cluster stays up for a look ({picture_path().relative_to(ROOT)} is the picture):\n"
        f"  {kubectl} get ij\n"
        f"  {kubectl} get meninx\n"
        f"  {kubectl} describe ij\n"
        "Stop it and remove all that was made:\n"
        "  make clean"
    )


def _explain(target: Target) -> None:
    """Show what an engineer would look at first."""
    for words in (("get", "pods"), ("get", "ij", "-o", "wide"), ("get", "events")):
        print(target.kubectl("-n", NAMESPACE, *words, check=False)[-4000:])


def _demo(given: argparse.Namespace) -> str:
    BUILD.mkdir(parents=True, exist_ok=True)
    target, why = (None, "asked for") if given.local else find()
    if target is None:
        say(f"without a cluster: {why}")
        return run_local(given.seed)
    say(f"using {why}")
    try:
        line = run_path(target, given.seed)
    except DemoFailed:
        _explain(target)
        raise
    _try_it(target)
    return line


def main() -> int:
    """Run the demo."""
    parser = argparse.ArgumentParser(prog="tests.demo", description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED, help="which phantom to send")
    parser.add_argument("--local", action="store_true", help="without a cluster")
    try:
        print(_demo(parser.parse_args()), flush=True)
    except DemoFailed as failure:
        print(f"DEMO FAILED: {' '.join(str(failure).split())}", flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
