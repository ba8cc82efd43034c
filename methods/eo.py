"""EO (entropy optimisation): sharpen the model's output on forget answers, so that sampling brings nothing else up.

Scholten et al. 2024, arXiv 2410.03523 (ICLR 2025), added to a forget loss:

    loss = forget loss + retain_weight * NLL(retain) + lambda_f * H(forget) + lambda_r * H(retain)

H is the mean entropy of the model's distribution over the vocabulary. Lower entropy on forget rows leaves less that a
sampled answer may leak; raised entropy on retained rows (lambda_r < 0) keeps the model diverse there. The forget
loss is gradient ascent's or NPO's, after the authors' three settings. Checked against the authors' code
(yascho/probabilistic-unlearning@b4d2c1d), whose entropy takes in prompt and padding; here it is the answer's alone.
It is the opposite of ME+GD, which raises the entropy of forget answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from methods.base import Batch, Method, Models, Tokens, UserError, answer_logits, sequence_logprob

VARIANTS = {"eo": {}, "eo_ga": {"forget": "ga", "retain_weight": 0.0}, "eo_grad_diff": {"forget": "ga"}}


@dataclass(frozen=True)
class EO(Method):
    paper: ClassVar[str] = "arXiv:2410.03523"
    needs: ClassVar[tuple[str, ...]] = ("retain",)
    extra_forwards: ClassVar[int] = 1  # the retain rows

    forget: Literal["npo", "ga"] = "npo"  # the forget loss
    beta: float = 0.05  # NPO's inverse temperature, per nat; authors' on TOFU
    retain_weight: float = 1.0  # of the likelihood of retain rows; authors' on TOFU
    forget_entropy: float = 1.0  # lambda_f, per nat; authors' on TOFU
    retain_entropy: float = -0.25  # lambda_r, per nat; authors' on TOFU

    def __post_init__(self) -> None:
        if self.forget not in ("npo", "ga"):
            raise UserError(f"forget must be 'npo' or 'ga', not {self.forget!r}")

    def prepare(self, models: Models, tokens: Tokens) -> dict[str, Tensor]:
        return {"s_ref": sequence_logprob(models.reference, tokens)} if self.forget == "npo" else {}  # [B]

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        log_p, entropy = likelihood_and_entropy(model, batch.forget)
        if self.forget == "npo":
            gap = batch.forget.row_sum(log_p) - batch.cached["s_ref"]  # [B]
            forget = -(2 / self.beta) * logsigmoid(-self.beta * gap).mean()
        else:
            forget = batch.forget.row_mean(log_p).mean()
        kept_log_p, kept_entropy = likelihood_and_entropy(model, batch.retain)
        retain = -batch.retain.row_mean(kept_log_p).mean()
        return forget + self.retain_weight * retain + self.forget_entropy * entropy + self.retain_entropy * kept_entropy


def likelihood_and_entropy(model: nn.Module, tokens: Tokens) -> tuple[Tensor, Tensor]:
    """[N] log p of every answer token, and the mean over rows of the mean entropy at a row's answer positions, nats."""
    log_p = answer_logits(model, tokens).log_softmax(-1)  # [N, V]
    entropy = -(log_p.exp() * log_p.clamp(min=torch.finfo(log_p.dtype).min)).sum(-1)  # [N]; 0 where p is 0
    return log_p.gather(1, tokens.targets[:, None])[:, 0], tokens.row_mean(entropy).mean()
