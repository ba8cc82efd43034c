"""JensUn: Jensen-Shannon divergence to a refusal's tokens on forget rows, and to the original on retain rows.

Singh et al. 2025, arXiv 2509.02820. At position t of a forget answer, read after the true answer's prefix,
and at every position of a retain answer:

    loss = mean JSD(pi_theta || onehot(r_t)) + mean JSD(pi_theta || pi_ref)
    JSD(p || q) = KL(p || m) / 2 + KL(q || m) / 2,  m = (p + q) / 2

Against a one-hot target this is log 2 + (p log p - (1 + p) log(1 + p)) / 2, where p is the target's
probability. Both terms lie in [0, log 2]. r_t runs through the tokens of one fixed refusal, "No idea", again and again
to the end of the answer, EOS's place included. All was read in the authors' code (nmndeep/JensUn-Unlearning,
`jensun.py` and `utils.py`), not in the paper's own equations: there too the target is one token a position, the mask is
shifted with the logits, and only answer positions count. Chosen here: positions are averaged within a row, then rows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from methods.base import NOT_NEGATIVE, Batch, Method, Tokens, UserError, answer_logits, kl_divergence, place_in_answer

VARIANTS = {"jensun": {}}


@dataclass(frozen=True)
class JensUn(Method):
    paper: ClassVar[str] = "arXiv:2509.02820"
    needs: ClassVar[tuple[str, ...]] = ("fixed_refusal", "retain", "reference")
    extra_forwards: ClassVar[int] = 2  # the retain rows, by the model and by the frozen one
    ranges: ClassVar[dict[str, tuple[float, float]]] = {"forget_weight": NOT_NEGATIVE, "retain_weight": NOT_NEGATIVE}

    forget_weight: float = 1.0  # the authors' default
    retain_weight: float = 1.0  # the authors' default
    refusal: str = "No idea"  # the authors' default
    closing_eos: bool = False  # whether EOS is part of what is repeated; so in the authors' variant `JensUnEOT`

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.refusal.strip():
            raise UserError("refusal must not be empty")

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        log_p = answer_logits(model, batch.forget).log_softmax(-1)  # [N, V]
        target = repeated(batch.fixed_refusal, batch.forget, self.closing_eos)  # [N]
        log_target = log_p.gather(-1, target.unsqueeze(-1)).squeeze(-1)  # [N]
        forget = batch.forget.row_mean(divergence_from_token(log_target)).mean()
        with torch.no_grad():
            log_reference = answer_logits(batch.reference, batch.retain).log_softmax(-1)  # [N, V]
        log_model = answer_logits(model, batch.retain).log_softmax(-1)  # [N, V]
        retain = batch.retain.row_mean(js_divergence(log_model, log_reference)).mean()
        return self.forget_weight * forget + self.retain_weight * retain


def repeated(source: Tokens, tokens: Tokens, closing_eos: bool) -> Tensor:
    """[N] tokens for the answer positions of ``tokens``: the same row's answer in ``source``, repeated to fill them."""
    lengths = source.row.bincount(minlength=len(source.input_ids))  # [B]
    first = lengths.cumsum(0) - lengths  # [B]
    period = lengths if closing_eos else lengths - 1  # [B] EOS is an answer's last token
    return source.targets[first[tokens.row] + place_in_answer(tokens) % period[tokens.row]]


def divergence_from_token(log_p: Tensor) -> Tensor:
    """JSD, nats, between a distribution and all mass on one token, whose log-probability is ``log_p``."""
    p = log_p.exp()
    return math.log(2) + (p * log_p - (1 + p) * torch.log1p(p)) / 2


def js_divergence(log_p: Tensor, log_q: Tensor) -> Tensor:
    """Jensen-Shannon divergence along the last dimension: [..., V] log-probabilities -> [...] nats."""
    log_m = torch.logaddexp(log_p, log_q) - math.log(2)
    return (kl_divergence(log_p, log_m) + kl_divergence(log_q, log_m)) / 2
