"""Build the site that the e2e tests use, with progress shown: minutes on a fresh machine."""

import sys

from tests.demo.shell import DemoFailed
from tests.e2e import kueue
from tests.e2e.site import build


def main() -> int:
    """Build it; the exit code says whether it stands."""
    try:
        kueue.build(build())
    except DemoFailed as failure:
        print(f"no site to test on: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
