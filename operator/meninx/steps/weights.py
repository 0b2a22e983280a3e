"""Did the model run the weights that its AIModel names? What a result says of itself must be true."""

import json
from json import JSONDecodeError
from pathlib import Path

from meninx.base.errors import Rejected
from meninx.resources.reasons import Reason


def check_weights(result_file: Path, wanted_sha256: str | None) -> None:
    """Compare the digest that the model's result.json tells (`model.sha256`), where it tells one.

    Raises Rejected with BadResult where it is not the AIModel's, or the file is not JSON.
    """
    if wanted_sha256 is None or not result_file.is_file():
        return
    try:
        said = json.loads(result_file.read_text(encoding="utf-8"))
    except (JSONDecodeError, UnicodeDecodeError) as error:
        raise Rejected(Reason.BAD_RESULT, f"{result_file.name} is not JSON: {error}") from error
    model = said.get("model") if isinstance(said, dict) else None
    ran = model.get("sha256") if isinstance(model, dict) else None
    if ran is not None and ran != wanted_sha256:
        raise Rejected(
            Reason.BAD_RESULT,
            f"the model ran weights {str(ran)[:12]}, but its AIModel names {wanted_sha256[:12]}: "
            "correct weights.sha256 or the image",
        )
