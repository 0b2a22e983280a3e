"""A folder of DICOM files on a mounted volume as a job's input: one study, and nothing beside it."""

from pathlib import Path

from meninx.base.errors import BadInput, NotFound, Rejected
from meninx.resources.reasons import Reason
from meninx.steps.folder import StudyFolder, read_study


def study_of_claim(root: Path, path: str) -> StudyFolder:
    """Return the study in a folder below a volume's root.

    Raises Rejected (InputNotUsable) where the folder is not there, a path or link leads out of the
    volume, or the folder does not hold exactly one study. Messages don't repeat names of folders
    and files: people name them for patients.
    """
    top = root.resolve()
    folder = (top / path).resolve()
    if not folder.is_relative_to(top):
        raise _refused("the folder's path leads out of the volume")
    if not folder.is_dir():
        raise _refused("the volume has no such folder: correct spec.input.volumeClaim.path")
    try:
        study = read_study(folder)
    except (NotFound, BadInput) as error:
        said = str(error).replace(str(folder), "the folder")
        raise _refused(said) from error
    except PermissionError as error:
        raise _refused("files of the folder can't be read by user 65532: open them") from error
    for files in study.files().values():
        if not all(file.resolve().is_relative_to(top) for file in files):
            raise _refused("a link in the folder leads out of the volume")
    return study


def _refused(message: str) -> Rejected:
    return Rejected(Reason.INPUT_NOT_USABLE, message)
