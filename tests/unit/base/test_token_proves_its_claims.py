import base64
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meninx.base.errors import Unauthorised
from meninx.base.tokens import Claims, mint, verify

NOW = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
KEY = b"k" * 32
CLAIMS = Claims("meninx", "job-1", "uid-1", "s0123", 1, int(NOW.timestamp()) + 60)


def test_genuine_token_gives_its_claims_back() -> None:
    assert verify(KEY, mint(KEY, CLAIMS), NOW) == CLAIMS


def test_token_of_another_key_is_refused() -> None:
    with pytest.raises(Unauthorised, match="signature"):
        verify(b"x" * 32, mint(KEY, CLAIMS), NOW)


def test_expired_token_is_refused_and_names_the_job() -> None:
    with pytest.raises(Unauthorised, match="job-1 has expired"):
        verify(KEY, mint(KEY, CLAIMS), NOW + dt.timedelta(seconds=61))


def test_claims_changed_after_signing_are_refused() -> None:
    body, _, signature = mint(KEY, CLAIMS).partition(".")
    raw = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)).replace(b"job-1", b"job-2")
    forged = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    with pytest.raises(Unauthorised):
        verify(KEY, f"{forged}.{signature}", NOW)


@given(st.text(max_size=200))
def test_any_text_is_refused_without_another_error(text: str) -> None:
    with pytest.raises(Unauthorised):
        verify(KEY, text, NOW)


@given(st.text(max_size=30), st.integers(min_value=1, max_value=10**6))
def test_any_study_and_revision_survive_the_round_trip(study: str, revision: int) -> None:
    claims = Claims("ns", "job", "uid", study, revision, int(NOW.timestamp()) + 1)
    assert verify(KEY, mint(KEY, claims), NOW) == claims
