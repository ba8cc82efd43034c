"""What a control is: a frozen dataclass of settings that makes scores from models that are there already."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

from torch import nn

from benchmark.common.errors import UserError
from benchmark.data.types import Dataset, Example
from benchmark.evaluation.evaluate import score_model
from benchmark.evaluation.scores import Scores
from benchmark.models.tokenization import PromptTokenizer
from methods.base.settings import Settings

NEEDS = ("finetuned", "retrained")


@dataclass(frozen=True)
class ControlSetup:
    """All that a control may read. It must not change the models; it makes copies.

    Attributes:
        retrained: the model retrained without the split's forget rows; None where the control does not need it.
        split: the name of the split whose rows are to be forgotten.
        sets: the evaluation sets to be scored, by name.
        max_new_tokens: longest greedy answer.
        meta: what the scores say of themselves (``Scores.meta``).
    """

    finetuned: nn.Module
    retrained: nn.Module | None
    prompt_tokenizer: PromptTokenizer
    dataset: Dataset
    split: str
    sets: Mapping[str, Sequence[Example]]
    max_new_tokens: int = 200
    device: str = "cpu"
    meta: dict[str, Any] = field(default_factory=dict)

    def score_model(self, model: nn.Module, sets: Mapping[str, Sequence[Example]] | None = None) -> Scores:
        """A model's scores on these sets, by default on all, as those of any row of a board."""
        return score_model(
            model,
            self.prompt_tokenizer,
            self.sets if sets is None else sets,
            max_new_tokens=self.max_new_tokens,
            device=self.device,
            meta=self.meta,
        )

    @cached_property
    def finetuned_scores(self) -> Scores:
        """The fine-tuned model's scores on all sets."""
        return self.score_model(self.finetuned)

    @property
    def retrained_model(self) -> nn.Module:
        """The retrained model.

        Raises:
            UserError: there is none.
        """
        if self.retrained is None:
            raise UserError(f'this control reads a model retrained without {self.split}: add "retrained" to its needs')
        return self.retrained


class Scored(NamedTuple):
    """A control's scores, and what a reader of its record should know of how they came about, by name."""

    scores: Scores
    notes: dict[str, float]


@dataclass(frozen=True)
class Control(Settings, ABC):
    """A row of a board without unlearning; its fields are its settings, its ``label`` the row's name.

    Class attributes:
        name: the file's.
        version: raised when the same setup would give other scores.
        needs: the models that it reads, of ``NEEDS``.
    """

    version: ClassVar[int]
    needs: ClassVar[tuple[str, ...]]

    @abstractmethod
    def score(self, setup: ControlSetup) -> Scored:
        """The row's scores on ``setup.sets``, with notes; the given models stay as they are."""
