import json
import logging

import pytest

from meninx.base.logs import JsonFormatter, Log, about


def test_fact_outside_the_allow_list_is_a_programming_error() -> None:
    with pytest.raises(KeyError, match="patient_name"):
        Log("meninx.test").info("received", patient_name="somebody")


def test_line_is_json_with_message_and_facts(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        Log("meninx.test").info("received", job="job-1")
    line = json.loads(JsonFormatter().format(caplog.records[0]))
    assert (line["message"], line["job"], line["level"]) == ("received", "job-1", "info")


def test_error_line_names_the_exception(caplog: pytest.LogCaptureFixture) -> None:
    try:
        int("no")
    except ValueError:
        Log("meninx.test").error("failed", job="job-1")
    line = json.loads(JsonFormatter().format(caplog.records[0]))
    assert line["error"] == "ValueError"


def _line(record: logging.LogRecord) -> dict[str, str]:
    return dict(json.loads(JsonFormatter().format(record)))


def test_lines_within_carry_what_they_are_about(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        with about(job="job-1", model="unet"):
            Log("meninx.test").info("decided", phase="Running")
        Log("meninx.test").info("idle")
    inside, outside = (_line(record) for record in caplog.records)
    assert (inside["job"], inside["model"], inside["phase"]) == ("job-1", "unet", "Running")
    assert "job" not in outside


def test_line_of_a_library_carries_the_job_too(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), about(job="job-1"):
        logging.getLogger("urllib3").warning("retrying")
        line = _line(caplog.records[0])
    assert line["job"] == "job-1"


def test_what_lines_are_about_is_held_to_the_allow_list() -> None:
    with pytest.raises(KeyError, match="birth_date"), about(birth_date="19700101"):
        pass
