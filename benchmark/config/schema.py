"""The schema of a preset: one flat TOML file says all that a board is made from."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from benchmark.common.names import FileName, Line
from benchmark.common.registry import split_fields
from benchmark.config.launch import Launch
from benchmark.config.prompt import template_text
from benchmark.config.recipe import Recipe, Strict

Seed = Annotated[int, Field(ge=0, lt=2**32)]


class DatasetChoice(Strict):
    """Which dataset, and how much of it."""

    name: Literal["fictitious", "tofu"] = "fictitious"
    source: Line = Field("locuslab/TOFU", min_length=1, description="tofu: folder or hub id")
    authors: int | None = Field(None, ge=2, description="how many authors; None: 200, or all that the source has")
    questions: int | None = Field(
        None, ge=1, description="of each author, the first so many: more authors at one price; None: all"
    )
    seed: Seed = Field(0, description="of the generator of authors")
    holdout: int = Field(0, ge=0, description="fictitious: authors that no model sees")
    pretraining: int = Field(0, ge=0, description="generated authors that the tiny base model learns from")


class TinyLlama(Strict):
    """Sizes of the tiny Llama; the default has about one million parameters."""

    layers: int = Field(4, ge=1, le=100)
    hidden: int = Field(128, ge=8, le=8192)
    heads: int = Field(4, ge=1)
    key_value_heads: int = Field(2, ge=1)
    mlp: int = Field(384, ge=8, le=32768)
    vocabulary: int = Field(2048, ge=300, le=200_000)
    seed: Seed = 0

    @model_validator(mode="after")
    def _heads_divide(self) -> TinyLlama:
        if self.hidden % (2 * self.heads):  # rotary positions turn pairs of a head's dimensions
            raise ValueError(f"hidden = {self.hidden} must be a multiple of 2 heads = {2 * self.heads}")
        if self.heads % self.key_value_heads:
            raise ValueError(f"heads = {self.heads} must be a multiple of key_value_heads = {self.key_value_heads}")
        return self


class ModelChoice(Strict):
    """The model before fine-tuning, and how it is asked."""

    source: Line = Field("tiny", min_length=1, description='"tiny", a hub id, a folder or a .gguf file')
    tiny: TinyLlama = TinyLlama()
    prompt: str | None = Field(None, description="text with {question}; None: the tokenizer's chat template")
    rehearse_facts: bool = Field(
        False, description="fine-tune on the general facts too: a tiny model soon forgets them"
    )
    finetuned: Line | None = Field(
        None, min_length=1, description="a published fine-tuned model, instead of fine-tuning here"
    )
    retrained: dict[str, list[str]] = Field(
        {}, description="split -> published retrained models, one or a list, instead of training here"
    )
    trust_remote_code: bool = False

    @field_validator("prompt")
    @classmethod
    def _asks_the_question(cls, prompt: str | None) -> str | None:
        if prompt is not None:
            template_text(prompt)
        return prompt

    @field_validator("retrained", mode="before")
    @classmethod
    def _lists(cls, retrained: Any) -> Any:
        if not isinstance(retrained, dict):
            return retrained
        return {split: [known] if isinstance(known, str) else known for split, known in retrained.items()}


class Scoring(Strict):
    """How models are measured."""

    max_new_tokens: int = Field(200, ge=1, description="longest greedy answer; TOFU's is 200")
    limit: int | None = Field(None, ge=2, description="only the first rows of each set; such runs are marked partial")
    sets: Literal["evaluation", "validation", "both"] = Field(
        "evaluation", description="the rows that a board reports, those that a sweep chooses on, or both"
    )
    # Left out of what a run's numbers depend on, so that runs with and without it are of one recipe.
    every: int | None = Field(
        None, ge=1, exclude=True, description="epochs of unlearning between two looks at its course; None: no look"
    )


class Sweep(Strict):
    """The search for every method's hyperparameters (benchmark/runs/search.py)."""

    key: str = Field("lr", description="a key of [training]: the first axis of every method's search")
    values: list[float] = Field([1e-4, 3e-4, 1e-3], min_length=1, description="where the search starts")
    factor: float = Field(3.0, gt=1, description="of a step beyond them")
    weight_factor: float = Field(
        10.0, gt=1, description="of a step of the constant that weighs forgetting against retention"
    )
    trials: int = Field(7, ge=1, description="of every method, those that start the search included")
    low: float = Field(1e-7, gt=0, description="the search goes no lower")
    high: float = Field(1e-2, gt=0, description="and no higher")
    sets: Literal["validation", "both"] = Field(
        "validation", description="both: trials are scored on the board's rows too, to show what the choice does to it"
    )
    limit: int | None = Field(None, ge=2, description="rows of each set that a trial scores")

    @field_validator("key")
    @classmethod
    def _of_the_recipe(cls, key: str) -> str:
        numbers = [name for name, field in Recipe.model_fields.items() if field.annotation in (int, float)]
        if key not in numbers:
            raise ValueError(f"no number of [training]; there are: {', '.join(numbers)}")
        return key

    @model_validator(mode="after")
    def _values_that_training_takes(self) -> Sweep:
        if len(set(self.values)) < len(self.values):
            raise ValueError(f"values = {self.values} names one twice")
        whole = Recipe.model_fields[self.key].annotation is int
        for value in self.values:
            Recipe.model_validate({self.key: int(value) if whole and value == int(value) else value})
        if self.high < self.low:
            raise ValueError(f"low = {self.low:g} is above high = {self.high:g}")
        return self


class Tuning(Strict):
    """How a method's settings were chosen; shown on the board."""

    trials: int = Field(ge=1)
    edge: bool = Field(False, description="the choice lies at an end of what was tried")
    usable: bool = Field(True, description="False: no trial kept enough of what was to stay")
    start: float | None = Field(
        None, description="where the search of the second constant began, if not at the method's own"
    )


class MethodSettings(Strict):
    """What a preset changes for one method."""

    fields: dict[str, Any] = Field({}, description="the method's own hyperparameters")
    training: dict[str, Any] = Field({}, description="keys of [training] that differ for this method")
    tuning: Tuning | None = Field(None, description="how they were chosen, as a sweep's selected.toml has it")


FORMER_KEYS = {"corpus": "dataset", "strengthening": "reinforcement"}  # before version 0.2; still understood


def present_keys(raw: dict[str, Any]) -> dict[str, Any]:
    """The table with every former key under its present name.

    Raises:
        ValueError: a key is there under both names.
    """
    if twice := [f"{old} and {new}" for old, new in FORMER_KEYS.items() if old in raw and new in raw]:
        raise ValueError(f"{twice[0]} are two names of one table: keep the second")
    return {FORMER_KEYS.get(key, key): value for key, value in raw.items()}


class Preset(Strict):
    """One board."""

    name: FileName
    description: str = ""
    splits: list[Line] = Field(["forget10"], min_length=1)
    methods: list[Line]
    seeds: list[Seed] = Field([0], min_length=1, description="of unlearning")
    finetuning_seed: Seed = 0
    retrained_seeds: list[Seed] = Field(
        [0, 1, 2], min_length=1, description="of the models trained without the forget rows: the yardstick"
    )
    doses: list[float] = Field([], description="shares of the forget rows that further models are trained with")
    controls: list[str] = Field([], description="rows that are no methods (benchmark/controls)")
    attacks: list[str] = Field([], description="what every row is pushed with (benchmark/attacks)")
    dtype: Literal["float32", "bfloat16"] = "float32"
    dataset: DatasetChoice = DatasetChoice()
    model: ModelChoice = ModelChoice()
    pretraining: Recipe = Recipe()
    finetuning: Recipe = Recipe()
    reinforcement: Recipe = Recipe()
    training: Recipe = Recipe()
    sweep: Sweep = Sweep()
    settings: dict[str, MethodSettings] = {}
    scoring: Scoring = Scoring()
    launch: Launch = Launch()

    @model_validator(mode="before")
    @classmethod
    def _former_keys(cls, raw: Any) -> Any:
        return present_keys(raw) if isinstance(raw, dict) else raw

    @field_validator("doses")
    @classmethod
    def _shares(cls, doses: list[float]) -> list[float]:
        if any(not 0 < share < 1 for share in doses):
            raise ValueError(f"doses are shares of the forget rows between 0 and 1, not {doses}")
        return sorted(set(doses))

    @field_validator("splits", "methods", "seeds", "retrained_seeds", "controls", "attacks")
    @classmethod
    def _distinct(cls, values: list[Any]) -> list[Any]:
        return list(dict.fromkeys(values))

    def retrained_of(self, split: str) -> list[int]:
        """The retrained models of a split by number: published ones where there are any, else the seeds."""
        published = self.model.retrained.get(split)
        return list(range(len(published))) if published else self.retrained_seeds

    def training_of(self, method: str) -> Recipe:
        """The unlearning recipe of one method; ``rkld@alpha=4`` has rkld's and, on top, its own."""
        changed = [self.settings[name].training for name in _general_first(method) if name in self.settings]
        return Recipe(
            **{key: value for table in (self.training.model_dump(), *changed) for key, value in table.items()}
        )

    def fields_of(self, method: str) -> dict[str, Any]:
        """The method's own hyperparameters that the preset sets."""
        known = [self.settings[name].fields for name in _general_first(method) if name in self.settings]
        return {key: value for table in known for key, value in table.items()}

    def tuning_of(self, method: str) -> Tuning | None:
        """How the method's settings were chosen; None where that is not known."""
        known = [self.settings[name].tuning for name in _general_first(method) if name in self.settings]
        return known[-1] if known else None


def _general_first(method: str) -> list[str]:
    """The names under which a method may have settings: without and with its ``@key=value``."""
    return list(dict.fromkeys((split_fields(method)[0], method)))
