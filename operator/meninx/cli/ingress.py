"""`meninx ingress`: the DICOM ingress with its store, in its pod."""

import argparse
import os
import warnings

from meninx.base import logs
from meninx.base.settings import Environment


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take no argument: a pod is told by its environment."""
    parser.epilog = (
        "Environment: MENINX_NAMESPACE, MENINX_DATA, MENINX_PRIVACY_KEY_FILE and "
        "MENINX_SIGNING_KEY_FILE are required; MENINX_AE_TITLE, MENINX_DICOM_PORT, "
        "MENINX_WEB_PORT, MENINX_MAX_ASSOCIATIONS, MENINX_NETWORK_TIMEOUT_SECONDS, "
        "MENINX_QUIET_SECONDS, MENINX_ECHO_SECONDS, MENINX_KNOWN_SENDERS_ONLY and "
        "MENINX_LOG_LEVEL have defaults."
    )


def run(_: argparse.Namespace) -> int:
    """Serve until SIGTERM."""
    from meninx.kube.client import KubeApi
    from meninx.processes.ingress import Settings, serve

    # pydicom quotes attribute values, that is identity, in its warnings.
    warnings.simplefilter("ignore")
    environment = Environment(os.environ)
    logs.configure(environment.text("MENINX_LOG_LEVEL", "INFO"))
    serve(Settings.of(environment), KubeApi.connect())
    return 0
