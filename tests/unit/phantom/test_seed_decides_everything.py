import numpy as np
from tests.unit.phantom.conftest import COARSE

from meninx.phantom.lesion import LesionRange
from meninx.phantom.scanner import draw_pose
from meninx.phantom.series import slices
from meninx.phantom.simulate import Phantom, simulate
from meninx.phantom.template import Template


def test_same_seed_gives_the_same_phantom(template: Template, phantom: Phantom) -> None:
    again = simulate(template, 3, lesions=1, asked=LesionRange(25, 35), acquisition=COARSE)
    assert np.array_equal(again.image, phantom.image)
    assert np.array_equal(again.truth, phantom.truth)
    assert [i.SOPInstanceUID for i in slices(again, lesions_asked=1)] == [
        i.SOPInstanceUID for i in slices(phantom, lesions_asked=1)
    ]


def test_another_seed_is_another_person() -> None:
    poses = [draw_pose(np.random.default_rng([seed, 1])) for seed in (1, 2)]
    assert not np.allclose(poses[0].affine_ras, poses[1].affine_ras)


def test_two_phantoms_never_share_a_uid(phantom: Phantom, healthy: Phantom) -> None:
    ill, well = slices(phantom, lesions_asked=1), slices(healthy, lesions_asked=0)
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID"):
        assert ill[0][keyword].value != well[0][keyword].value
    assert not {i.SOPInstanceUID for i in ill} & {i.SOPInstanceUID for i in well}
