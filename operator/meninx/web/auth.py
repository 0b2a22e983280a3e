"""Who may ask: the per-job token, and what it is good for."""

from aiohttp import web

from meninx.base.clock import Clock
from meninx.base.errors import BadInput, NotFound, Unauthorised
from meninx.base.tokens import SEGMENTED, Claims, verify
from meninx.store.header import is_uid
from meninx.store.rows import StudyRow
from meninx.store.segmented import holds_segmentation
from meninx.store.store import Store


class Forbidden(Unauthorised):
    """The credential is genuine, but not for this object."""


def claims_of(request: web.Request, key: bytes, clock: Clock) -> Claims:
    """Return the claims of the request's bearer token; raises Unauthorised."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthorised("no credential: send the job's token as a bearer token")
    return verify(key, token.strip(), clock.now())


def check_reads_segmented(claims: Claims) -> None:
    """Raise Forbidden unless the token is a training's."""
    if claims.reads != SEGMENTED:
        raise Forbidden(f"the credential of job {claims.job} is no training's: it lists nothing")


def _segmented_study(store: Store, claims: Claims, asked: str) -> StudyRow:
    found = store.find_study(asked)
    if found is None:
        raise NotFound(f"a study that training {claims.job} asks for is not in the store any more")
    if not store.read(lambda connection: holds_segmentation(connection, found.study_uid)):
        raise Forbidden(f"the credential of training {claims.job} reads segmented studies only")
    return found


def study_of(store: Store, claims: Claims, asked: str) -> StudyRow:
    """Return the study that is asked for; it must be the token's own (each by hash or UID).

    That of a training may ask for any study that holds a segmentation.
    """
    if claims.reads == SEGMENTED:
        return _segmented_study(store, claims, asked)
    if not claims.study:
        raise Forbidden(f"the credential of job {claims.job} reads nothing: its input is a volume")
    own = store.find_study(claims.study)
    if own is None:
        raise NotFound(f"the study of job {claims.job} is not in the store: send it again")
    if asked not in {own.study_uid, own.study_hash}:
        raise Forbidden(f"the credential of job {claims.job} is for another study: use its own")
    return own


def result_study_of(store: Store, claims: Claims, asked: str) -> str:
    """Return the UID of the study that the token's job may store results of.

    A job whose input came from a volume has no study of the store: its first result decides, and
    the others must be of the same.
    """
    if claims.reads:
        raise Forbidden(f"the credential of training {claims.job} stores nothing")
    if claims.study:
        return study_of(store, claims, asked).study_uid
    if not is_uid(asked):
        raise BadInput("results of a job without a study of the store need a Study Instance UID")
    before = store.study_of_job(claims.job_uid)
    if before not in {None, asked}:
        raise Forbidden(f"job {claims.job} has stored results of another study: it has one")
    return asked


def check_job(claims: Claims, *, namespace: str, job: str, job_uid: str) -> None:
    """Raise Forbidden unless the token was made for this very job."""
    if (claims.namespace, claims.job, claims.job_uid) != (namespace, job, job_uid):
        raise Forbidden(f"the credential is of job {claims.job}: use the job's own")
