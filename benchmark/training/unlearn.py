"""Running a method: from a copy of the fine-tuned model to the unlearned one."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any

import torch
from torch import Tensor, nn

from benchmark.config.recipe import Recipe
from benchmark.data.types import Example, question_answer_pairs
from benchmark.models.forward import collate, unwrap
from benchmark.models.tokenization import PromptTokenizer
from benchmark.training.forget_batches import UnlearningRows
from benchmark.training.looks import Looks
from benchmark.training.loop import Backward, Outcome, batch_order, batch_rng, train
from methods.base import Batch, Batches, Method, Models, nll

PROBE_ROWS = 32


def collapse_probe(
    prompt_tokenizer: PromptTokenizer, rows: Sequence[Example], device: str
) -> Callable[[nn.Module], str | None]:
    """A check that the model still beats guessing: retained answers must be likelier than uniformly random tokens."""
    sample = collate(prompt_tokenizer.encode(question_answer_pairs(rows[:PROBE_ROWS])), prompt_tokenizer.pad_id).to(
        device
    )

    def probe(model: nn.Module) -> str | None:
        with torch.no_grad():
            value = nll(model, sample).item()
        limit = math.log(unwrap(model).config.vocab_size)
        if math.isfinite(value) and value <= limit:
            return None
        return f"the model collapsed: {value:.1f} nats a token on retained answers, {limit:.1f} by guessing"

    return probe


def step_batches(
    rows: UnlearningRows, micro_batches: list[list[int]], epoch: int, reference: nn.Module | None
) -> Batches:
    """The batches of one optimiser step on these row numbers."""
    total = sum(map(len, micro_batches))

    def batches() -> Iterator[tuple[Batch, float]]:
        for numbers in micro_batches:
            yield rows.batch(numbers, epoch, reference), len(numbers) / total

    return batches


def epoch_steps(rows: UnlearningRows, recipe: Recipe, reference: nn.Module | None) -> Iterator[Batches]:
    """The forget rows once, in the recipe's batches, for a closed form that reads them."""
    rng = batch_rng(rows.seed)
    for numbers in batch_order([len(r.ids) for r in rows.forget], recipe.batch_size, rng):
        size = recipe.micro_batch_size or len(numbers)
        yield step_batches(rows, [numbers[i : i + size] for i in range(0, len(numbers), size)], 0, reference)


def epoch_batches(rows: UnlearningRows, size: int, reference: nn.Module | None) -> Iterator[Batch]:
    """The forget rows once, in batches of so many, whatever the recipe has."""
    for numbers in batch_order([len(r.ids) for r in rows.forget], size, batch_rng(rows.seed)):
        yield rows.batch(numbers, 0, reference)


@contextmanager
def in_precision(model: nn.Module, precision: str, device: str) -> Iterator[None]:
    """Inside, a frozen model's forward runs in the precision of the one that is trained, so that equal models agree."""
    if precision != "bf16":
        yield
        return
    plain, own = model.forward, vars(model).get("forward")

    @wraps(plain)
    def forward(*args: Any, **kwargs: Any) -> Any:
        with torch.autocast(torch.device(device).type, dtype=torch.bfloat16):
            return plain(*args, **kwargs)

    model.forward = forward
    try:
        yield
    finally:
        del model.forward
        if own is not None:
            model.forward = own


def unlearn(
    method: Method,
    model: nn.Module,
    models: Models,
    rows: UnlearningRows,
    recipe: Recipe,
    *,
    probe: Callable[[nn.Module], str | None] | None = None,
    on_step: Callable[[int, int], None] | None = None,
    looks: Looks | None = None,
) -> Outcome:
    """Turn ``model`` (a copy of ``models.reference``) into the unlearned one, in place.

    Args:
        probe: looks at what would be deployed, after each epoch; see ``collapse_probe``.
        looks: at the model that is trained, after some epochs; a closed form has none.
    """
    probe_deployed = None if probe is None else lambda trained: probe(method.deploy(trained, models))
    reference = models.reference if "reference" in method.required() else None
    if not method.trains:
        begin = time.perf_counter()
        with torch.no_grad():
            new = method.unlearn(models, lambda: epoch_steps(rows, recipe, reference))
            for name, parameter in model.named_parameters():
                parameter.copy_(new[name])
        broken = probe_deployed(model) if probe_deployed else None
        return Outcome(
            diverged_at=0 if broken else None,
            reason=broken or "",
            collapsed=bool(broken),
            seconds=time.perf_counter() - begin,
        )
    rows.prepare(method, models)
    method.assemble(model)
    if adapters := method.adapters():
        recipe = recipe.model_copy(update={"lora": adapters})
    layers = getattr(model.config, "num_hidden_layers", 0)
    last: dict[str, Any] = {}  # the step that is being made

    def step_gradient(trained: nn.Module, micro_batches: list[list[int]], epoch: int, backward: Backward) -> Tensor:
        if not last:
            method.begin(trained, lambda size: epoch_batches(rows, size, reference))
        last.update(model=trained, batches=step_batches(rows, micro_batches, epoch, reference))
        return method.gradient(trained, last["batches"], backward)

    def stepped(step: int, total: int) -> None:
        method.after_step(last["model"], last["batches"])
        if on_step:
            on_step(step, total)

    with in_precision(models.reference, recipe.precision, rows.device):
        outcome = train(
            model,
            step_gradient,
            [len(r.ids) for r in rows.forget],
            recipe,
            seed=rows.seed,
            device=rows.device,
            trained_names=lambda name: method.trains_parameter(name, layers),
            probe=probe_deployed,
            on_step=stepped,
            looks=looks,
        )
    outcome.notes |= rows.notes
    return outcome
