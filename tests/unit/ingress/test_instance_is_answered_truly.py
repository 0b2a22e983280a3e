"""Each C-STORE gets the status that is true, and nothing is left of what was refused."""

from pathlib import Path
from typing import Any, NoReturn

import pytest
from pynetdicom.sop_class import (
    ComprehensiveSRStorage,
    EncapsulatedPDFStorage,
    GrayscaleSoftcopyPresentationStateStorage,
    MRImageStorage,
)
from tests.support.dicom_peers import associated, send_slice
from tests.support.make import STUDY_UID
from tests.support.series import mr_slice

from meninx.base.errors import OutOfSpace
from meninx.ingress.admit import IMAGE_CLASSES, STORAGE_CLASSES
from meninx.ingress.listener import Listener
from meninx.store.store import Store

NON_IMAGES = {
    "report": ComprehensiveSRStorage,
    "presentation state": GrayscaleSoftcopyPresentationStateStorage,
    "document": EncapsulatedPDFStorage,
}


def _files(store: Store) -> list[Path]:
    return [path for path in store.data.rglob("instances/**/*") if path.is_file()]


@pytest.mark.parametrize("sop_class", NON_IMAGES.values(), ids=NON_IMAGES.keys())
def test_object_that_is_no_image_is_not_supported(
    listener: Listener, store: Store, sop_class: str
) -> None:
    with associated(listener.port, classes=[sop_class, MRImageStorage]) as association:
        assert send_slice(association, mr_slice(SOPClassUID=sop_class)) == 0x0122
        assert send_slice(association, mr_slice()) == 0x0000
    assert len(_files(store)) == 1


def test_class_that_is_no_storage_class_is_not_negotiated(listener: Listener) -> None:
    find = "1.2.840.10008.5.1.4.1.2.2.1"
    with associated(listener.port, classes=[find, MRImageStorage]) as association:
        assert [cx.result for cx in association.rejected_contexts] == [3]


@pytest.mark.rule("acknowledged-means-safe")
def test_full_disk_is_told_and_the_association_goes_on(
    listener: Listener, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> NoReturn:
        raise OutOfSpace("no room: free space on its volume")

    with associated(listener.port) as association:
        with monkeypatch.context() as patch:
            patch.setattr(store._writer, "_write", full)
            assert send_slice(association, mr_slice()) == 0xA700
        assert store.study_instances(STUDY_UID) == []
        assert send_slice(association, mr_slice()) == 0x0000
    assert len(store.study_instances(STUDY_UID)) == 1


def test_every_storage_class_is_either_image_or_refused() -> None:
    assert set(STORAGE_CLASSES) > IMAGE_CLASSES
    assert MRImageStorage in IMAGE_CLASSES
    assert "1.2.840.10008.5.1.4.1.1.66.4" in IMAGE_CLASSES


def test_modality_that_proposes_all_contexts_it_can_is_accepted(listener: Listener) -> None:
    with associated(listener.port, classes=STORAGE_CLASSES[:128]) as association:
        assert len(association.accepted_contexts) == 128
