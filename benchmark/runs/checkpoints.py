"""One preset's dataset and models (model_spec.py): their content keys, and making them when needed."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import nn

from benchmark.common.devices import torch_threads
from benchmark.common.errors import UserError
from benchmark.common.files import content_key
from benchmark.common.progress import TRAINING_COST, Reporter, Silent
from benchmark.config.recipe import Recipe
from benchmark.config.schema import Preset
from benchmark.data.load import load_dataset
from benchmark.data.types import Dataset, Example
from benchmark.models import loading as models
from benchmark.models import tiny
from benchmark.models.fingerprint import fingerprint
from benchmark.models.loading import Loaded
from benchmark.models.onednn import kernel_name
from benchmark.models.ranks import agreed, in_group, in_turn, is_first
from benchmark.models.sharding import settle, shard, split
from benchmark.models.store import ModelStore
from benchmark.models.tokenization import PromptTokenizer
from benchmark.runs.model_spec import ModelSpec, training_of
from benchmark.runs.task_device import task_device
from benchmark.training.finetune import finetune

MODELS = Path("cache") / "models"  # in a board's folder
PIPELINE = 4  # raised when a change of code changes what a key's artefact would be


class Checkpoints:
    """The dataset and the models of one preset in one folder."""

    def __init__(self, preset: Preset, folder: str | Path, reporter: Reporter | None = None):
        self.preset = preset
        self.folder = Path(folder)
        self.reporter = reporter or Silent()
        self.store = ModelStore(Path(preset.launch.models or self.folder / MODELS))
        self.device = task_device(preset.launch)
        self._keys: dict[ModelSpec, str] = {}
        self._memory: dict[ModelSpec, Loaded] = {}
        self._fingerprints: dict[ModelSpec, tuple[int, ...]] = {}  # of the models in memory, as they were loaded

    @cached_property
    def dataset(self) -> Dataset:
        return load_dataset(self.preset.dataset, self.preset.splits)

    @cached_property
    def prompt_tokenizer(self) -> PromptTokenizer:
        return PromptTokenizer(self.model(ModelSpec("base")).tokenizer, self.preset.model.prompt)

    def published(self, spec: ModelSpec) -> str | None:
        """Where the model is to be had ready-made, if the preset says so."""
        choice = self.preset.model
        if spec.kind == "base":
            return None if choice.source == "tiny" else choice.source
        if spec.kind == "finetuned":
            return choice.finetuned
        if spec.kind == "retrained":
            known = choice.retrained.get(spec.split, [])
            return known[spec.seed] if spec.seed < len(known) else None
        return None

    def training(self, spec: ModelSpec) -> tuple[Sequence[Example], Recipe, int]:
        """The rows, the recipe and the seed that make the model from its parent."""
        return training_of(spec, self.dataset, self.preset)

    @property
    def arithmetic(self) -> dict[str, Any]:
        """What decides the last digits of every number: the precision, the device's kind, the order and way of sums."""
        return {
            "dtype": self.preset.dtype,
            "device": self.device.partition(":")[0],
            "threads": self.preset.launch.threads,
            "matmul": kernel_name(self.preset.launch.matmul) if self.device == "cpu" else "",
        }

    def key(self, spec: ModelSpec) -> str:
        """Content key: equal keys, equal weights."""
        if spec not in self._keys:
            self._keys[spec] = self._key(spec)
        return self._keys[spec]

    def _key(self, spec: ModelSpec) -> str:
        source = self.published(spec)
        if source:
            return models.identify(source)
        rows, recipe, seed = self.training(spec)
        parent = spec.parent
        parts: dict[str, Any] = {
            "pipeline": PIPELINE,
            "rows": [(r.question, r.answer) for r in rows],
            "recipe": recipe.model_dump(),
            "seed": seed,
            "prompt": self.preset.model.prompt,
            **self.arithmetic,
        }
        if parent:
            parts["parent"] = self.key(parent)
            parts |= {"pushed": spec.variation.pushed} if spec.variation.pushed else {}
        else:
            parts |= {"tiny": self.preset.model.tiny.model_dump(), "dataset": self.dataset.identity}
        return content_key(parts)

    def is_made(self, spec: ModelSpec) -> bool:
        """Whether the model needs no training any more."""
        return self.published(spec) is not None or self.store.has(spec.label, self.key(spec))

    def units(self, spec: ModelSpec) -> float:
        """The work of making it, for the progress bar."""
        rows, recipe, _ = self.training(spec)
        return len(rows) * recipe.epochs * TRAINING_COST

    def make(self, spec: ModelSpec) -> None:
        """Train the model and store it, unless it is there."""
        if agreed(is_first() and self.is_made(spec)):
            return
        rows, recipe, seed = self.training(spec)
        self.reporter.phase(spec.label, "training")
        parent = spec.parent
        if parent:
            model, tokenizer = self.fresh_copy(parent), self.model(parent).tokenizer
        else:
            sizes = self.preset.model.tiny
            tokenizer = tiny.train_tokenizer(self.dataset, sizes.vocabulary)
            model = tiny.build(sizes, len(tokenizer), tokenizer.eos_token_id, self.preset.launch.matmul)
            model = shard(model.to(self.device))
        each = self.units(spec)
        with torch_threads(self.preset.launch.threads):
            outcome = finetune(
                model,
                PromptTokenizer(tokenizer, self.preset.model.prompt),
                rows,
                recipe,
                seed=seed,
                device=self.device,
                on_step=lambda step, total: self.reporter.advance(each / total),
            )
        if outcome.diverged_at is not None:
            raise UserError(
                f"training {spec.label} broke at step {outcome.diverged_at}: {outcome.reason}; lower its lr"
            )
        model = spec.variation.rounds(model)
        about = {
            "label": spec.label,
            "key": self.key(spec),
            "recipe": recipe.model_dump(),
            "seed": seed,
            **asdict(outcome),
        }
        self.store.save(spec.label, self.key(spec), model, tokenizer, about)

    def model(self, spec: ModelSpec) -> Loaded:
        """The model, frozen, made if need be; kept in memory until ``forget_models``."""
        if spec not in self._memory:
            if not self.published(spec):
                self.make(spec)
            loaded = in_turn(lambda: self._load(spec))
            settle(loaded.model).requires_grad_(False)
            self._fingerprints[spec] = fingerprint(loaded.model)
            self._memory[spec] = replace(loaded, identity=self.key(spec))
        return self._memory[spec]

    def _load(self, spec: ModelSpec) -> Loaded:
        """The model as it is stored; what comes to a rank goes to its device in parts."""
        source, code = self.published(spec), self.preset.model.trust_remote_code
        device, matmul = "cpu" if in_group() else self.device, self.preset.launch.matmul
        how: dict[str, Any] = {"dtype": self.preset.dtype, "device": device, "matmul": matmul}
        if source:
            loaded = models.load_model(source, trust_remote_code=code, **how)
        else:
            loaded = self.store.load(spec.label, self.key(spec), **how)
        return replace(loaded, model=split(loaded.model))

    def fresh_copy(self, spec: ModelSpec) -> nn.Module:
        """A trainable copy of a model."""
        return copy.deepcopy(self.model(spec).model).requires_grad_(True)

    def drop_changed(self) -> list[str]:
        """Labels of the models in memory that are no longer as they were loaded; the next one to read them loads them anew."""
        changed = [spec for spec, known in self._memory.items() if fingerprint(known.model) != self._fingerprints[spec]]
        for spec in changed:
            del self._memory[spec]
        return [spec.label for spec in changed]

    def forget_models(self, keep: Sequence[ModelSpec] = ()) -> None:
        """Give the memory of models back, save those that come next."""
        self._memory = {spec: loaded for spec, loaded in self._memory.items() if spec in keep}
        if self.device != "cpu":
            torch.cuda.empty_cache()
