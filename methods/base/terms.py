"""The terms that several losses share. Every one is a mean over rows of a mean over answer tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from benchmark.models.forward import Tokens, answer_logits, token_logprobs
from methods._retain import RETAIN_FORWARDS, RETAIN_NEEDS
from methods.base.fields import NOT_NEGATIVE
from methods.base.method import Batch, Batches, Method


def nll(model: nn.Module, tokens: Tokens) -> Tensor:
    """Mean negative log-likelihood of the answers, nats per token (EOS included)."""
    return -tokens.row_mean(token_logprobs(model, tokens)).mean()


def sequence_logprob(model: nn.Module, tokens: Tokens) -> Tensor:
    """[B] log-likelihood of each whole answer, summed over its tokens, nats."""
    return tokens.row_sum(token_logprobs(model, tokens))


def place_in_answer(tokens: Tokens) -> Tensor:
    """[N] 0 for the first answer token of each row, 1 for the second, and so on."""
    lengths = tokens.row.bincount(minlength=len(tokens.input_ids))  # [B]
    first = lengths.cumsum(0) - lengths  # [B] where each row's tokens begin
    return torch.arange(len(tokens.row), device=tokens.row.device) - first[tokens.row]


def kl_divergence(log_p: Tensor, log_q: Tensor) -> Tensor:
    """KL(p || q) along the last dimension: [..., V] log-probabilities -> [...] nats."""
    # exp(log p) = 0 where log p = -inf would give 0 * inf: such entries add nothing.
    return (log_p.exp() * (log_p - log_q)).masked_fill(log_p == -torch.inf, 0.0).sum(-1)


def kl_to_reference(model: nn.Module, reference: nn.Module, tokens: Tokens) -> Tensor:
    """Mean over answer positions of KL(reference || model), the retain term of "+KL" (arXiv 2401.06121)."""
    with torch.no_grad():
        log_reference = answer_logits(reference, tokens).log_softmax(-1)  # [N, V]
    log_model = answer_logits(model, tokens).log_softmax(-1)  # [N, V]
    return tokens.row_mean(kl_divergence(log_reference, log_model)).mean()


def take_gradient(model: nn.Module) -> list[Tensor]:
    """The trained parameters' gradients, taken out of ``.grad``; zeros where there is none."""
    trained = [p for p in model.parameters() if p.requires_grad]
    found = [torch.zeros_like(p) if p.grad is None else p.grad for p in trained]
    for parameter in trained:
        parameter.grad = None
    return found


def gradient_of(
    loss: Callable[[nn.Module, Batch], Tensor],
    model: nn.Module,
    batches: Batches,
    backward: Callable[[Tensor], None],
) -> tuple[list[Tensor], Tensor]:
    """One step's gradient of ``loss(model, batch)``, taken out of ``.grad``, and the step's loss, detached."""
    total = torch.zeros(())
    for batch, share in batches():
        part = loss(model, batch) * share
        backward(part)
        total = total.to(part.device) + part.detach()
    return take_gradient(model), total


def moving_state(batches: Batches, moved: Callable[[Batch], dict[str, Any]]) -> Batches:
    """The same micro-batches for ``Method.gradient``; before each is used, ``moved`` of it goes into the state."""

    def batches_with_state() -> Iterator[tuple[Batch, float]]:
        for batch, share in batches():
            batch.state.update(moved(batch))
            yield batch, share

    return batches_with_state


@dataclass(frozen=True)
class WithRetain(Method):
    """A method with the usual choice of retain terms, added to the forget loss."""

    ranges: ClassVar[dict[str, tuple[float, float]]] = {"retain_weight": NOT_NEGATIVE}

    retain: Literal["none", "rt", "kl"] = "none"  # "+RT": NLL; "+KL": KL(reference || model); on retain rows
    retain_weight: float = 1.0  # both suites and the RKLD paper use 1

    def required(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.needs, *RETAIN_NEEDS[self.retain])))

    def forwards(self) -> float:
        return super().forwards() + RETAIN_FORWARDS[self.retain]

    def forget_loss(self, model: nn.Module, batch: Batch) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} defines no forget_loss")

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        forget = self.forget_loss(model, batch)
        return forget if self.retain == "none" else forget + self.retain_weight * self.retain_loss(model, batch)

    def retain_loss(self, model: nn.Module, batch: Batch) -> Tensor:
        """The retain term, unweighted; there is one unless ``retain`` is "none"."""
        if self.retain == "rt":
            return nll(model, batch.retain)
        return kl_to_reference(model, batch.reference, batch.retain)
