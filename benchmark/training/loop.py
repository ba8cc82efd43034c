"""The one training loop: fine-tuning and every unlearning method run through it.

The loop knows rows by their number only. What a batch of rows is and what its gradient is comes from the
caller, so a method never touches the optimiser, the schedule, the order of rows or the device.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from benchmark.common.errors import UserError
from benchmark.config.recipe import LoRA, Recipe
from benchmark.models.sharding import shard_adapters, whole
from benchmark.training.looks import Looks

WINDOW = 8  # batches whose rows are sorted by length together: little padding, and still random batches
CHECK_EVERY = 32  # steps between looks at the losses: each look waits for the device


@dataclass
class Outcome:
    """How a training run went.

    ``diverged_at`` is the optimiser step at which it broke, counted from 1; ``collapsed`` says that the weights are
    finite all the same and can be scored: the model answers worse than by guessing.
    """

    steps: int = 0
    losses: list[float] = field(default_factory=list)
    diverged_at: int | None = None
    reason: str = ""
    collapsed: bool = False
    seconds: float = 0.0
    notes: dict[str, float] = field(default_factory=dict)  # what a reader of the record should know of the rows


def batch_order(lengths: Sequence[int], batch_size: int, rng: np.random.Generator) -> list[list[int]]:
    """One epoch's batches of row numbers: random rows, of similar lengths, in random order."""
    order = rng.permutation(len(lengths))
    batches = []
    for start in range(0, len(order), WINDOW * batch_size):
        window = sorted(order[start : start + WINDOW * batch_size].tolist(), key=lambda i: (lengths[i], i))
        batches += [window[i : i + batch_size] for i in range(0, len(window), batch_size)]
    return [batches[i] for i in rng.permutation(len(batches))]


def batch_rng(seed: int) -> np.random.Generator:
    """What ``batch_order`` draws from, epoch after epoch, in a run with that seed."""
    return np.random.default_rng([seed, 0x7EA1])


Backward = Callable[[Tensor], None]
# (model, micro-batches of row numbers, epoch, backward) -> the step's loss; adds the step's gradient to .grad.
StepGradient = Callable[[nn.Module, list[list[int]], int, Backward], Tensor]


def by_loss(row_loss: Callable[[nn.Module, list[int], int], Tensor]) -> StepGradient:
    """The gradient of a loss (model, row numbers, epoch) that is a mean over those rows."""

    def step_gradient(model: nn.Module, micro_batches: list[list[int]], epoch: int, backward: Backward) -> Tensor:
        rows, total = sum(map(len, micro_batches)), torch.zeros(())
        for numbers in micro_batches:
            loss = row_loss(model, numbers, epoch) * (len(numbers) / rows)
            backward(loss)
            total = total.to(loss.device) + loss.detach()
        return total

    return step_gradient


def train(
    model: nn.Module,
    step_gradient: StepGradient,
    lengths: Sequence[int],
    recipe: Recipe,
    *,
    seed: int,
    device: str = "cpu",
    trained_names: Callable[[str], bool] | None = None,
    probe: Callable[[nn.Module], str | None] | None = None,
    on_step: Callable[[int, int], None] | None = None,
    looks: Looks | None = None,
) -> Outcome:
    """Train ``model`` in place.

    Args:
        step_gradient: what one optimiser step descends; see ``by_loss``.
        lengths: tokens of each row, for batches with little padding.
        seed: decides the order of rows and any dropout.
        trained_names: which parameters are trained, by name; None: all. Of adapters those that stand beside them.
        probe: called after each epoch; a text means that the model has collapsed, and why.
        on_step: called after each optimiser step with (steps done, steps in all).
        looks: at the model after some epochs; their time is not counted.

    Returns:
        The outcome; a loss or gradient that is not finite, or a collapse, ends training and is recorded.

    Raises:
        UserError: no adapter stands beside a parameter that is trained.
    """
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState
    from transformers import get_linear_schedule_with_warmup

    outcome, begin = Outcome(), time.perf_counter()
    steps_per_epoch = math.ceil(len(lengths) / recipe.batch_size)
    total = steps_per_epoch * recipe.epochs
    if total == 0:
        return outcome
    torch.manual_seed(seed)
    rng = batch_rng(seed)
    AcceleratorState._reset_state(reset_partial_state=True)  # accelerate refuses a second precision in one process
    accelerator = Accelerator(cpu=device == "cpu", mixed_precision="bf16" if recipe.precision == "bf16" else "no")
    if recipe.lora:
        trained = add_lora(model, recipe.lora, trained_names)
        shard_adapters(trained)
    else:
        trained = model
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(trained_names is None or trained_names(name))
    if recipe.gradient_checkpointing:
        checkpointing(model, True)
    trained.train()
    optimizer = torch.optim.AdamW(parameter_groups(trained, recipe.weight_decay), lr=recipe.lr, fused=True)
    schedule = get_linear_schedule_with_warmup(optimizer, round(recipe.warmup_epochs * steps_per_epoch), total)
    prepared, optimizer = accelerator.prepare(trained, optimizer)
    parameters = [p for p in prepared.parameters() if p.requires_grad]

    pending: list[tuple[Tensor, Tensor]] = []  # (loss, gradient norm) of steps not yet looked at
    for epoch in range(recipe.epochs):
        for rows in batch_order(lengths, recipe.batch_size, rng):
            size = recipe.micro_batch_size or len(rows)
            micro_batches = [rows[i : i + size] for i in range(0, len(rows), size)]
            loss = step_gradient(prepared, micro_batches, epoch, accelerator.backward)
            norm = whole(accelerator.clip_grad_norm_(parameters, recipe.max_grad_norm))
            optimizer.step()
            schedule.step()
            optimizer.zero_grad(set_to_none=True)
            outcome.steps += 1
            pending.append((loss, norm))
            if on_step:
                on_step(outcome.steps, total)
            if len(pending) >= CHECK_EVERY and settle(pending, outcome):
                break
        if settle(pending, outcome):
            break
        if looks:
            looks.after_epoch(prepared, epoch + 1, recipe.epochs, outcome.steps)
        if probe and (why := probe(prepared)):
            outcome.diverged_at, outcome.reason, outcome.collapsed = outcome.steps, why, True
            break
    if recipe.gradient_checkpointing:
        checkpointing(model, False)
    if recipe.lora:
        trained.merge_and_unload()
    model.eval()
    model.requires_grad_(True)
    outcome.seconds = time.perf_counter() - begin - (looks.seconds if looks else 0.0)
    return outcome


def settle(pending: list[tuple[Tensor, Tensor]], outcome: Outcome) -> bool:
    """Move finished steps' losses into the outcome; True if training has broken."""
    first = len(outcome.losses) + 1
    for step, (loss, norm) in enumerate(pending, start=first):
        outcome.losses.append(loss.item())
        for what, value in (("loss", loss), ("gradient norm", norm)):
            if outcome.diverged_at is None and not math.isfinite(value.item()):
                outcome.diverged_at, outcome.reason = step, f"the {what} became {value.item()}"
    pending.clear()
    return outcome.diverged_at is not None


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict]:
    """Weight decay for matrices only, as is usual: norms and biases are kept out."""
    trained = [p for p in model.parameters() if p.requires_grad]
    return [
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]


def checkpointing(model: nn.Module, on: bool) -> None:
    """Recompute activations in the backward pass, or keep them. transformers renamed the switch in 5.2x."""
    word = "enable" if on else "disable"
    switch = getattr(model, f"activation_checkpointing_{word}", None) or getattr(
        model, f"gradient_checkpointing_{word}"
    )
    switch()


def add_lora(model: nn.Module, lora: LoRA, trained_names: Callable[[str], bool] | None = None) -> nn.Module:
    """The model with low-rank adapters; only they are trained, and of them those beside a parameter of these names.

    Raises:
        UserError: no adapter stands beside such a parameter.
    """
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=lora.targets,
        task_type="CAUSAL_LM",
    )
    adapted = get_peft_model(model, config)
    if trained_names is not None:
        adapters = [(name, p) for name, p in adapted.named_parameters() if p.requires_grad]
        for name, parameter in adapters:
            beside = name.removeprefix("base_model.model.").partition(".lora_")[0]
            parameter.requires_grad_(trained_names(f"{beside}.weight"))
        if not any(parameter.requires_grad for _, parameter in adapters):
            raise UserError(f"no adapter on {lora.targets!r} stands beside a parameter that the method trains")
    return adapted
