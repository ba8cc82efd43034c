"""ETW: gradient ascent with each token weighted by the entropy of the model's prediction there.

Koh et al. 2026, arXiv 2604.17785 (ACL 2026), "Entropy-guided Token Weighting":

    w_t = T * H_t / sum_j H_j,    H_t = entropy of stop-gradient(softmax(z_t / temperature))
    loss = w * mean over tokens of w_t * log p_t + NLL(retain)

A row's weights sum to its number of answer tokens T, so that equal entropies give gradient ascent. Words that inform have
many alternatives, function words few. Unconfirmed: only summaries of the paper's equations could be read, no code
was found, and neither the temperature nor the weight is known; 1 stands for both. Tokens are averaged within a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from methods.base import Batch, WithRetain, answer_logits

VARIANTS = {"etw": {}}


@dataclass(frozen=True)
class ETW(WithRetain):
    paper: ClassVar[str] = "arXiv:2604.17785"
    status: ClassVar[str] = "unconfirmed"
    needs: ClassVar[tuple[str, ...]] = ()

    retain: Literal["none", "rt", "kl"] = "rt"  # as in the summary
    temperature: float = 1.0  # of the softmax whose entropy is taken, no unit; chosen here
    forget_weight: float = 1.0  # lambda; chosen here; the retain term has weight 1

    def forget_loss(self, model: nn.Module, batch: Batch) -> Tensor:
        logits = answer_logits(model, batch.forget)  # [N, V]
        weights = self.weights(logits.detach(), batch)  # [N]
        log_p = logits.log_softmax(-1).gather(1, batch.forget.targets[:, None])[:, 0]  # [N]
        return self.forget_weight * batch.forget.row_mean(weights * log_p).mean()

    def weights(self, logits: Tensor, batch: Batch) -> Tensor:
        """[N] each position's entropy over the mean of its row's."""
        entropy = torch.special.entr((logits / self.temperature).softmax(-1)).sum(-1)  # [N] nats
        mean = batch.forget.row_mean(entropy)[batch.forget.row]  # [N]
        return entropy / mean.clamp(min=torch.finfo(mean.dtype).tiny)
