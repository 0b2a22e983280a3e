import json
import logging

import pytest

from meninx.base.logs import JsonFormatter, Log


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
