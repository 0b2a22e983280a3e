"""Which studies hold a segmentation: what a training's pod asks for, in keyed hashes."""

import asyncio

from aiohttp import web

from meninx.store.segmented import segmented_studies
from meninx.web.auth import check_reads_segmented, claims_of
from meninx.web.site import SITE


async def list_segmented(request: web.Request) -> web.Response:
    """Answer GET /segmented-studies."""
    site = request.app[SITE]
    check_reads_segmented(claims_of(request, site.signing_key, site.clock))
    found = await asyncio.to_thread(site.store.read, segmented_studies)
    listed = [
        {
            "study": one.study_hash,
            "patient": one.patient_key,
            "series": [{"series": it.series_hash, "byJob": it.by_job} for it in one.series],
        }
        for one in found
    ]
    return web.json_response({"studies": listed})
