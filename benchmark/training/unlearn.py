"""Running a method: from a copy of the fine-tuned model to the unlearned one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor, nn

from benchmark.config.recipe import Recipe
from benchmark.data.types import Example, question_answer_pairs
from benchmark.models.forward import collate, unwrap
from benchmark.models.tokenization import PromptTokenizer
from benchmark.training.forget_batches import UnlearningRows
from benchmark.training.loop import Backward, Outcome, train
from methods.base import Batch, Method, Models, nll

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


def unlearn(
    method: Method,
    model: nn.Module,
    models: Models,
    rows: UnlearningRows,
    recipe: Recipe,
    *,
    probe: Callable[[nn.Module], str | None] | None = None,
    on_step: Callable[[int, int], None] | None = None,
) -> Outcome:
    """Turn ``model`` (a copy of ``models.reference``) into the unlearned one, in place.

    Args:
        probe: looks at what would be deployed, after each epoch; see ``collapse_probe``.
    """
    probe_deployed = None if probe is None else lambda trained: probe(method.deploy(trained, models))
    if not method.trains:
        with torch.no_grad():
            new = method.unlearn(models)
            for name, parameter in model.named_parameters():
                parameter.copy_(new[name])
        broken = probe_deployed(model) if probe_deployed else None
        return Outcome(diverged_at=0 if broken else None, reason=broken or "", collapsed=bool(broken))
    rows.prepare(method, models)
    reference = models.reference if "reference" in method.required() else None
    layers = getattr(model.config, "num_hidden_layers", 0)

    def step_gradient(trained: nn.Module, micro_batches: list[list[int]], epoch: int, backward: Backward) -> Tensor:
        total = sum(map(len, micro_batches))

        def batches() -> Iterator[tuple[Batch, float]]:
            for numbers in micro_batches:
                yield rows.batch(numbers, epoch, reference), len(numbers) / total

        return method.gradient(trained, batches, backward)

    return train(
        model,
        step_gradient,
        [len(r.ids) for r in rows.forget],
        recipe,
        seed=rows.seed,
        device=rows.device,
        trained_names=lambda name: method.trains_parameter(name, layers),
        probe=probe_deployed,
        on_step=on_step,
    )
