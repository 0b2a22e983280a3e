"""The container contract as this package sees it: names, files and exit codes."""

INPUT_ENV = "MENINX_INPUT"
OUTPUT_ENV = "MENINX_OUTPUT"
STUDY_ENV = "MENINX_STUDY"
"""What was fetched: a later step of a pipeline reads it where the step before wrote no channel."""
WEIGHTS_ENV = "MENINX_WEIGHTS"
"""The file that was brought for the job; without it the weights are the image's own."""
CHANNEL = "t1c"
SEGMENTATION_FILE = "segmentation.nii"
PROBABILITY_FILE = "probability.nii"
RESULT_FILE = "result.json"

EXIT_DONE = 0
EXIT_NOT_FOR_MODEL = 65
EXIT_NOT_FINITE = 66
EXIT_ENGINE_DIFFERS = 70
"""A failure of the machine or the image, not of the input: another node may do better."""


class NotForModel(Exception):
    """The input is not what the model was made for; trying again doesn't help."""

    exit_code = EXIT_NOT_FOR_MODEL
    reason = "InputNotForModel"


class NotFinite(Exception):
    """NaN or infinity in the input or in what the network made of it."""

    exit_code = EXIT_NOT_FINITE
    reason = "NotFinite"


class EngineDiffers(Exception):
    """No engine here gives what the exported weights should give."""

    exit_code = EXIT_ENGINE_DIFFERS
    reason = "EngineDiffers"
