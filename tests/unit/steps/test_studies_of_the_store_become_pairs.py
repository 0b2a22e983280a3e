"""`collect` against the store and web rooms themselves: studies with a segmentation become pairs."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from aiohttp.test_utils import TestServer
from pydicom import Dataset
from tests.support.encoded import encode, encoded_bytes
from tests.support.fake_store import FakeTimer
from tests.support.identity import PATIENT_ID, PATIENT_NAME
from tests.support.make import NAMESPACE, PRIVACY_KEY
from tests.support.segmentations import EDEMA, drawn
from tests.support.series import mr_series
from tests.support.stacks import volume_of

from meninx.base.clock import SystemClock
from meninx.base.errors import Rejected, Unavailable
from meninx.base.privacy import pseudonym, study_hash
from meninx.base.tokens import SEGMENTED, Claims, mint
from meninx.resources.names import derived_uid
from meninx.resources.predicates import SeriesSelector
from meninx.resources.trainingdata import StoreData, WantedSegment
from meninx.steps.archive import ListedStudy, StoreArchive, open_archive
from meninx.steps.collect import Collector
from meninx.steps.dataset import Sources
from meninx.steps.patience import Patience
from meninx.store.rows import JobOrigin
from meninx.store.store import Store
from meninx.web.app import make_app
from meninx.web.site import Site

KEY = b"f" * 32
SHAPE = (9, 8, 10)
WANT = StoreData(segments=[WantedSegment(label="Meningioma")], series=SeriesSelector(min_slices=5))


def lesion(number: int = 1) -> np.ndarray:
    made = np.zeros(SHAPE, bool)
    made[2:5, 3:7, 2 : 3 + number % 5] = True
    return made


def study(number: int, *, patient: str = "", series: str = "t1c", **more: Any) -> list[Dataset]:
    uid = derived_uid("study", str(number))
    return mr_series(
        SHAPE[2], pixels=lambda k: np.where(lesion(number)[:, :, k].T, 500, 7).astype(np.uint16),
        StudyInstanceUID=uid, SeriesInstanceUID=derived_uid(uid, series),
        FrameOfReferenceUID=derived_uid(uid, "frame"), PatientID=patient or f"{PATIENT_ID}-{number}",
        SeriesDescription=series, **more,
    )  # fmt: skip


def case(number: int, patient: str = "") -> str:
    key = pseudonym(PRIVACY_KEY, "p", patient or f"{PATIENT_ID}-{number}")
    return f"{key}_ses-{study_hash(PRIVACY_KEY, derived_uid('study', str(number)))}"


@dataclass
class Bench:
    """A store that is served, and the folder of a training's data set."""

    store: Store
    url: str
    folder: Path
    asked: list[str] = field(default_factory=list)
    fails_at: int = -1

    def receive(self, *datasets: Dataset, origin: JobOrigin | None = None) -> None:
        for dataset in datasets:
            self.store.put(encoded_bytes(encode(dataset), origin=origin))
        if origin is None:
            uids = [str(dataset.SOPInstanceUID) for dataset in datasets]
            uid = str(datasets[0].StudyInstanceUID)
            self.store.mark_decided(uid, revision=1, sop_instance_uids=uids)

    async def collect(self, want: StoreData = WANT) -> Sources:
        expires = int(SystemClock().now().timestamp()) + 600
        token = mint(KEY, Claims(NAMESPACE, "t", "uid-t", "", 0, expires, reads=SEGMENTED))
        async with open_archive(self.url, token) as archive:
            patience, timer = Patience(0), FakeTimer()
            seen = Seen(archive, self)
            made = Collector(seen, self.folder, want, patience=patience, timer=timer)
            return await made.collect()

    def read(self, side: str, name: str) -> np.ndarray:
        return np.asarray(nibabel.load(self.folder / side / f"{name}.nii.gz").dataobj)

    def sources(self) -> Any:
        return json.loads((self.folder / "sources.json").read_text())


@dataclass
class Seen:
    """The store's web API, and what is asked of it."""

    archive: StoreArchive
    bench: Bench

    async def studies(self) -> list[ListedStudy]:
        self.bench.asked.append("list")
        return await self.archive.studies()

    async def retrieve_series(self, study: str, series: str, folder: Path) -> list[Path]:
        if self.bench.fails_at == len(self.bench.asked):
            raise Unavailable("killed")
        self.bench.asked.append(series)
        return await self.archive.retrieve_series(study, series, folder)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "store", PRIVACY_KEY)
    yield opened
    opened.close()


@pytest.fixture
async def bench(store: Store, tmp_path: Path) -> AsyncIterator[Bench]:
    site = Site(store, KEY, SystemClock(), lambda: True, lambda: True)
    server = TestServer(make_app(site))
    await server.start_server()
    yield Bench(store, str(server.make_url("/")), tmp_path / "out" / "dataset")
    await server.close()


async def test_each_segmented_study_becomes_a_pair(bench: Bench) -> None:
    for number in (1, 2):
        images = study(number)
        bench.receive(*images, drawn(images, lesion(number)))
    bench.receive(*study(3))
    found = await bench.collect()
    assert sorted(found.cases) == sorted([case(1), case(2)])
    for number in (1, 2):
        assert np.array_equal(bench.read("labels", case(number)), lesion(number))
        image = bench.read("images", case(number))
        assert np.array_equal(image, volume_of(study(number)))


async def test_visits_of_a_patient_share_their_subject(bench: Bench) -> None:
    for number in (1, 2):
        images = study(number, patient="MNX-7")
        bench.receive(*images, drawn(images, lesion(number)))
    subjects = {name.partition("_ses-")[0] for name in (await bench.collect()).cases}
    assert subjects == {pseudonym(PRIVACY_KEY, "p", "MNX-7")}


async def test_sources_say_which_objects_made_a_pair(bench: Bench) -> None:
    images = study(1)
    seg = drawn(images, lesion(1))
    bench.receive(*images, seg)
    await bench.collect()
    made = bench.sources()["cases"][case(1)]
    assert made["image"]["sopInstanceUIDs"] == [str(image.SOPInstanceUID) for image in images]
    assert made["segmentation"]["sopInstanceUID"] == str(seg.SOPInstanceUID)


async def test_work_of_our_own_model_is_no_truth(bench: Bench) -> None:
    images, other = study(1), study(2)
    bench.receive(*images)
    bench.receive(drawn(images, lesion(1)), origin=JobOrigin(NAMESPACE, "job", "uid-1"))
    bench.receive(*other, drawn(other, lesion(2), algorithm="AUTOMATIC"))
    with pytest.raises(Rejected, match=r"NoPairs: 2 studies .* 2 passed over \(2 MachineMade\)"):
        await bench.collect()
    allowed = await bench.collect(WANT.model_copy(update={"allow_automatic": True}))
    assert len(allowed.cases) == 2


async def test_corrected_segmentation_replaces_that_of_the_model(bench: Bench) -> None:
    images = study(1)
    bench.receive(*images, drawn(images, lesion(3), algorithm="SEMIAUTOMATIC", name="corrected"))
    bench.receive(drawn(images, lesion(1), algorithm="AUTOMATIC"),
                  origin=JobOrigin(NAMESPACE, "job", "uid-1"))  # fmt: skip
    await bench.collect(WANT.model_copy(update={"allow_automatic": True}))
    assert np.array_equal(bench.read("labels", case(1)), lesion(3))


async def test_series_that_is_segmented_and_selected_is_the_image(bench: Bench) -> None:
    plain, contrast = study(1, series="t1"), study(1, series="t1c", ContrastBolusAgent="Gd")
    bench.receive(*plain, *contrast, drawn(plain, lesion(2)), drawn(contrast, lesion(1)))
    require = {"all": [{"attribute": "Series.Contrast", "equals": "true"}]}
    selector = SeriesSelector.model_validate({"require": require, "minSlices": 5})
    await bench.collect(WANT.model_copy(update={"series": selector}))
    assert np.array_equal(bench.read("labels", case(1)), lesion(1))


async def test_pair_that_can_not_be_made_is_left_to_the_data_report(bench: Bench) -> None:
    whole, bare, holed = study(1), study(2), study(3)
    bench.receive(*whole, drawn(whole, lesion(1)))
    bench.receive(drawn(bare, lesion(2)))
    bench.receive(*holed[:4], *holed[5:], drawn(holed, lesion(3)))
    edema = study(4)
    bench.receive(*edema, drawn(edema, lesion(4), segments=[EDEMA]))
    found = await bench.collect()
    assert found.in_words() == (
        "1 pairs; 2 broken (1 ImageMissing, 1 MissingSlices); 1 passed over (1 NoSuchSegment)"
    )
    broken = {one["case"]: one["reason"] for one in bench.sources()["broken"]}
    assert broken == {case(2): "ImageMissing", case(3): "MissingSlices"}


async def test_killed_step_goes_on_where_it_was(bench: Bench) -> None:
    for number in (1, 2, 3):
        images = study(number)
        bench.receive(*images, drawn(images, lesion(number)))
    bench.fails_at = 4  # the images of the second study
    with pytest.raises(Unavailable):
        await bench.collect()
    done = {path: path.stat().st_mtime_ns for path in (bench.folder / "images").iterdir()}
    bench.fails_at = -1
    bench.asked.clear()
    assert len((await bench.collect()).cases) == 3
    assert len(bench.asked) == 4  # two series of each of the two that were not done
    assert {path: path.stat().st_mtime_ns for path in done} == done
    assert not list(bench.folder.glob(".part-*"))


async def test_data_set_stays_as_it_was_begun(bench: Bench) -> None:
    for number in (1, 2):
        images = study(number)
        bench.receive(*images, drawn(images, lesion(number)))
        await bench.collect()
    assert list(bench.sources()["cases"]) == [case(1)]
    other = WANT.model_copy(update={"segments": [WantedSegment(label="Edema")]})
    with pytest.raises(Rejected, match=r"data set of another spec\.data"):
        await bench.collect(other)


@pytest.mark.rule("no-patient-in-the-control-plane")
async def test_nothing_names_the_patient(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    images = study(1)
    bench.receive(*images, drawn(images, lesion(1)))
    caplog.set_level("DEBUG")
    found = await bench.collect()
    kept = b"".join(path.read_bytes() for path in bench.folder.rglob("*.json"))
    said = caplog.text + found.in_words() + kept.decode() + "".join(found.cases)
    assert PATIENT_ID not in said
    assert str(PATIENT_NAME) not in said
