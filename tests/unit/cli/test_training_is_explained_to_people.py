"""`meninx explain` and `meninx logs` of a TrainingJob."""

import datetime as dt
from typing import Any

import pytest
from tests.support.fake_kube import FakeKube
from tests.support.make import NAMESPACE, condition, inferencejob, trainingjob

from meninx.base.errors import NotFound
from meninx.cli import explain
from meninx.cli.logs import attempts

NOW = dt.datetime(2026, 1, 5, 9, 10, tzinfo=dt.UTC)
MADE = {"creationTimestamp": "2026-01-05T09:00:00Z"}


def _said(status: dict[str, Any]) -> str:
    return "\n".join(explain.lines(trainingjob(status=status, metadata=MADE), NOW))


def test_training_that_runs_says_how_far_it_is() -> None:
    progress = {"epoch": 3, "epochs": 20, "bestDice": 0.62, "etaSeconds": 90}
    said = _said({"phase": "Running", "progress": progress})
    assert "second: Running, training by plan unet, made 10m ago" in said
    assert "Epoch 3 of 20, best Dice 0.620, 1m30s to go" in said


def test_training_that_was_not_promoted_says_why_and_the_way() -> None:
    kept = condition("Promoted", status="False", reason="NotBetter", message="It is not better.")
    gate = {"decision": "Keep", "reason": "NotBetter", "message": "Dice: 0.7, AIModel a: 0.8."}
    status = {"phase": "Succeeded", "registered": "b", "gate": gate, "conditions": [kept]}
    said = _said(status)
    assert "Gate: Keep. Dice: 0.7, AIModel a: 0.8." in said
    assert "meninx promote b lets routes run it" in said


def test_training_that_failed_is_not_sent_to_retry() -> None:
    assert "meninx retry" not in _said({"phase": "Failed"})


def test_name_of_neither_kind_is_told() -> None:
    kube = FakeKube()
    kube.add(trainingjob())
    kube.add(inferencejob())
    assert explain.find(kube, NAMESPACE, "second")["kind"] == "TrainingJob"
    assert explain.find(kube, NAMESPACE, "route-s0-1")["kind"] == "InferenceJob"
    with pytest.raises(NotFound, match="get ij"):
        explain.find(kube, NAMESPACE, "none")


def test_pods_of_a_training_are_found_by_its_own_label() -> None:
    kube = FakeKube()
    for name, mark in (("a", "meninx.io/training-job"), ("b", "meninx.io/inference-job")):
        metadata = {"name": name, "namespace": NAMESPACE, "labels": {mark: "second"}}
        kube.add({"apiVersion": "v1", "kind": "Pod", "metadata": metadata})
    found = attempts(kube, NAMESPACE, "second", kind="TrainingJob")
    assert [pod["metadata"]["name"] for pod in found] == ["a"]
