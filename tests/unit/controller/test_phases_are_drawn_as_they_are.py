from pathlib import Path

import pytest
from tools.inferencejob_page import page

from meninx.controller.job.lifecycle import ARROWS, CONDITIONS, PHASES, may_follow, mermaid
from meninx.controller.job.status import OWNED_CONDITIONS
from meninx.resources.inferencejob import TERMINAL, InferenceJobStatus, Phase

PAGE = Path(__file__).resolve().parents[3] / "docs/reference/inferencejob.md"
ALIVE = [phase for phase in PHASES if phase not in TERMINAL]


def test_page_of_the_life_of_a_job_is_fresh() -> None:
    assert PAGE.read_text() == page()


def test_every_phase_of_the_resource_is_drawn_and_reached() -> None:
    field = InferenceJobStatus.model_fields["phase"].annotation
    assert all(repr(phase) in str(field) for phase in PHASES)
    assert {arrow.after for arrow in ARROWS} == PHASES.keys()
    assert all(f"--> {phase}:" in mermaid() for phase in PHASES)


@pytest.mark.parametrize("phase", sorted(TERMINAL))
def test_terminal_phase_is_followed_by_none_but_itself(phase: Phase) -> None:
    assert [after for after in PHASES if may_follow(phase, after)] == [phase]


@pytest.mark.parametrize("phase", ALIVE)
def test_every_living_phase_can_come_to_each_end(phase: Phase) -> None:
    assert all(may_follow(phase, end) for end in ("Succeeded", "Failed", "Cancelled"))


@pytest.mark.parametrize("after", ["Pending", "Queued", "Running"])
def test_job_whose_result_is_stored_does_not_go_back(after: Phase) -> None:
    assert not may_follow("Delivering", after)


def test_conditions_of_the_operator_are_those_that_it_writes() -> None:
    written = [c.type for c in CONDITIONS if c.writer == "operator"]
    assert written == list(OWNED_CONDITIONS)
