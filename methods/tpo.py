"""TPO (targeted preference optimisation, "TIF"): lower the logits of the words that state the fact, keep the others.

Zhou et al. 2025, arXiv 2506.03142. On the tokens of the fact, with z(y) the raw logit of the answer's token and A its mean over them, a
logit preference loss; on the answer's other tokens, EOS among them, a preservation loss:

    loss = -(2 / beta) * log sigmoid(beta * (A_ref - A)) + others_weight * sum of -log p over the others

Checked against the authors' code (RookieZxy/Unlearning-TPO, TOFU/dataloader.py), where sigma acts on the mean of A
over a micro-batch of 4 rows; here it acts on each row, so that batches may be split. That code also masks a copy of the
reference's logits and does not use it: whether the paper's A_ref is masked could not be found out. There a language
model marks the words of the fact; here the data set does (`batch.fact`). The fine-tuned model's logits are computed once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor, nn
from torch.nn.functional import cross_entropy, logsigmoid

from methods.base import NOT_NEGATIVE, POSITIVE, Batch, Models, Tokens, WithRetain, answer_logits

VARIANTS = {"tpo": {}, "tpo+rt": {"retain": "rt"}}


@dataclass(frozen=True)
class TPO(WithRetain):
    paper: ClassVar[str] = "arXiv:2506.03142"
    needs: ClassVar[tuple[str, ...]] = ("facts",)
    by_split: ClassVar[dict[str, dict[str, Any]]] = {
        "forget10": {"beta": 0.19},
        "forget05": {"beta": 0.27},
        "forget01": {"beta": 0.30},
    }
    ranges: ClassVar[dict[str, tuple[float, float]]] = {"beta": POSITIVE, "others_weight": NOT_NEGATIVE}

    beta: float = 0.19  # inverse temperature, per logit; the authors' best for Llama-3.2-3B, see by_split
    others_weight: float = 1.0  # of the preservation loss; authors' on TOFU

    def prepare(self, models: Models, tokens: Tokens) -> dict[str, Tensor]:
        return {"z_ref": answer_logits(models.reference, tokens).gather(1, tokens.targets[:, None])[:, 0]}  # [N]

    def forget_loss(self, model: nn.Module, batch: Batch) -> Tensor:
        tokens, fact = batch.forget, batch.fact.float()  # [N]
        logits = answer_logits(model, tokens)  # [N, V]
        z = logits.gather(1, tokens.targets[:, None])[:, 0]  # [N]
        fallen = tokens.row_sum((batch.cached["z_ref"] - z) * fact) / tokens.row_sum(fact).clamp(min=1)  # [B]
        preference = -(2 / self.beta) * logsigmoid(self.beta * fallen)  # [B]
        others = tokens.row_sum(cross_entropy(logits, tokens.targets, reduction="none") * (1 - fact))  # [B]
        return (preference + self.others_weight * others).mean()
