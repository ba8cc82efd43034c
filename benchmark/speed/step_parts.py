"""Where a training step's time goes, and what a faster one could gain: ``python -m benchmark.speed.step_parts quick``.

Steps of fine-tuning a preset's tiny model on its own rows, one thread. Products with weights are set against the fastest
product measured in the same run: what they do not take is all that better code around them could save, and padding is all
that fuller batches could.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile

from benchmark.common.tables import markdown_table
from benchmark.config.load import load_preset
from benchmark.config.schema import Preset
from benchmark.data.load import load_dataset
from benchmark.data.types import question_answer_pairs
from benchmark.models import tiny
from benchmark.models.tokenization import PromptTokenizer, TokenizedExample
from benchmark.speed.ceilings import matmul_ceiling
from benchmark.speed.watch import Cost
from benchmark.speed.work import Work
from benchmark.training.finetune import finetune
from benchmark.training.loop import batch_order, batch_rng

STEPS = 25
SECONDS = 2.0  # that measuring the ceiling takes
# Operators by their names in torch's profiler, alone: without what they call.
PRODUCTS = "products with weights"
PARTS = {
    PRODUCTS: ("mkldnn::_linear_pointwise", "aten::mm", "aten::addmm"),
    "attention": ("aten::_scaled_dot_product",),
    "optimiser": ("aten::_fused_adamw_", "aten::linalg_vector_norm", "aten::_foreach"),
}
REST = "everything else"


@dataclass(frozen=True)
class StepParts:
    """Of one training step of a preset's model.

    Attributes:
        seconds: without the profiler.
        shares: part -> share of the time, 0 to 1.
        padding: share of the forwarded positions that are padding.
        reached: share of the measured ceiling that the products reach while they run.
    """

    seconds: float
    shares: dict[str, float]
    padding: float
    reached: float

    @property
    def bound(self) -> float:
        """How many times as fast a step would be of nothing but these products, without padding, at the ceiling."""
        return 1 / (self.shares[PRODUCTS] * self.reached * (1 - self.padding))


def step_parts(preset: Preset) -> StepParts:
    """Measure ``STEPS`` steps twice, with and without the profiler."""
    dataset = load_dataset(preset.dataset, preset.splits)
    sizes = preset.model.tiny
    tokenizer = tiny.train_tokenizer(dataset, sizes.vocabulary)
    model = tiny.build(sizes, len(tokenizer), tokenizer.eos_token_id, preset.launch.matmul)
    prompt_tokenizer = PromptTokenizer(tokenizer, preset.model.prompt)
    recipe = preset.finetuning.model_copy(update={"epochs": 1, "warmup_epochs": 0})
    rows = dataset.full[: STEPS * recipe.batch_size]
    finetune(model, prompt_tokenizer, rows[: 2 * recipe.batch_size], recipe, seed=0)  # imports and warm-up
    plain = finetune(model, prompt_tokenizer, rows, recipe, seed=0)
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        finetune(model, prompt_tokenizer, rows, recipe, seed=0)
    times = {event.key: event.self_cpu_time_total / 1e6 for event in seen.key_averages()}
    whole = sum(times.values())
    shares = {part: sum(t for key, t in times.items() if key.startswith(keys)) / whole for part, keys in PARTS.items()}
    shares[REST] = 1 - sum(shares.values())
    encoded = prompt_tokenizer.encode(question_answer_pairs(rows))
    lengths = [len(row.ids) for row in encoded]
    batches = batch_order(lengths, recipe.batch_size, batch_rng(0))  # those of the loop
    positions = sum(len(batch) * max(lengths[i] for i in batch) for batch in batches)
    rate = product_flops(model, positions, encoded) / (shares[PRODUCTS] * plain.seconds)
    ceiling = matmul_ceiling("cpu", torch.float32, SECONDS)
    return StepParts(plain.seconds / plain.steps, shares, 1 - sum(lengths) / positions, rate / ceiling)


def product_flops(model: nn.Module, positions: int, rows: Sequence[TokenizedExample]) -> int:
    """FLOPs of the products with weights that training on these rows once takes.

    Args:
        positions: forwarded in all, padding included.
    """
    projections = sum(len(row.ids) - row.start for row in rows)
    return 3 * Work.from_model(model).flops(
        Cost(positions=positions, projections=projections)
    )  # twice as many backward


def main(preset: str, changes: list[str]) -> None:
    """Print a preset's parts; ``changes`` as of ``run --set``."""
    torch.set_num_threads(1)
    found = step_parts(load_preset(preset, changes))
    parts = [[part, f"{share:.0%}"] for part, share in found.shares.items()]
    print(markdown_table((f"a training step of {preset}, {1000 * found.seconds:.0f} ms", "share"), parts, "lr"))
    print(
        f"\nThe products reach {found.reached:.0%} of the fastest one measured here; {found.padding:.0%} of the positions are "
        f"padding. Of nothing but these products, at that speed and without padding, a step would be {found.bound:.1f} times as fast."
    )


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "quick", sys.argv[2:])
