"""The container contract: names of variables, folders and files, and what exit codes mean."""

from enum import IntEnum
from pathlib import Path
from typing import Final

from meninx.resources.task import TaskChannel

INPUT: Final = "MENINX_INPUT"
OUTPUT: Final = "MENINX_OUTPUT"
SOURCE: Final = "MENINX_SOURCE"
STUDY: Final = "MENINX_STUDY"
"""What fetch wrote, for a later step, whose input is what the step before it wrote."""
OUTPUTS: Final = "MENINX_OUTPUTS"
"""The output folders of a pipeline's steps, each by the name of its step."""
GATES: Final = "MENINX_GATES"
STEP: Final = "MENINX_STEP"
WHEN: Final = "MENINX_WHEN"
CLAIM: Final = "MENINX_CLAIM"
"""Where `fetch` finds the volume that holds the input, where it does not come from the store."""
DATA: Final = "MENINX_DATA"
"""The data set of a training: `collect` makes it, where it comes from the store."""
TASK: Final = "MENINX_TASK"
STORE_URL: Final = "MENINX_STORE_URL"
TOKEN_FILE: Final = "MENINX_TOKEN_FILE"  # noqa: S105  the name of a variable
WEIGHTS: Final = "MENINX_WEIGHTS"
"""The file with the weights that were brought for the step; absent where they are in its image."""
WEIGHTS_URI: Final = "MENINX_WEIGHTS_URI"
WEIGHTS_SHA256: Final = "MENINX_WEIGHTS_SHA256"
WEIGHTS_CLAIM: Final = "MENINX_WEIGHTS_CLAIM"
WEIGHTS_TOKEN_FILE: Final = "MENINX_WEIGHTS_TOKEN_FILE"  # noqa: S105  the name of a variable

STUDY_FILE: Final = "study.json"
RESULT_FILE: Final = "result.json"
SEGMENTATION_FILES: Final = ("segmentation.nii", "segmentation.nii.gz")
DICOM_FOLDER: Final = "dicom"
TERMINATION_LOG: Final = Path("/dev/termination-log")


class Exit(IntEnum):
    """How a container of a job's pod ends; anything else is a failure that may be tried again."""

    DONE = 0
    REJECTED = 65
    """The input can't be used (fetch) or is not for this model (model); never tried again."""
    NOT_FINITE = 66
    """Input or result holds values that are not numbers; never tried again."""
    BAD_RESULT = 67
    """The model's output breaks this contract; never tried again."""
    WEIGHTS_MISMATCH = 68
    """The weights that were brought are not those that are named; never tried again."""
    WEIGHTS_FAILED = 69
    """The weights could not be brought in all the time there was; never tried again."""
    BUG = 70
    TRY_AGAIN = 75


def channel_file(channel: TaskChannel) -> str:
    """Return the name of a channel's file in the input folder."""
    return f"{channel.name}.nii.gz" if channel.compress else f"{channel.name}.nii"
