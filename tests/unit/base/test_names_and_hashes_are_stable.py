import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meninx.base.privacy import is_hash, pseudonym, series_hash, study_hash
from meninx.resources.names import derived_uid, inference_job, kubernetes_job

KEY = b"0123456789abcdef0123456789abcdef"
UID = "2.25.123456789"
DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


def test_study_hash_is_stable_and_recognised() -> None:
    assert study_hash(KEY, UID) == study_hash(KEY, UID + " ")
    assert is_hash(study_hash(KEY, UID))
    assert not is_hash(UID)


def test_kinds_and_keys_give_different_hashes() -> None:
    hashes = {study_hash(KEY, UID), series_hash(KEY, UID), study_hash(b"other" * 7, UID)}
    assert len(hashes) == 3


@pytest.mark.rule("no-patient-in-the-control-plane")
def test_pseudonym_holds_nothing_of_the_identifier() -> None:
    assert "MNX" not in pseudonym(KEY, "p", "MNX-0001").upper()


@given(st.from_regex(r"[a-z]([a-z0-9.-]{0,60}[a-z0-9])?", fullmatch=True))
def test_job_names_are_always_dns_labels(route: str) -> None:
    name = inference_job(route, "unet", "1.0", study_hash(KEY, UID), ["1", "t1c=e0"])
    assert DNS_LABEL.fullmatch(name)
    assert len(kubernetes_job(name, "uid")) <= 63
    assert DNS_LABEL.fullmatch(kubernetes_job(name, "uid"))


def test_order_of_inputs_does_not_change_the_job_name() -> None:
    one = inference_job("r", "m", "1", "s0", ["t1c=a", "t2=b"])
    assert one == inference_job("r", "m", "1", "s0", ["t2=b", "t1c=a"])


@pytest.mark.parametrize(
    "other",
    [("r2", "m", "1", "s0"), ("r", "m2", "1", "s0"), ("r", "m", "2", "s0"), ("r", "m", "1", "s1")],
    ids=["route", "model", "version", "study"],
)
def test_each_part_changes_the_job_name(other: tuple[str, str, str, str]) -> None:
    assert inference_job(*other, ["x"]) != inference_job("r", "m", "1", "s0", ["x"])


@given(st.lists(st.text(max_size=20), min_size=1, max_size=4))
def test_derived_uids_are_valid_dicom_uids(parts: list[str]) -> None:
    uid = derived_uid(*parts)
    assert re.fullmatch(r"2\.25\.(0|[1-9]\d*)", uid)
    assert len(uid) <= 64
