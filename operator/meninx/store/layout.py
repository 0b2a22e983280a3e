"""Where an instance lies on disk: hashed names only, so that no text from outside is in a path."""

import hashlib
from pathlib import Path, PurePosixPath

INSTANCES = "instances"
SUFFIX = ".dcm"
ASIDE = ".part"


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:40]


def instance_path(study_uid: str, sop_instance_uid: str) -> PurePosixPath:
    """Return an instance's path below the data folder."""
    study = _digest("study", study_uid)
    instance = _digest("instance", study_uid, sop_instance_uid)
    return PurePosixPath(INSTANCES) / study[:2] / study / f"{instance}{SUFFIX}"


def index_path(data: Path) -> Path:
    """Return the path of the index."""
    return data / "index.sqlite"
