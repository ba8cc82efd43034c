"""IDK+AP: refuse on forget questions, and keep preferring answers to refusals on retain questions.

Yuan et al. 2024, arXiv 2410.08109 (ICLR 2025):

    loss = NLL(refusal | forget question) + AP
    AP = -(1 / beta) * log sigmoid(beta * (s(answer | retain question) - s(refusal | retain question)))

with s the log-likelihood of a whole answer, and no reference model. Checked against the authors' code
(sail-sg/closer-look-LLM-unlearning). Chosen here: a retain question is paired with the refusal of its batch
row, joined token by token, so a token that would merge across the boundary stays in two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from methods.base import NOT_NEGATIVE, POSITIVE, Batch, Method, TokenizedExample, Tokens, collate, nll, sequence_logprob

VARIANTS = {"idk+ap": {}}


@dataclass(frozen=True)
class IDKAP(Method):
    paper: ClassVar[str] = "arXiv:2410.08109"
    needs: ClassVar[tuple[str, ...]] = ("refusals", "retain")
    extra_forwards: ClassVar[int] = 2  # retain questions with their answers, and with refusals
    ranges: ClassVar[dict[str, tuple[float, float]]] = {"beta": POSITIVE, "retain_weight": NOT_NEGATIVE}

    beta: float = 0.1  # inverse temperature, per nat; the paper's
    retain_weight: float = 1.0  # weight of AP; the paper's

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        refused = answered_by(batch.retain, batch.refusal)
        margin = sequence_logprob(model, batch.retain) - sequence_logprob(model, refused)  # [B]
        preservation = -logsigmoid(self.beta * margin).mean() / self.beta
        return nll(model, batch.refusal) + self.retain_weight * preservation


def answered_by(questions: Tokens, answers: Tokens) -> Tokens:
    """Row by row, the question of the one with the answer of the other."""
    rows = []
    for i, ids in enumerate(questions.input_ids):
        start = int(questions.column[questions.row == i].min())
        rows.append(TokenizedExample(ids[:start].tolist() + answers.targets[answers.row == i].tolist(), start))
    padding = 0  # any token: the mask hides it
    return collate(rows, padding, questions.index.tolist()).to(questions.input_ids.device)
