"""Form and proof of the per-job, per-study credential: a signed claim, checked without a lookup."""

import base64
import datetime as dt
import hashlib
import hmac
import json
from dataclasses import asdict, dataclass

from meninx.base.errors import Unauthorised

SEGMENTED = "segmented"
"""What a training's credential reads: studies that hold a segmentation."""


@dataclass(frozen=True)
class Claims:
    """What the bearer may do: read one study's revision, store the results of one job.

    That of a training reads all studies that hold a segmentation, and stores nothing.
    """

    namespace: str
    job: str
    job_uid: str
    study: str
    """Hash or UID, as the job's spec names it."""
    revision: int
    expires: int
    """Unix time in seconds."""
    reads: str = ""
    """SEGMENTED, or empty: its own study alone."""


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def mint(key: bytes, claims: Claims) -> str:
    """Sign the claims (HMAC-SHA256)."""
    body = _encode(json.dumps(asdict(claims), sort_keys=True, separators=(",", ":")).encode())
    return f"{body}.{_encode(hmac.digest(key, body.encode(), hashlib.sha256))}"


def verify(key: bytes, token: str, now: dt.datetime) -> Claims:
    """Return the claims of a genuine, unexpired token; raise Unauthorised otherwise."""
    body, _, signature = token.partition(".")
    try:
        genuine = hmac.compare_digest(
            _decode(signature), hmac.digest(key, body.encode(), hashlib.sha256)
        )
        claims = Claims(**json.loads(_decode(body))) if genuine else None
    except (ValueError, TypeError) as error:
        raise Unauthorised("the credential is not one of ours: use the job's own") from error
    if claims is None:
        raise Unauthorised("the credential's signature is wrong: use the job's own")
    if claims.expires <= now.timestamp():
        raise Unauthorised(f"the credential of job {claims.job} has expired: retry the job")
    return claims
