"""The commit of what a job's pod found: once, the first wins."""

import asyncio
import json
from typing import Any

from aiohttp import web
from pydantic import ValidationError

from meninx.base.errors import BadInput, Conflict, NotFound
from meninx.base.tokens import Claims
from meninx.resources.inferencejob import Results
from meninx.store.rows import ResultRow
from meninx.store.store import Store
from meninx.web.auth import check_job, claims_of, result_study_of
from meninx.web.site import SITE


def _body(text: str) -> tuple[Results, str, str]:
    try:
        body: dict[str, Any] = json.loads(text)
        return (
            Results.model_validate(body["results"]),
            str(body["job_uid"]),
            str(body.get("study", "")),
        )
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        raise BadInput("body is not {results, job_uid}: see Results of an InferenceJob") from error


def _commit(store: Store, claims: Claims, results: Results, study: str) -> ResultRow:
    row = ResultRow(
        job_uid=claims.job_uid,
        namespace=claims.namespace,
        job=claims.job,
        study_uid=result_study_of(store, claims, claims.study or study),
        results=results.manifest(),
        sop_instance_uids=tuple(results.sop_instance_uids),
    )
    try:
        return store.commit_results(row)
    except NotFound as error:
        raise Conflict(str(error)) from error


async def commit_results(request: web.Request) -> web.Response:
    """Answer PUT /jobs/{namespace}/{job}/results."""
    site = request.app[SITE]
    claims = claims_of(request, site.signing_key, site.clock)
    results, job_uid, study = _body(await request.text())
    where = request.match_info
    check_job(claims, namespace=where["namespace"], job=where["job"], job_uid=job_uid)
    kept = await asyncio.to_thread(_commit, site.store, claims, results, study)
    return web.json_response({"results": kept.results})
