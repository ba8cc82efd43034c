"""PALU (prefix-aware localized unlearning): flatten the top logits where a fact begins, keep all other tokens.

Zhai et al. 2026, arXiv 2601.03190, ACL 2026. I are the first `first` tokens of each run of fact tokens in an answer,
and top the `top` tokens to which the fine-tuned model gives the largest logits at a position:

    flat = mean over I of the mean over v in top of (z_v - mean of z over the vocabulary)^2
    loss = flat + retain_weight * (NLL(retain) + mean over the answer's other tokens of KL(pi_theta || pi_ref))

Other tokens are those of no fact, EOS among them; a fact's tokens after its first ones are left alone. Checked against
the authors' code (nxZhai/PALU, palu.py), where means are over all tokens of a batch; here a row's tokens are averaged,
then rows. A summary of the paper writes KL(pi_ref || pi_theta) and takes the mean of z over `top` alone (`local`); code
wins. The code's defaults are top 1 and whole facts, its script sweeps both, and the summary's best are taken here. There
GPT marks the facts; here the data set does (`batch.fact`). The fine-tuned model is read once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from methods.base import AT_LEAST_ONE, Batch, Models, Tokens, WithRetain, answer_logits, kl_divergence

VARIANTS = {"palu": {}}


@dataclass(frozen=True)
class PALU(WithRetain):
    paper: ClassVar[str] = "arXiv:2601.03190"
    needs: ClassVar[tuple[str, ...]] = ("facts",)
    weighs: ClassVar[str] = "retain_weight"  # the authors' script sweeps it
    ranges: ClassVar[dict[str, tuple[float, float]]] = {"top": AT_LEAST_ONE, "first": AT_LEAST_ONE}

    top: int = 50  # k, tokens; best in the paper by a summary of it; authors' script sweeps 1 to 10,000
    first: int = 3  # n, tokens of a run; best in the paper by a summary of it: 3 to 5; authors' script sweeps 1 to 10
    local: bool = False  # whether the logits' mean is over the top tokens alone
    retain: Literal["none", "rt", "kl"] = "rt"  # as in the authors' code
    retain_weight: float = 1.0  # alpha, no unit; the code's default, its script sweeps 0.2 to 5

    def prepare(self, models: Models, tokens: Tokens) -> dict[str, Tensor]:
        return {"log_reference": answer_logits(models.reference, tokens).log_softmax(-1)}  # [N, V]

    def forget_loss(self, model: nn.Module, batch: Batch) -> Tensor:
        tokens, log_reference = batch.forget, batch.cached["log_reference"]
        logits = answer_logits(model, tokens)  # [N, V]
        top = logits.gather(1, log_reference.topk(min(self.top, logits.shape[-1]), dim=-1).indices)  # [N, k]
        centre = (top if self.local else logits).mean(-1, keepdim=True)  # [N, 1]
        flat = (top - centre).square().mean(-1)  # [N]
        kept = kl_divergence(logits.log_softmax(-1), log_reference)  # [N]
        beginning = batch.fact & (place_in_run(batch.fact, tokens.row) < self.first)
        return mean_where(tokens, flat, beginning) + self.retain_weight * mean_where(tokens, kept, ~batch.fact)


def place_in_run(marked: Tensor, row: Tensor) -> Tensor:
    """[N] at marked tokens 0 for the first of a run within a row, 1 for the next, and so on."""
    number = torch.arange(len(marked), device=marked.device)
    begins = marked.clone()
    begins[1:] &= ~marked[:-1] | (row[1:] != row[:-1])
    return number - (number * begins).cummax(0).values


def mean_where(tokens: Tokens, values: Tensor, chosen: Tensor) -> Tensor:
    """The mean over rows of the mean over a row's chosen tokens; 0 for a row without one."""
    chosen = chosen.to(values.dtype)  # [N]
    return (tokens.row_sum(values * chosen) / tokens.row_sum(chosen).clamp(min=1)).mean()
