"""Log-likelihoods and divergences that are made in pieces, against those made at once."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from llx.plugins.nn import distillation, log_likelihood
from llx.plugins.values import IGNORED


def given(positions: int = 37, width: int = 8, vocabulary: int = 50) -> tuple[torch.Tensor, ...]:
    torch.manual_seed(0)
    hidden = torch.randn(positions, width, requires_grad=True)
    weight = torch.randn(vocabulary, width, requires_grad=True)
    bias = torch.randn(vocabulary, requires_grad=True)
    targets = torch.randint(0, vocabulary, (positions,))
    targets[::5] = IGNORED
    return hidden, weight, bias, targets


def gradients(loss: torch.Tensor, *leaves: torch.Tensor) -> list[torch.Tensor]:
    return list(torch.autograd.grad(loss, leaves))


@pytest.mark.parametrize("at_once", [1 << 26, 130])
@pytest.mark.parametrize("biased", [True, False])
def test_log_likelihoods_and_their_gradients(monkeypatch: pytest.MonkeyPatch, at_once: int, biased: bool) -> None:
    monkeypatch.setattr(log_likelihood, "MOST_LOGITS", at_once)
    hidden, weight, bias, targets = given()
    leaves = (hidden, weight, bias) if biased else (hidden, weight)
    shares = torch.linspace(-1, 2, len(targets))
    found = log_likelihood.log_likelihood(hidden, weight, targets, bias if biased else None)
    logits = F.linear(hidden, weight, bias if biased else None)
    expected = -F.cross_entropy(logits, targets, ignore_index=IGNORED, reduction="none")
    torch.testing.assert_close(found, expected)
    for one, other in zip(
        gradients((found * shares).sum(), *leaves), gradients((expected * shares).sum(), *leaves), strict=True
    ):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("at_once", [1 << 26, 230])
@pytest.mark.parametrize("temperature", [1.0, 2.5])
def test_the_divergence_and_its_gradients(monkeypatch: pytest.MonkeyPatch, at_once: int, temperature: float) -> None:
    monkeypatch.setattr(distillation, "MOST_LOGITS", at_once)
    hidden, weight, bias, targets = given()
    torch.manual_seed(1)
    teacher = (torch.randn(len(targets), 12), torch.randn(len(weight), 12), torch.randn(len(weight)))
    found = distillation.divergence((hidden, weight, bias), teacher, targets, temperature)
    student = (F.linear(hidden, weight, bias) / temperature).log_softmax(dim=1)
    wanted = (F.linear(*teacher) / temperature).log_softmax(dim=1)
    each = F.kl_div(student, wanted, reduction="none", log_target=True).sum(dim=1)
    expected = each[targets != IGNORED].sum() * temperature**2
    torch.testing.assert_close(found, expected)
    leaves = (hidden, weight, bias)
    for one, other in zip(gradients(found, *leaves), gradients(expected, *leaves), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)
    with torch.no_grad():
        torch.testing.assert_close(
            distillation.divergence((hidden, weight, bias), teacher, targets, temperature), found
        )


def test_a_teacher_like_the_model_teaches_nothing() -> None:
    hidden, weight, bias, targets = given()
    same = tuple(each.detach().clone() for each in (hidden, weight, bias))
    found = distillation.divergence((hidden, weight, bias), same, targets, 2.0)  # type: ignore[arg-type]
    assert abs(float(found)) < 1e-4
    assert float(gradients(found, hidden)[0].abs().max()) < 1e-5


def test_in_bfloat16_they_are_close() -> None:
    hidden, weight, bias, targets = given()
    with torch.autocast("cpu", torch.bfloat16):
        low = log_likelihood.log_likelihood(hidden, weight, targets, bias)
        soft = distillation.divergence((hidden, weight, bias), given()[:3], targets, 2.0)  # type: ignore[arg-type]
    assert low.dtype == torch.float32
    high = log_likelihood.log_likelihood(hidden, weight, targets, bias)
    torch.testing.assert_close(low, high, rtol=0.05, atol=0.2)
    assert abs(float(soft)) < 1e-2
