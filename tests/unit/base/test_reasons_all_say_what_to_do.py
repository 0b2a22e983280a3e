import re

import pytest

from meninx.resources.reasons import MEANINGS, Reason


@pytest.mark.rule("said-plainly")
@pytest.mark.parametrize("reason", list(Reason), ids=str)
def test_each_reason_has_a_sentence_and_a_remedy(reason: Reason) -> None:
    meaning = MEANINGS[reason]
    assert meaning.sentence.endswith(".")
    assert meaning.remedy.endswith(".")


@pytest.mark.parametrize("reason", list(Reason), ids=str)
def test_each_reason_is_a_kubernetes_condition_reason(reason: Reason) -> None:
    assert re.fullmatch(r"[A-Z][A-Za-z]{1,62}", reason.value)
