"""What an attack is: a frozen dataclass of settings that scores a model after pushing it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from torch import nn

from benchmark.common.errors import UserError
from benchmark.config.recipe import Recipe
from benchmark.data.types import Dataset, Example, gold_alone, question_answer_pairs
from benchmark.evaluation.evaluate import score_model
from benchmark.evaluation.scores import Scores, SetScores
from benchmark.evaluation.teacher_forcing import encode_answers, score_answers
from benchmark.models.fingerprint import fingerprint
from benchmark.models.ranks import in_group
from benchmark.models.tokenization import PromptTokenizer
from methods.base.settings import Settings
from metrics.calibration.attacked import AT, FAILED

NEEDS = ("finetuned",)
CHANGED = "it changed the model that it was given: push a copy (copy.deepcopy(setup.model))"


@dataclass(frozen=True)
class AttackSetup:
    """All that an attack may read. It must not change the model; it makes copies.

    Attributes:
        model: the model that is attacked, as it would be deployed.
        sets: the evaluation sets, by name.
        recipe: that the board's models were fine-tuned with.
        max_new_tokens: longest greedy answer.
        finetuned: the model before unlearning, where an attack of the run needs it.
    """

    model: nn.Module
    prompt_tokenizer: PromptTokenizer
    dataset: Dataset
    split: str
    sets: Mapping[str, Sequence[Example]]
    recipe: Recipe
    max_new_tokens: int = 200
    device: str = "cpu"
    finetuned: nn.Module | None = None

    def forced(self, model: nn.Module, sets: Mapping[str, Sequence[Example]] | None = None) -> dict[str, SetScores]:
        """A model's teacher-forced scores on these sets, by default on the forget rows; nothing is generated."""
        chosen = {"forget": self.sets["forget"]} if sets is None else sets
        return score_model(model, self.prompt_tokenizer, chosen, generated=False, device=self.device).sets

    def gold_scorer(self, rows: Sequence[Example]) -> Callable[[nn.Module], SetScores]:
        """A function from a model to the scores of these rows' gold answers alone, cheap enough for every few steps."""
        pairs = question_answer_pairs(rows)
        encoded = encode_answers(self.model, self.prompt_tokenizer, pairs)
        bare = gold_alone(rows)
        without = [False] * len(pairs)

        def score(model: nn.Module) -> SetScores:
            scored = score_answers(
                model, self.prompt_tokenizer, pairs, encoded=encoded, with_mean_std=without, device=self.device
            )
            return SetScores.of_examples(bare, dict(zip(pairs, scored, strict=True)), {})

        return score


@dataclass(frozen=True)
class Attack(Settings, ABC):
    """A way to push a model; its fields are its settings, its ``label`` what stands behind the ``@``.

    Class attributes:
        name: the file's.
        version: raised when the same model would get other scores.
        trains: whether it reads the setup's recipe.
        needs: other models that it reads, of ``NEEDS``.
    """

    version: ClassVar[int]
    trains: ClassVar[bool] = False
    needs: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def attack(self, setup: AttackSetup) -> dict[str, SetScores]:
        """Evaluation set -> its scores after the attack; the given model stays as it is."""


def _checked(made: Any) -> dict[str, SetScores]:
    if not isinstance(made, dict) or not all(isinstance(own, SetScores) for own in made.values()):
        raise TypeError(f"attack must return {{evaluation set: SetScores}}, not {made!r:.80}")
    return made


def attacked(scores: Scores, attacks: Iterable[Attack], setup: AttackSetup) -> Scores:
    """The scores with a set more for each attack and set; an attack that fails leaves its reason, never a lost run.

    After one that changed the model there is nothing left to push: those behind it fail too, with its name.
    """
    sets, failed = dict(scores.sets), {}
    before, spoilt_by = fingerprint(setup.model), ""
    for attack in attacks:
        if spoilt_by:
            failed[attack.label] = f"not tried: attack {spoilt_by} before it changed the model"
            continue
        try:
            made = _checked(attack.attack(setup))
        except Exception as error:  # one attack's fault must not cost the run its row
            if in_group() and not isinstance(error, UserError):  # of one rank, perhaps, while others wait for it
                raise
            made, failed[attack.label] = {}, f"{type(error).__name__}: {error}"
        if fingerprint(setup.model) != before:
            made, failed[attack.label], spoilt_by = {}, CHANGED, attack.label
        sets |= {f"{name}{AT}{attack.label}": own for name, own in made.items()}
    return replace(scores, sets=sets, meta=scores.meta | ({FAILED: failed} if failed else {}))
