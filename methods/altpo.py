"""AltPO: DPO that prefers another answer, sampled from the model itself, to the forget answer.

Mekala et al. 2024, arXiv 2409.13474:

    loss = -(2 / beta) * log sigmoid(beta * [(s - s_ref)(alternative) - (s - s_ref)(answer)]) + NLL(retain)

Checked against the authors' code (molereddy/Alternate-Preference-Optimization). Several alternatives a question are
sampled from the fine-tuned model before unlearning, and each epoch takes one of them at random (the authors repeat the
row for each). As there, the model is shown question and answer and told to change the facts, in other words than
theirs, which differ from model to model; a model without a chat template follows no instruction and gets the question
alone. An alternative that equals the answer has no effect (the authors keep it): it is sampled again, up to ten times,
and a record notes the share of such alternatives before and after.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from methods.base import AT_LEAST_ONE, POSITIVE, Batch, Tokens
from methods.dpo import DPO

VARIANTS = {"altpo": {}}


@dataclass(frozen=True)
class AltPO(DPO):
    # Listings read this file without importing it, so inherited values are repeated here.
    paper: ClassVar[str] = "arXiv:2409.13474"
    needs: ClassVar[tuple[str, ...]] = ("alternatives", "reference")
    extra_forwards: ClassVar[int] = 2  # the alternative, by the model and by the frozen one
    weighs: ClassVar[str] = "retain_weight"  # the authors' `run.sh` in OpenUnlearning tries 1, 2 and 5
    ranges: ClassVar[dict[str, tuple[float, float]]] = {
        "alternatives": AT_LEAST_ONE,
        "alternative_temperature": POSITIVE,
    }

    alternatives: int = 5  # sampled answers for each question; the authors' value
    alternative_temperature: float = 1.0  # the authors' value
    instruction: str = (  # after "Question: ..." and "Answer: ..."; empty: the question alone
        "Write another answer to this question. Keep its style, but replace every fact in it by another plausible one."
    )
    retain: Literal["none", "rt", "kl"] = "rt"  # the paper's loss has the retain term

    def preferred(self, batch: Batch) -> Tokens:
        return batch.alternative
