"""`meninx retry JOB`: a new job that repeats one that has ended, and names it."""

import argparse
from typing import Any

from meninx.base.errors import BadInput
from meninx.cli.explain import read
from meninx.cli.output import add_namespace, namespace
from meninx.controller.job.retry import new_attempt_of
from meninx.kube.client import Api, KubeApi
from meninx.kube.kinds import INFERENCEJOB
from meninx.resources import names
from meninx.resources.inferencejob import TERMINAL

Manifest = dict[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("jobs", metavar="JOB", nargs="+", help="names of InferenceJobs that ended")
    add_namespace(parser)


def run(args: argparse.Namespace) -> int:
    """Make the new jobs; print their names."""
    api, where = KubeApi.connect(), namespace(args)
    for name in args.jobs:
        print(f"InferenceJob {retry(api, where, name)} repeats {name}", flush=True)
    return 0


def retry(api: Api, where: str, name: str) -> str:
    """Make the job that repeats `name`; asked again it makes no second one.

    Raises BadInput while the job has not ended.
    """
    job = dict(read(api, where, name))
    phase = (job.get("status") or {}).get("phase")
    if phase not in TERMINAL:
        raise BadInput(
            f"InferenceJob {name} is still {phase or 'Pending'}: "
            "cancel it first (spec.cancel: true), or wait for its end"
        )
    fresh = new_attempt_of(job)
    api.apply(INFERENCEJOB, fresh, manager=names.FIELD_MANAGER_SETUP)
    return str(fresh["metadata"]["name"])
