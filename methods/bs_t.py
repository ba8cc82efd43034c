"""BS-T (bootstrapping, tokens): push down the forget answer and the tokens that the model now believes in.

Li et al. 2025, arXiv 2510.19422, ICLR 2026. Ascent on the answer alone moves its probability to near paraphrases;
so the target of the ascent is mixed with the model's own k likeliest tokens, taken as a constant:

    t = (1 - belief_weight) * onehot(y) + belief_weight * stop-gradient(softmax of the top k logits)
    loss = mean <t, log pi_theta> on forget answers + NLL(retain)

Checked against the authors' code (kemoulee/open-unlearning, bst.py), which likewise renormalises the k likeliest and
lets no gradient through them. belief_weight = 0 is gradient ascent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from methods.base import AT_LEAST_ONE, SHARE, Batch, Tokens, WithRetain, answer_logits

VARIANTS = {"bs_t": {}}


@dataclass(frozen=True)
class BST(WithRetain):
    paper: ClassVar[str] = "arXiv:2510.19422"
    needs: ClassVar[tuple[str, ...]] = ()
    ranges: ClassVar[dict[str, tuple[float, float]]] = {"belief_weight": SHARE, "top": AT_LEAST_ONE}

    belief_weight: float = 0.2  # lambda_BST; authors' on TOFU (`BST.yaml`; their class has 0.5)
    top: int = 20  # k, tokens; authors' on TOFU
    retain: Literal["none", "rt", "kl"] = "rt"  # the paper regularises with the retain rows

    def forget_loss(self, model: nn.Module, batch: Batch) -> Tensor:
        return self.ascent(model, batch.forget)

    def ascent(self, model: nn.Module, tokens: Tokens) -> Tensor:
        """Mean <t, log pi_theta> on these answers."""
        logits = answer_logits(model, tokens)  # [N, V]
        log_p = logits.log_softmax(-1)
        with torch.no_grad():
            best, likeliest = logits.topk(min(self.top, logits.shape[-1]), dim=-1)  # [N, k]
            belief = best.softmax(-1)
        answer = log_p.gather(1, tokens.targets[:, None])[:, 0]  # [N]
        believed = (belief * log_p.gather(1, likeliest)).sum(-1)  # [N]
        mixed = (1 - self.belief_weight) * answer + self.belief_weight * believed
        return tokens.row_mean(mixed).mean()
