"""What the speed command measures on: a model, its prompt_tokenizer and a dataset."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from benchmark.common.errors import UserError
from benchmark.common.hub import without_network
from benchmark.config.recipe import Recipe
from benchmark.config.schema import DatasetChoice
from benchmark.data.load import load_dataset
from benchmark.data.types import Dataset, Example
from benchmark.models import tiny
from benchmark.models.loading import load_model
from benchmark.speed.watch import TimedPromptTokenizer
from benchmark.training.finetune import finetune

PROMPT = r"Question: {question}\nAnswer:\n"
BATCH = 32


def setting(
    model: str, tokenizer: str | None, vocabulary: int, data: str | None, split: str, prompt: str | None,
    dtype: str, device: str, train_steps: int, say: Callable[[str], Any],
) -> tuple[nn.Module, TimedPromptTokenizer, Dataset]:  # fmt: skip
    """The model in evaluation mode, on its device.

    Args:
        model: "tiny" (a Llama of 2 layers x 128, trained here until its answers end), or what ``load_model`` takes.
    """
    dataset = load_dataset(
        DatasetChoice(name="tofu", source=data) if data else DatasetChoice(name="fictitious"), [split]
    )
    if model != "tiny":
        loaded = load_model(model, dtype=dtype, device=device)
        return loaded.model, TimedPromptTokenizer(loaded.tokenizer, prompt), dataset
    words = tiny.train_tokenizer(dataset, vocabulary) if tokenizer is None else read_tokenizer(tokenizer)
    prompt_tokenizer = TimedPromptTokenizer(words, prompt or PROMPT)
    network = tiny.build(tiny.TinyLlama(layers=2, hidden=128), len(words), words.eos_token_id).to(device)
    if train_steps:
        say(f"training the tiny model: {train_steps} steps of {BATCH} rows")
        order = np.random.default_rng(0).permutation(len(dataset.full))[: train_steps * BATCH]
        rows = [dataset.full[i] for i in order]
        epochs = max(1, round(train_steps * BATCH / len(rows)))
        finetune(
            network, prompt_tokenizer, rows, Recipe(epochs=epochs, lr=3e-3, batch_size=BATCH), seed=0, device=device
        )
    return network, prompt_tokenizer, dataset


def read_tokenizer(source: str) -> Any:
    """A tokenizer from a folder, the hub or a GGUF file.

    Raises:
        UserError: there is none.
    """
    from transformers import AutoTokenizer

    path = Path(source)
    where, options = (str(path.parent), {"gguf_file": path.name}) if path.suffix == ".gguf" else (source, {})
    if not Path(where).is_dir():
        without_network()
    try:
        return AutoTokenizer.from_pretrained(where, **options)
    except (OSError, ValueError) as error:
        raise UserError(f"cannot load the tokenizer {source!r}: {error}") from error


def evaluation_sets(dataset: Dataset, split: str, limit: int | None) -> dict[str, list[Example]]:
    """The evaluation sets, at most ``limit`` rows each.

    Where the dataset has no held-out rows, as many others of the retain split stand for them, so that the membership
    attacks have their work to do; what they say of the model means nothing then.
    """
    sets = {name: list(rows) for name, rows in dataset.evaluation(split).items()}
    if "holdout" not in sets:
        evaluated = {row.question for rows in sets.values() for row in rows}
        others = [row for row in dataset.splits[split].retain if row.question not in evaluated]
        sets["holdout"] = [
            replace(row, paraphrased_answer=None, perturbed_answers=()) for row in others[: len(sets["forget"])]
        ]
    return {name: rows[:limit] for name, rows in sets.items()}
