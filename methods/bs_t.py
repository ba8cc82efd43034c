"""BS-T (bootstrapping, tokens): push down the forget answer and the tokens that the model now believes in.

Li et al. 2025, arXiv 2510.19422, ICLR 2026. Ascent on the answer alone moves its probability to near paraphrases;
so the target of the ascent is mixed with the model's own k likeliest tokens, taken as a constant:

    t = (1 - belief_weight) * onehot(y) + belief_weight * stop-gradient(softmax of the top k logits)
    loss = mean <t, log pi_theta> on forget answers + NLL(retain)

Checked against two summaries of the paper's equations, a review of it and an independent implementation; the
authors' own code was not found. belief_weight = 0 is gradient ascent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from methods.base import Batch, WithRetain, answer_logits

VARIANTS = {"bs_t": {}}


@dataclass(frozen=True)
class BST(WithRetain):
    paper: ClassVar[str] = "arXiv:2510.19422"
    needs: ClassVar[tuple[str, ...]] = ()

    belief_weight: float = 0.2  # lambda_BST; best of the paper's TOFU ablation, after a review's report of it
    top: int = 20  # k, tokens; the independent implementation's (the ablation finds k to matter little)
    retain: Literal["none", "rt", "kl"] = "rt"  # the paper regularises with the retain rows

    def forget_loss(self, model: nn.Module, batch: Batch) -> Tensor:
        logits = answer_logits(model, batch.forget)  # [N, V]
        log_p = logits.log_softmax(-1)
        with torch.no_grad():
            best, tokens = logits.topk(min(self.top, logits.shape[-1]), dim=-1)  # [N, k]
            belief = best.softmax(-1)
        answer = log_p.gather(1, batch.forget.targets[:, None])[:, 0]  # [N]
        believed = (belief * log_p.gather(1, tokens)).sum(-1)  # [N]
        mixed = (1 - self.belief_weight) * answer + self.belief_weight * believed
        return batch.forget.row_mean(mixed).mean()
