"""The forward pass at answer positions only.

With a vocabulary of tens of thousands the projection to logits is most of a small model's work, and most positions
(prompt, padding) are never read. A hook on the output head lets it see only the positions that predict an answer token.
Whatever an architecture does to logits afterwards (scaling, capping) still happens, since the model's own forward runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from benchmark.models.batching import to_device
from benchmark.models.tokenization import TokenizedExample


@dataclass(frozen=True)
class Tokens:
    """A batch of B sequences padded to T, with N answer tokens in all, in row order.

    ``row`` and ``column`` say where each answer token stands; position ``column - 1`` predicts it.
    """

    input_ids: Tensor  # [B, T] int64
    attention_mask: Tensor  # [B, T] int64
    row: Tensor  # [N] int64
    column: Tensor  # [N] int64
    index: Tensor  # [B] int64: each sequence's row in the dataset

    @property
    def targets(self) -> Tensor:
        """[N] the answer tokens themselves."""
        return self.input_ids[self.row, self.column]

    def to(self, device: torch.device | str) -> Tokens:
        moved = {name: to_device(getattr(self, name), device) for name in self.__dataclass_fields__}
        return replace(self, **moved)

    def row_sum(self, values: Tensor) -> Tensor:
        """[N] values at answer tokens -> [B] sums per row."""
        # Assignment instead of index_add: the same order of summation on each device and in each run.
        dense = values.new_zeros(self.input_ids.shape)  # [B, T]
        return dense.index_put((self.row, self.column), values).sum(1)

    def row_mean(self, values: Tensor) -> Tensor:
        """[N] values at answer tokens -> [B] means per row (EOS included)."""
        return self.row_sum(values) / self.row_sum(torch.ones_like(values)).clamp(min=1)


def collate(rows: Sequence[TokenizedExample], pad_id: int, index: Sequence[int] | None = None) -> Tokens:
    """Pad on the right. Masks come from lengths, so a pad token that equals EOS does no harm."""
    width = max(len(r.ids) for r in rows)
    ids = torch.full((len(rows), width), pad_id, dtype=torch.long)
    mask = torch.zeros((len(rows), width), dtype=torch.long)
    row, column = [], []
    for i, r in enumerate(rows):
        ids[i, : len(r.ids)] = torch.tensor(r.ids)
        mask[i, : len(r.ids)] = 1
        first = max(r.start, 1)  # nothing predicts a sequence's first token
        row += [i] * (len(r.ids) - first)
        column += range(first, len(r.ids))
    numbers = list(range(len(rows))) if index is None else list(index)
    long = torch.long  # torch would make an empty list float32
    return Tokens(ids, mask, torch.tensor(row, dtype=long), torch.tensor(column, dtype=long), torch.tensor(numbers))


def unwrap(model: nn.Module) -> nn.Module:
    """The model inside a distributed wrapper."""
    return model.module if hasattr(model, "module") else model


@contextmanager
def projecting(model: nn.Module, row: Tensor, column: Tensor) -> Iterator[bool]:
    """Inside, the output head sees only the positions (row, column), each [N], and gives logits [1, N, V].

    Yields False for an architecture that hides its head: its logits are then those of all positions.
    """
    head = unwrap(model).get_output_embeddings()
    if head is None:
        yield False
        return

    def keep(module: nn.Module, args: tuple) -> tuple:
        hidden = args[0]  # [B, T, D]
        return (hidden[row, column].unsqueeze(0), *args[1:])  # [1, N, D]

    hook = head.register_forward_pre_hook(keep)
    try:
        yield True
    finally:
        hook.remove()


def hidden_states(model: nn.Module, inputs: dict[str, Any], row: Tensor, column: Tensor) -> tuple[Tensor, Tensor]:
    """[N, D] the output head's input at positions (row, column), and the logits [1, 1, V] at the first of them.

    The model's own forward runs, but only that one position is projected. The model must show its head.
    """
    seen: list[Tensor] = []

    def keep(module: nn.Module, args: tuple) -> tuple:
        seen.append(args[0][row, column])
        return (seen[0][None, :1], *args[1:])

    hook = unwrap(model).get_output_embeddings().register_forward_pre_hook(keep)
    try:
        logits = model(**inputs).logits
    finally:
        hook.remove()
    return seen[0], logits


def answer_logits(model: nn.Module, tokens: Tokens) -> Tensor:
    """[N, V] float32 logits that predict the N answer tokens, in ``tokens``' order."""
    source = tokens.column - 1
    with projecting(model, tokens.row, source) as arranged:
        logits = model(input_ids=tokens.input_ids, attention_mask=tokens.attention_mask, use_cache=False).logits
    return (logits[0] if arranged else logits[tokens.row, source]).float()


def answer_hidden(model: nn.Module, tokens: Tokens, layer: int) -> Tensor:
    """[N, D] float32 hidden states after ``layer`` blocks (0: the embeddings), where the answer is predicted.

    It is the model's own forward, which runs in the precision of its training; only one position is projected.
    """
    source = tokens.column - 1
    with projecting(model, tokens.row[:1], source[:1]):
        states = model(
            input_ids=tokens.input_ids, attention_mask=tokens.attention_mask, use_cache=False, output_hidden_states=True
        ).hidden_states
    return states[layer][tokens.row, source].float()


def token_logprobs(model: nn.Module, tokens: Tokens) -> Tensor:
    """[N] log p of every answer token, float32, nats."""
    logits = answer_logits(model, tokens)  # [N, V]; log-softmax is exact where the last dimension is contiguous
    return -nn.functional.cross_entropy(logits, tokens.targets, reduction="none")
