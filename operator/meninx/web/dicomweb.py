"""WADO-RS and STOW-RS of what a job's pod reads and makes (PS3.18 sections 10.4 and 10.5)."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from aiohttp import BodyPartReader, MultipartReader, web

from meninx.base.errors import BadInput, NotFound, Unavailable
from meninx.base.logs import Log
from meninx.base.tokens import SEGMENTED, Claims
from meninx.store.filemeta import split_file
from meninx.store.header import Identity, read_identity
from meninx.store.rows import InstanceRow, JobOrigin, StudyRow
from meninx.store.store import Store
from meninx.store.writer import Encoded
from meninx.web.auth import Forbidden, claims_of, result_study_of, study_of
from meninx.web.site import SITE, Site

_DICOM = "application/dicom"
_LARGEST_OBJECT_BYTES = 512 * 1024 * 1024
_CANNOT_UNDERSTAND, _DOES_NOT_MATCH = 0xC000, 0xA900
_LOG = Log(__name__)


# WADO-RS


def _revision(request: web.Request, claims: Claims, study: StudyRow) -> int | None:
    """Return the revision that is asked for; None is all that was received."""
    if claims.revision == 0:
        return None
    text = request.query.get("revision", str(claims.revision))
    if not (text.isascii() and text.isdigit()):
        raise BadInput("revision is not a whole number: correct the query")
    revision = int(text)
    if revision > claims.revision:
        raise Forbidden(f"the credential of job {claims.job} ends at revision {claims.revision}")
    if study.revision < revision:
        raise Unavailable(f"revision {revision} is not settled yet: try again")
    return revision


def _wanted(request: web.Request, site: Site) -> list[InstanceRow]:
    claims = claims_of(request, site.signing_key, site.clock)
    study = study_of(site.store, claims, request.match_info["study"])
    series = _series(request, site, study)
    rows = [
        row
        for row in _visible(request, site, claims, study)
        if series is None or row.series_uid == series
    ]
    if not rows:
        raise NotFound("nothing of the kind in the study as the job may see it: check its channels")
    if not all(row.path.exists() for row in rows):
        raise NotFound("files of the series are gone: restore the store's volume, or send it again")
    return rows


def _visible(
    request: web.Request, site: Site, claims: Claims, study: StudyRow
) -> list[InstanceRow]:
    """Return what of a study may be read: what was received; by a training also what jobs made."""
    if claims.reads == SEGMENTED:
        return site.store.everything(study.study_uid)
    revision = _revision(request, claims, study)
    return site.store.received(study.study_uid, revision=revision)


def _series(request: web.Request, site: Site, study: StudyRow) -> str | None:
    """Return the UID of the series that is asked for; None is the whole study."""
    asked = request.match_info.get("series")
    if asked is None:
        return None
    found = site.store.find_series(study.study_uid, asked)
    if found is None:
        raise NotFound("no such series in the study: check the job's channels")
    return found


async def retrieve(request: web.Request) -> web.StreamResponse:
    """Answer RetrieveStudy and RetrieveSeries: the instances of a revision, as stored."""
    rows = await asyncio.to_thread(_wanted, request, request.app[SITE])
    boundary = secrets.token_hex(16)
    response = web.StreamResponse(
        headers={"Content-Type": f'multipart/related; type="{_DICOM}"; boundary={boundary}'}
    )
    await response.prepare(request)
    for row in rows:
        content = await asyncio.to_thread(row.path.read_bytes)
        head = (
            f"--{boundary}\r\nContent-Type: {_DICOM}; transfer-syntax={row.transfer_syntax_uid}\r\n"
            f"Content-Length: {len(content)}\r\n\r\n"
        )
        await response.write(head.encode())
        await response.write(content)
        await response.write(b"\r\n")
    await response.write(f"--{boundary}--\r\n".encode())
    await response.write_eof()
    return response


# STOW-RS


@dataclass(frozen=True)
class _Outcome:
    identity: Identity | None
    failure: int | None


async def _read_part(part: BodyPartReader) -> bytes:
    content = bytearray()
    while chunk := await part.read_chunk(1 << 18):
        content += chunk
        if len(content) > _LARGEST_OBJECT_BYTES:
            raise web.HTTPRequestEntityTooLarge(_LARGEST_OBJECT_BYTES, len(content))
    return bytes(content)


async def _parts(request: web.Request) -> AsyncIterator[bytes]:
    if request.content_type != "multipart/related":
        raise BadInput("body is not multipart/related: send it as STOW-RS says")
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            if isinstance(part, MultipartReader):
                raise BadInput("body nests multiparts: send one object a part")
            yield await _read_part(part)
    except (ValueError, AssertionError) as error:
        raise BadInput("multipart body can't be read: send it as STOW-RS says") from error


def _keep(store: Store, claims: Claims, study_uid: str, content: bytes) -> _Outcome:
    try:
        meta, dataset = split_file(content)
        identity = read_identity(dataset, meta.transfer_syntax_uid)
    except BadInput as error:
        _LOG.warning("a result object can't be read", job=claims.job, reason=str(error))
        return _Outcome(None, _CANNOT_UNDERSTAND)
    foreign = not claims.study and store.is_of_another_patient(identity)
    if foreign or identity.study_uid != study_uid:
        return _Outcome(identity, _DOES_NOT_MATCH)
    origin = JobOrigin(claims.namespace, claims.job, claims.job_uid)
    store.put(Encoded(identity, meta.transfer_syntax_uid, dataset, origin=origin))
    return _Outcome(identity, None)


def _reference(outcome: _Outcome) -> dict[str, Any]:
    item: dict[str, Any] = {}
    if outcome.identity is not None:
        item["00081150"] = {"vr": "UI", "Value": [outcome.identity.sop_class_uid]}
        item["00081155"] = {"vr": "UI", "Value": [outcome.identity.sop_instance_uid]}
    if outcome.failure is not None:
        item["00081197"] = {"vr": "US", "Value": [outcome.failure]}
    return item


async def store_instances(request: web.Request) -> web.Response:
    """Answer StoreInstances: the first copy of a SOP instance wins, each later one succeeds too."""
    site = request.app[SITE]
    claims = claims_of(request, site.signing_key, site.clock)
    asked = request.match_info["study"]
    study_uid = await asyncio.to_thread(result_study_of, site.store, claims, asked)
    outcomes = [
        await asyncio.to_thread(_keep, site.store, claims, study_uid, content)
        async for content in _parts(request)
    ]
    if not outcomes:
        raise BadInput("body holds no object: send one a part")
    body: dict[str, Any] = {}
    kept = [_reference(outcome) for outcome in outcomes if outcome.failure is None]
    failed = [_reference(outcome) for outcome in outcomes if outcome.failure is not None]
    if kept:
        body["00081199"] = {"vr": "SQ", "Value": kept}
    if failed:
        body["00081198"] = {"vr": "SQ", "Value": failed}
    status = 200 if not failed else 202 if kept else 409
    return web.json_response(body, status=status, content_type="application/dicom+json")
