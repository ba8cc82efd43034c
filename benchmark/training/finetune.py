"""Plain fine-tuning: how the board's own models are made."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor, nn

from benchmark.config.recipe import Recipe
from benchmark.data.types import Example, question_answer_pairs
from benchmark.models.forward import collate
from benchmark.models.tokenization import PromptTokenizer
from benchmark.training.loop import Outcome, by_loss, train
from methods.base import nll


def finetune(
    model: nn.Module,
    prompt_tokenizer: PromptTokenizer,
    rows: Sequence[Example],
    recipe: Recipe,
    *,
    seed: int,
    device: str = "cpu",
    on_step: Callable[[int, int], None] | None = None,
) -> Outcome:
    """Plain fine-tuning on question-answer rows, loss on answer tokens only, in place."""
    encoded = prompt_tokenizer.encode(question_answer_pairs(rows))

    def row_loss(trained: nn.Module, numbers: list[int], epoch: int) -> Tensor:
        return nll(trained, collate([encoded[i] for i in numbers], prompt_tokenizer.pad_id, numbers).to(device))

    lengths = [len(r.ids) for r in encoded]
    return train(model, by_loss(row_loss), lengths, recipe, seed=seed, device=device, on_step=on_step)
