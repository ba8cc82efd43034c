"""Memory of a run by what takes it, told from shapes: upper estimates, since not everything is there at once."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch

from benchmark.config.recipe import LoRA, Recipe
from benchmark.config.schema import Preset
from benchmark.costs.sizes import Sizes
from benchmark.costs.tasks import FROZEN, Task, passes
from benchmark.costs.texts import Rows, Texts
from benchmark.evaluation.teacher_forcing import MAX_LOGITS, MAX_TOKENS
from benchmark.models.tokenization import TokenizedExample
from methods.base import Method, Models, collate

LOGITS = 4  # float32 arrays [answer tokens, vocabulary] of a pass: logits, log-softmax, its gradient, the loss's own
LONGER = 1.5  # the longest rows of a batch against the mean: activations peak with them
TRANSIENT = 3  # float32 arrays of logits while scoring reads a batch
RUNTIME = 1e9  # bytes: torch, its kernels and the process; on a GPU its context
GIGA = 1e9


@dataclass(frozen=True)
class Memory:
    """Bytes on one device."""

    weights: float = 0.0
    gradients: float = 0.0
    optimiser: float = 0.0
    activations: float = 0.0
    frozen: float = 0.0  # references and teachers beside the trained model
    cached: float = 0.0  # what was read of them in advance
    scoring: float = 0.0
    runtime: float = RUNTIME

    def total(self, on_gpu: bool) -> float:
        """The peak: training with all that it holds, or scoring with the models that stay.

        What is cached goes to the machine's memory where a GPU has no room for it (benchmark/training/teacher_cache.py).
        """
        training = self.gradients + self.optimiser + self.activations + (0.0 if on_gpu else self.cached)
        return self.runtime + self.weights + self.frozen + max(training, self.scoring)

    def parts(self) -> dict[str, float]:
        """Name -> bytes, in the order of the table."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def task_memory(task: Task, preset: Preset, sizes: Sizes, texts: Texts, on_gpu: bool) -> Memory:
    """Memory of a task that trains a model, or of a method's run with its scoring."""
    each = 4 if preset.dtype == "float32" else 2
    stored, recipe, method = sizes.parameters * each, task.recipe, task.method
    rows = texts.forget[max(preset.splits)] if method is not None else texts.full
    frozen = 0.0
    if method is not None:
        frozen = stored * (1 + sum(need in FROZEN for need in method.required()))
    scoring = scoring_bytes(sizes, texts, preset, each, on_gpu) if method is not None else 0.0
    if recipe is None or (method is not None and not method.trains):
        return Memory(weights=stored, frozen=frozen, scoring=scoring)
    lora = (method.adapters() if method is not None else None) or recipe.lora
    trained = adapter_parameters(sizes, lora) * 4 if lora else stored
    cast = 2 * sizes.trunk if recipe.precision == "bf16" else 0  # autocast keeps a narrow copy while a step lasts
    own = passes(method)[0] if method is not None else 1.0
    return Memory(
        weights=stored + (trained if lora else 0) + cast,
        gradients=trained,
        optimiser=2 * trained,
        activations=own * activation_bytes(sizes, rows, recipe),
        frozen=frozen,
        cached=cached_bytes(method, sizes, rows) if method is not None else 0.0,
        scoring=scoring,
    )


def activation_bytes(sizes: Sizes, rows: Rows, recipe: Recipe) -> float:
    """Bytes that the backward pass of one micro-batch reads, logits among them."""
    count = min(rows.rows, recipe.micro_batch_size or recipe.batch_size) * LONGER
    tokens = count * (rows.prompt + rows.answer)
    kept = tokens * sizes.kept
    if recipe.gradient_checkpointing:  # one block's at a time, and every block's input
        kept = tokens * (sizes.kept_block + sizes.layers * sizes.hidden * 4)
    return kept + count * rows.answer * sizes.vocabulary * 4 * LOGITS


def adapter_parameters(sizes: Sizes, lora: LoRA) -> float:
    """Of low-rank adapters: two factors beside each matrix, of which a block has about seven."""
    a_block = sizes.trunk / sizes.layers
    sides = 7 * sizes.hidden + max(0.0, (a_block - 4 * sizes.hidden**2) / sizes.hidden) + 7 * sizes.hidden
    return lora.rank * sides * sizes.layers


def cached_bytes(method: Method, sizes: Sizes, forget: Rows) -> float:
    """Bytes that ``method.prepare`` leaves for all forget rows, told from what it makes of two rows of a toy model's."""
    from benchmark.config.schema import TinyLlama
    from benchmark.models import tiny

    toy = tiny.build(TinyLlama(layers=1, hidden=16, heads=2, key_value_heads=2, mlp=16, vocabulary=300), 300, 0)
    tokens = collate([TokenizedExample([1, 2, 3, 4, 5], 2), TokenizedExample([1, 2, 3, 4], 2)], 0)
    try:
        with torch.no_grad():
            made = method.prepare(Models(toy, toy, toy, toy, toy), tokens)
    except Exception:  # a method that wants more than a toy has: nothing is known of its cache
        return 0.0
    total = 0.0
    for tensor in made.values():
        entries = forget.rows * (forget.answer if len(tensor) == len(tokens.row) else 1)
        width = 1.0
        for size in tensor.shape[1:]:
            width *= sizes.vocabulary if size == 300 else sizes.hidden if size == 16 else size
        total += entries * width * tensor.element_size()
    return total


def scoring_bytes(sizes: Sizes, texts: Texts, preset: Preset, each: int, on_gpu: bool) -> float:
    """Bytes of scoring beside the weights: a batch that is read, or the keys and values of one that is written."""
    tokens = MAX_TOKENS["cuda" if on_gpu else "cpu"]
    read = tokens * 8 * sizes.hidden * each + min(MAX_LOGITS, tokens * sizes.vocabulary) * 4 * TRANSIENT
    asked = max((rows.rows for rows in texts.scored.values()), default=0.0)
    longest = texts.full.prompt + preset.scoring.max_new_tokens
    written = min(asked * longest * sizes.key_values * each, 2**30 if not on_gpu else 0.25 * 80e9)
    models = sizes.parameters * each if "depth" in preset.attacks or "relearn" in preset.attacks else 0.0
    return max(read, written) + 4 * models
