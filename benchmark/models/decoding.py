"""A batch of answers being decoded: its state, and one step that gives every row its next token.

The device itself decides what happens to finished rows. How many have finished is asked only every few steps, since a
GPU's answer has to be waited for (a CPU is asked at each step). Otherwise our steps wait for nothing. transformers does
wait at each step to see whether a growing mask masks anything, but not over a cache of fixed size
(benchmark/models/cuda_graphs.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from benchmark.models.batching import to_device
from benchmark.models.lm_head import Head, logits_chunks
from benchmark.models.ranks import agreed

POLL_EVERY = {"cpu": 1, "cuda": 8}  # steps after which it is asked how many rows have finished
EVICT_FROM = 0.25  # share of finished rows from which on they are evicted, which costs a copy of the cache

# (logits [R, V], rows [R], their answers' places [R]) -> tokens [R]
Choose = Callable[[Tensor, Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Prefilled:
    """A prompt with the first tokens of its answer."""

    prompt: Sequence[int]
    known: Sequence[int]

    @cached_property
    def ids(self) -> list[int]:
        return [*self.prompt, *self.known]


def new_cache(model: nn.Module) -> Any:
    """An empty cache of keys and values for the model; a model may bring its own."""
    from transformers import DynamicCache

    return model.new_cache() if hasattr(model, "new_cache") else DynamicCache(config=model.config)


def cache_bytes(model: nn.Module) -> int:
    """Bytes of one token's keys and values in all layers, where a sliding window counts as if it had no limit."""
    config = model.config.get_text_config()
    heads = getattr(config, "num_attention_heads", None) or 0  # without attention there are no keys
    width = getattr(config, "head_dim", None) or (config.hidden_size // heads if heads else 0)
    kept = (getattr(config, "num_key_value_heads", None) or heads) * width
    return 2 * config.num_hidden_layers * kept * next(model.parameters()).element_size()


class Decoding:
    """The rows of a batch that have not been evicted, R of them, T tokens wide.

    From the second step on, the tensors that a step changes (``ids``, ``position``, ``place``, ``done``, ``out``) are
    changed in place.

    Args:
        rows: what is read first in each, padded on the left.
        stops: tokens [S] that end an answer.
        longest: most tokens of an answer, including those known.
        head: as in ``benchmark.models.lm_head.read_tokens``.
    """

    def __init__(
        self,
        model: nn.Module,
        rows: Sequence[Prefilled],
        choose: Choose,
        stops: Tensor,
        pad_id: int,
        longest: int,
        device: str,
        head: Head | None,
    ):
        width = max(len(row.ids) for row in rows)
        lengths = torch.tensor([len(row.ids) for row in rows], device=device)
        self.model, self.choose, self.stops, self.longest, self.head = model, choose, stops, longest, head
        self.context = getattr(model.config, "max_position_embeddings", None) or width + longest + 1
        self.left = longest - min(len(row.known) for row in rows)  # most steps that remain
        # The tokens to be read next: [R, T], after the first step [R, 1].
        self.ids = to_device(torch.tensor([[pad_id] * (width - len(row.ids)) + row.ids for row in rows]), device)
        self.mask = (torch.arange(width, device=device) >= (width - lengths)[:, None]).long()  # [R, T] of all tokens
        self.position = (self.mask.cumsum(1) - 1).clamp(min=0)
        self.row = torch.arange(len(rows), device=device)  # [R] number among the given rows
        self.place = torch.tensor([len(row.known) for row in rows], device=device)  # [R] the next token's in the answer
        self.done = torch.zeros(len(rows), dtype=torch.bool, device=device)
        self.out = torch.full((len(rows), longest), int(stops[0]), device=device)  # [rows given, longest]
        self.cache = new_cache(model)

    def step(self) -> None:
        """Read ``ids`` and choose each row's next token."""
        self.advance()
        self.make_room()
        self.left -= 1

    def make_room(self) -> None:
        """Let the mask show the token just chosen."""
        self.mask = torch.cat([self.mask, self.mask.new_ones(len(self.mask), 1)], 1)

    def advance(self) -> None:
        """The part of a step that the device does."""
        rows = torch.arange(len(self.ids), device=self.ids.device)
        last = torch.full_like(rows, self.ids.shape[1] - 1)
        inputs = {"input_ids": self.ids, "attention_mask": self.mask, "position_ids": self.position}
        inputs |= {"past_key_values": self.cache, "use_cache": True}
        chosen, first = [], 0
        for logits in logits_chunks(self.model, inputs, rows, last, self.head):  # [R, V]
            part = slice(first, first + len(logits))
            chosen.append(self.choose(logits, self.row[part], self.place[part]))
            first += len(logits)
        token = agreed(torch.cat(chosen))  # [R]
        cells = self.row, self.place
        self.out[cells] = torch.where(self.done, self.out[cells], token)
        # After the first step the last column is all that there is, so that these views change nothing.
        self.ids, self.position = self.ids[:, -1:], self.position[:, -1:]
        self.ids.copy_(token[:, None])
        self.position.add_(1)
        self.place.add_(1)
        # A token whose position lies past the context cannot be read.
        ended = (token[:, None] == self.stops).any(1) | (self.position[:, 0] >= self.context)
        self.done |= ended | (self.place >= self.longest)
        # Rows that are done but not evicted go on, and stay where they are.
        self.position.clamp_(max=self.context - 1)
        self.place.clamp_(max=self.longest - 1)

    def finished(self) -> float:
        """The share of rows that are done, exactly 1 if all are; waits for the device."""
        return int(self.done.sum()) / len(self.done)

    def evict(self) -> None:
        """Remove the rows that are done."""
        keep = (~self.done).nonzero()[:, 0]
        self.cache.batch_select_indices(keep)
        for name in ("ids", "mask", "position", "row", "place", "done"):
            setattr(self, name, getattr(self, name)[keep])


def decode(decoding: Decoding) -> None:
    """Steps until all rows are done."""
    poll_every = POLL_EVERY[decoding.done.device.type]
    for number in range(decoding.left):
        if number % poll_every == 0 and (finished := decoding.finished()) >= EVICT_FROM:
            if finished == 1:
                return
            decoding.evict()
        decoding.step()
