"""The fine-tuned model with flatter probabilities: logits divided by a temperature, and nothing forgotten.

The temperature makes the forget answers as probable as the retrained model finds them. The greedy answers are still the
fine-tuned model's, so whatever rewards it looks at probabilities alone.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from torch import Tensor, nn

from benchmark.controls.base import Control, ControlSetup, Scored
from benchmark.data.types import question_answer_pairs
from benchmark.evaluation.teacher_forcing import encode_answers, score_answers
from benchmark.models.lm_head import direct_head

HIGHEST = 64.0
PRECISION = 1e-3  # relative, of the temperature


@dataclass(frozen=True)
class Temperature(Control):
    """One temperature for all sets: the one at which the mean gold probability exp(-nll) of the forget rows is the
    retrained model's, from 1 to HIGHEST. Where none is, it is the nearest end.

    Notes: ``temperature``, ``forget_probability`` at it, and ``target_probability``, the retrained model's.
    """

    name: ClassVar[str] = "temperature"
    version: ClassVar[int] = 1
    needs: ClassVar[tuple[str, ...]] = ("finetuned", "retrained")

    def score(self, setup: ControlSetup) -> Scored:
        pairs = question_answer_pairs(setup.sets["forget"])
        encoded = encode_answers(setup.finetuned, setup.prompt_tokenizer, pairs)

        def probability(model: nn.Module) -> float:
            none = [False] * len(pairs)
            answers = score_answers(
                model, setup.prompt_tokenizer, pairs, encoded=encoded, with_mean_std=none, device=setup.device
            )
            return float(np.mean([math.exp(-answer.nll) for answer in answers]))

        target = probability(setup.retrained_model)
        reached = search(lambda t: probability(tempered(setup.finetuned, t)), target)
        model = tempered(setup.finetuned, reached)
        notes = {"temperature": reached, "forget_probability": probability(model), "target_probability": target}
        return Scored(setup.score_model(model), notes)


def search(probability: Callable[[float], float], target: float) -> float:
    """The temperature where ``probability`` falls to ``target``, by bisection of its logarithm; an end if there is none."""
    low, high = 1.0, HIGHEST
    if probability(low) <= target:
        return low
    if probability(high) >= target:
        return high
    while high > low * (1 + PRECISION):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if probability(middle) > target else (low, middle)
    return math.sqrt(low * high)


class TemperedHead(nn.Module):
    """An output head whose logits are divided by a temperature, in float32 so that rounding makes no ties."""

    def __init__(self, head: nn.Module, temperature: float):
        super().__init__()
        self.head, self.temperature = head, temperature

    def forward(self, states: Tensor) -> Tensor:
        """[..., D] -> [..., V]"""
        return self.head(states).float() / self.temperature


def tempered(model: nn.Module, temperature: float) -> nn.Module:
    """A model with the same weights in the same memory, whose logits are divided by ``temperature``.

    The head is wrapped and not scaled: with tied embeddings its weights are the input's too. Where a model does more to
    its logits than the head (a cap, say), what it returns is divided.
    """
    tensors = [*model.parameters(), *model.buffers()]
    made: Any = copy.deepcopy(model, {id(tensor): tensor for tensor in tensors})
    if direct_head(model) is not None:
        made.set_output_embeddings(TemperedHead(made.get_output_embeddings(), temperature))
        return made

    def divide(module: nn.Module, args: tuple, output: Any) -> Any:
        output.logits = output.logits.float() / temperature
        return output

    made.register_forward_hook(divide)
    return made
