"""Ways to compute the same give the same, and what chooses between them is asked once a size."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from llx.plugins.nn import attend, products
from llx.plugins.nn.cross_entropy import Options, summed
from llx.plugins.nn.kernels import Trial, choose, using
from llx.plugins.nn.visible import Visible
from llx.plugins.values import IGNORED
from torch import Tensor
from torch.nn.attention.flex_attention import create_mask


class Named:
    """Chooses by name, and keeps what it was asked."""

    def __init__(self, name: str) -> None:
        self.name, self.asked = name, list[str]()
        self.taken: dict[str, str] = {}

    def choose(self, about: str, trials: Mapping[str, Trial]) -> str:
        self.asked.append(about)
        for trial in trials.values():
            trial()
        return self.name


def case(dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    torch.manual_seed(0)
    hidden, weight, bias = (torch.randn(*shape, dtype=dtype, requires_grad=True) for shape in ((7, 4), (9, 4), (9,)))
    return hidden, weight, bias, torch.tensor([0, IGNORED, 3, 8, IGNORED, 2, 1])


@pytest.mark.parametrize("rows", [1, 3, 7, 100])
@pytest.mark.parametrize(("smoothing", "z_loss"), [(0.0, 0.0), (0.1, 1e-2)])
def test_gradients_made_forward_are_those_of_the_loss(rows: int, smoothing: float, z_loss: float) -> None:
    hidden, weight, bias, targets = case()
    options = Options(rows, torch.float64, smoothing, z_loss)
    assert torch.autograd.gradcheck(lambda *given: summed(*given, targets, options), (hidden, weight, bias))


def test_the_loss_is_torch_s_own() -> None:
    hidden, weight, bias, targets = case()
    expected = F.cross_entropy(F.linear(hidden, weight, bias), targets, ignore_index=IGNORED, reduction="sum")
    found = summed(hidden, weight, bias, targets, Options(2, torch.float64))
    with torch.no_grad():
        measured = summed(hidden, weight, bias, targets, Options(2, torch.float64))
    assert torch.allclose(found, expected, rtol=1e-12)
    assert torch.equal(measured, found)


def test_a_huge_logit_stays_finite() -> None:
    hidden = torch.tensor([[1e4, 0.0]], requires_grad=True)
    weight = torch.tensor([[1.0, 0.0], [-1.0, 0.0]], requires_grad=True)
    loss = summed(hidden, weight, None, torch.tensor([1]), Options(1, torch.float32))
    loss.backward()
    assert loss.item() == 2e4
    assert hidden.grad is not None
    assert torch.equal(hidden.grad, torch.tensor([[2.0, 0.0]]))


def test_what_is_frozen_gets_no_gradient_and_others_theirs() -> None:
    hidden, weight, bias, targets = case()
    options = Options(3, torch.float64)
    whole = torch.autograd.grad(summed(hidden, weight, bias, targets, options), (hidden, weight, bias))
    alone = torch.autograd.grad(summed(hidden, weight.detach(), bias.detach(), targets, options), hidden)
    head = torch.autograd.grad(summed(hidden.detach(), weight, bias, targets, options), (weight, bias))
    assert torch.equal(alone[0], whole[0])
    assert all(torch.equal(a, b) for a, b in zip(head, whole[1:], strict=True))


def test_in_bfloat16_weights_gather_their_gradient_in_float32() -> None:
    torch.manual_seed(0)
    hidden, weight = torch.randn(2000, 16, requires_grad=True), torch.randn(5, 16, requires_grad=True)
    targets = torch.randint(0, 5, (2000,))
    exact = torch.autograd.grad(summed(hidden, weight, None, targets, Options(2000, torch.float32)), weight)[0]
    rounded = torch.autograd.grad(summed(hidden, weight, None, targets, Options(10, torch.bfloat16)), weight)[0]
    assert rounded.dtype == torch.float32
    assert (rounded - exact).norm() < 0.01 * exact.norm()


def test_onednn_multiplies_as_torch_does() -> None:
    torch.manual_seed(0)
    layer = torch.nn.Linear(24, 16)
    states = torch.randn(3, 5, 24, requires_grad=True)

    def results(way: str) -> list[Tensor]:
        given = products.WAYS[way](states, layer.weight, layer.bias)
        return [given.detach(), *torch.autograd.grad(given, (states, layer.weight, layer.bias), torch.ones(3, 5, 16))]

    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(results("torch"), results("onednn"), strict=True))
    hidden, weight, bias, targets = (each.float().detach().requires_grad_(each.is_floating_point()) for each in case())
    by = [Options(3, torch.float32, 0.1, 1e-2, by_onednn=by) for by in (False, True)]
    losses = [summed(hidden, weight, bias, targets.long(), options) for options in by]
    gradients = [torch.autograd.grad(loss, (hidden, weight, bias)) for loss in losses]
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(*gradients, strict=True))


def test_linear_layers_choose_and_keep_their_names() -> None:
    network = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.LayerNorm(3), torch.nn.Linear(3, 256))
    names = list(network.state_dict())
    products.let_choose(network)
    chooser = Named("onednn")
    with using(chooser):
        network(torch.zeros(5500, 4)).sum().backward()
    assert chooser.asked == ["cpu float32 linear 3x256"]
    assert list(network.state_dict()) == names
    assert isinstance(network[2], torch.nn.Linear)
    assert network[2].weight.grad is not None


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("way", sorted(set(attend.WAYS) - {"fused"}))
def test_ways_to_attend_agree(way: str, causal: bool, packed: bool) -> None:
    torch.manual_seed(0)
    query, key, value = (torch.randn(3, 2, 12, 8, dtype=torch.float64, requires_grad=True) for _ in range(3))
    segments = torch.tensor([[1] * 5 + [2] * 4 + [0] * 3] * 3) if packed else None
    upstream = torch.randn(3, 2, 12, 8, dtype=torch.float64)

    def results(name: str) -> list[Tensor]:
        mixed = attend.WAYS[name](query, key, value, Visible(segments, causal))
        return [mixed.detach(), *torch.autograd.grad(mixed, (query, key, value), upstream)]

    assert all(torch.allclose(a, b, rtol=1e-10) for a, b in zip(results("fused"), results(way), strict=True))


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("window", [None, 3])
@pytest.mark.parametrize("prefixed", [True, False])
def test_what_flex_attention_is_told_is_the_mask(causal: bool, window: int | None, prefixed: bool) -> None:
    segments = torch.tensor([[1] * 5 + [2] * 4 + [0] * 3, [1] * 12])
    prefix = torch.arange(12).remainder(5).lt(2).expand(2, 12) if prefixed else None
    for past in (0, 4):
        visible = Visible(segments, causal, past, prefix, window)
        blocks = visible.blocks(torch.empty(2, 1, 12 - past, 8), torch.empty(2, 1, 12, 8))
        assert blocks.shape == (2, 1, 12 - past, 12)
        told = create_mask(blocks.mask_mod, 2, 1, 12 - past, 12, device="cpu")
        assert torch.equal(told, visible.dense())


def test_a_cached_past_is_seen_in_every_way() -> None:
    torch.manual_seed(0)
    query, key, value = torch.randn(1, 2, 3, 8), torch.randn(1, 2, 7, 8), torch.randn(1, 2, 7, 8)
    visible = Visible(torch.ones(1, 7, dtype=torch.long), True, past=4)
    mixed = [way(query, key, value, visible) for way in attend.WAYS.values()]
    assert all(torch.allclose(one, mixed[0], atol=1e-6) for one in mixed[1:])


def test_without_a_chooser_the_first_way_is_taken() -> None:
    assert choose("a test", {"one": 1, "two": 2}, (torch.zeros(1),), lambda way, tensor: tensor) == 1


def test_a_chooser_decides_by_device_type_and_size() -> None:
    query, key, value = (torch.randn(8, 4, 60, 8, requires_grad=True) for _ in range(3))
    chooser = Named("products")
    before = torch.random.get_rng_state()
    with using(chooser):
        mixed = attend.attend(query, key, value, Visible(None, True))
    assert chooser.asked == ["cpu float32 attention 4x64x8 causal"]
    assert torch.equal(mixed, attend.products(query, key, value, Visible(None, True)))
    assert query.grad is None
    assert torch.equal(before, torch.random.get_rng_state())
