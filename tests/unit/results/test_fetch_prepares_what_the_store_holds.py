"""`fetch`: images from the store become the model's input; a store that is away is waited for."""

import nibabel
import numpy as np
import pytest
from pydicom import dcmread
from tests.support.fake_store import TOKEN
from tests.unit.results.conftest import SHAPE, Bench

from meninx.base.errors import MeninxError, NotFound, Unauthorised, Unavailable
from meninx.steps.fetch import fetch
from meninx.steps.patience import Patience
from meninx.steps.prepare import PreparedInput
from meninx.steps.store_client import connect

PATIENCE = Patience(budget_seconds=60, first_seconds=1, most_seconds=8)


async def fetched(bench: Bench, token: str = TOKEN) -> PreparedInput:
    async with connect(bench.url, token, bench.task) as client:
        return await fetch(
            bench.task, client, bench.workspace(), patience=PATIENCE, timer=bench.timer
        )


async def test_model_gets_the_volume_and_deliver_gets_the_images(bench: Bench) -> None:
    prepared = await fetched(bench)
    volume = nibabel.load(prepared.channels[0].file).get_fdata()
    kept = sorted((bench.workspace().source / "t1c").iterdir())
    assert volume.shape == SHAPE
    assert np.array_equal(volume[:, :, 3], bench.datasets[3].pixel_array.T)
    assert [dcmread(path).SOPInstanceUID for path in kept] == [
        dataset.SOPInstanceUID for dataset in bench.datasets
    ]
    assert list(bench.workspace().source.iterdir()) == [bench.workspace().source / "t1c"]


async def test_model_never_sees_who_the_patient_is(bench: Bench) -> None:
    await fetched(bench)
    for path in bench.workspace().input.iterdir():
        content = path.read_bytes()
        assert b"TEST^ONE" not in content
        assert b"MNX-0001" not in content


@pytest.mark.parametrize("status", [500, 502, 503, 429], ids=str)
async def test_store_that_is_away_is_tried_again_with_growing_pauses(
    bench: Bench, status: int
) -> None:
    bench.store.answers = [status] * 5
    assert (await fetched(bench)).channels
    assert bench.timer.waits == [1, 2, 4, 8, 8]


async def test_patience_ends_within_its_budget(bench: Bench) -> None:
    bench.store.answers = [503] * 100
    with pytest.raises(Unavailable):
        await fetched(bench)
    assert bench.timer.now <= PATIENCE.budget_seconds


@pytest.mark.parametrize("parts", [0, 1, 9], ids=str)
async def test_answer_cut_short_is_never_taken_for_the_whole_series(
    bench: Bench, parts: int
) -> None:
    bench.store.cut_after_parts = parts
    prepared = await fetched(bench)
    assert prepared.channels[0].stack.grid.shape == SHAPE
    assert bench.store.requests["GET"] == 2


async def test_nobody_listening_is_a_store_that_is_away(bench: Bench) -> None:
    bench.url = "http://127.0.0.1:9/"
    with pytest.raises(Unavailable, match="can't be reached"):
        await fetched(bench)


@pytest.mark.parametrize(
    ("token", "known", "error"),
    [("stolen", True, Unauthorised), (TOKEN, False, NotFound)],
    ids=["wrong credential", "unknown series"],
)
async def test_refusal_of_the_store_is_final(
    bench: Bench, token: str, known: bool, error: type[MeninxError]
) -> None:
    if not known:
        bench.store.series.clear()
    with pytest.raises(error):
        await fetched(bench, token)
    assert bench.timer.waits == []


async def test_series_of_two_channels_is_fetched_once(bench: Bench) -> None:
    (channel,) = bench.task.channels
    second = channel.model_copy(update={"name": "t1", "compress": True})
    bench.task = bench.task.model_copy(update={"channels": [channel, second]})
    prepared = await fetched(bench)
    assert [done.file.name for done in prepared.channels] == ["t1c.nii", "t1.nii.gz"]
    assert bench.store.requests["GET"] == 1
