"""AltPO: DPO that prefers another answer, sampled from the model itself, to the forget answer.

Mekala et al. 2024, arXiv 2409.13474:

    loss = -(2 / beta) * log sigmoid(beta * [(s - s_ref)(alternative) - (s - s_ref)(answer)]) + NLL(retain)

Checked against the authors' code. Several alternatives a question are sampled from the fine-tuned model
before unlearning, and each epoch takes one of them at random (the authors repeat the row for each). They ask
the model, in words, for an answer with other facts; here it is asked the question alone, since a small model
follows no instruction. At temperature 1 most answers of the project's tiny model go wrong and still read well
(about one in six is the true one); an alternative that equals the answer has no effect.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from methods.base import Batch, Tokens
from methods.dpo import DPO

VARIANTS = {"altpo": {}}


@dataclass(frozen=True)
class AltPO(DPO):
    # Listings read a file without importing it, so what is inherited is said again.
    paper: ClassVar[str] = "arXiv:2409.13474"
    needs: ClassVar[tuple[str, ...]] = ("alternatives", "reference")
    extra_forwards: ClassVar[int] = 2  # the alternative, by the model and by the frozen one

    alternatives: int = 5  # sampled answers a question; authors'
    alternative_temperature: float = 1.0  # authors'
    retain: Literal["none", "rt", "kl"] = "rt"  # the paper's loss has the retain term

    def preferred(self, batch: Batch) -> Tokens:
        return batch.alternative
