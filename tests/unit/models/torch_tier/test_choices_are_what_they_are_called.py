import pytest
import torch
from pydantic import TypeAdapter

from meninx_models.choices import (
    AUGMENTATIONS,
    LOSSES,
    OPTIMISERS,
    make_augmentation,
    make_loss,
    make_optimiser,
    make_schedule,
    rate_share,
)
from meninx_models.config import Augmentation, Cosine, Loss, Optimiser, Patch, Plateau, Poly

pytestmark = pytest.mark.torch
LOSS: TypeAdapter[Loss] = TypeAdapter(Loss)
OPTIMISER: TypeAdapter[Optimiser] = TypeAdapter(Optimiser)
AUGMENTATION: TypeAdapter[Augmentation] = TypeAdapter(Augmentation)


def _share(count: int = 1) -> torch.Tensor:
    share = torch.zeros(count, 1, 16, 16, 16)
    share[:, :, 4:10, 4:10, 4:10] = 1
    return share


@pytest.mark.parametrize("name", LOSSES)
def test_loss_is_least_for_the_right_answer(name: str) -> None:
    loss = make_loss(LOSS.validate_python({"name": name}), 1.0)
    right, wrong = (float(loss(sign * (20 * _share() - 10), _share())) for sign in (1, -1))
    assert right == pytest.approx(0, abs=0.01)
    assert wrong > 0.5


@pytest.mark.parametrize("name", LOSSES)
def test_loss_of_a_batch_is_the_mean_of_its_heads(name: str) -> None:
    loss = make_loss(LOSS.validate_python({"name": name}), 1.0)
    logits = torch.randn(3, 1, 16, 16, 16, generator=torch.Generator().manual_seed(1))
    single = [float(loss(logits[n : n + 1], _share())) for n in range(3)]
    assert float(loss(logits, _share(3))) == pytest.approx(sum(single) / 3, rel=1e-4)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_optimiser_takes_the_plans_parameters(name: str) -> None:
    choice = OPTIMISER.validate_python({"name": name, "rate": 0.25, "weight_decay": 0.5})
    made = make_optimiser(choice, [torch.nn.Parameter(torch.ones(2))])
    assert type(made).__name__.lower() == name
    assert (made.defaults["lr"], made.defaults["weight_decay"]) == (0.25, 0.5)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_change_depends_on_its_seed_alone(name: str) -> None:
    choice = AUGMENTATION.validate_python({"name": name, "probability": 1})
    change = make_augmentation([choice], None)
    image = torch.rand(1, 16, 16, 16, generator=torch.Generator().manual_seed(2))
    seen = []
    for seed in (1, 2, 1):
        change.set_random_state(seed=seed)
        seen.append(change({"image": image.clone(), "label": _share()[0]})["image"])
    assert torch.equal(seen[0], seen[2])
    assert not torch.equal(seen[0], image)
    if name != "flip":
        assert not torch.equal(seen[0], seen[1])


@pytest.mark.parametrize("name", ["flip", "rotation", "affine", "elastic"])
def test_label_moves_with_its_image(name: str) -> None:
    change = make_augmentation(
        [AUGMENTATION.validate_python({"name": name, "probability": 1})], None
    )
    change.set_random_state(seed=3)
    moved = change({"image": _share()[0], "label": _share()[0]})
    assert torch.equal(moved["image"], moved["label"])
    assert not torch.equal(torch.as_tensor(moved["image"]), _share()[0])


def test_patch_of_a_lesion_has_the_lesion_in_it() -> None:
    change = make_augmentation([], Patch(shape=(32, 32, 32), lesion_share=1.0))
    label = torch.zeros(1, 64, 64, 64)
    label[:, 50, 50, 50] = 1
    for seed in range(3):
        change.set_random_state(seed=seed)
        (cut,) = change({"image": label, "label": label})
        assert cut["label"].shape == (1, 32, 32, 32)
        assert cut["label"].sum() == 1


def _rates(choice: Cosine | Poly, epochs: int) -> list[float]:
    return [rate_share(choice, epoch, epochs) for epoch in range(epochs)]


@pytest.mark.parametrize("choice", [Cosine(warm_up_epochs=3), Poly(warm_up_epochs=3)], ids=str)
def test_rate_rises_in_the_warm_up_and_then_falls(choice: Cosine | Poly) -> None:
    rates = _rates(choice, 20)
    assert rates[:4] == [0.25, 0.5, 0.75, 1.0]
    assert rates[3:] == sorted(rates[3:], reverse=True)
    assert rates[-1] < 0.15


def test_plateau_lowers_the_rate_only_when_nothing_is_gained() -> None:
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)
    schedule = make_schedule(Plateau(patience=2, factor=0.5), optimiser, 10)
    rates = []
    for dice in (0.1, 0.2, 0.3, 0.3, 0.3, 0.3, 0.4):
        schedule.step(dice)  # type: ignore[call-arg, arg-type, unused-ignore]
        rates.append(optimiser.param_groups[0]["lr"])
    assert rates == [1.0] * 5 + [0.5] * 2
