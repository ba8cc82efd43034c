"""A batch of answers being decoded: its state, and one step that gives every row its next token.

What happens to finished rows is decided on the device, and how many have finished is looked at every few steps (on a CPU
every step, where looking is free). So a step of ours waits for nothing; transformers itself asks a plain mask whether it
masks anything, which steps with slots (benchmark/models/cuda_graphs.py) spare it.
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

POLL_EVERY = {"cpu": 1, "cuda": 8}  # steps between two looks at how many rows have finished
EVICT_FROM = 0.25  # of the rows finished: leaving costs a copy of the cache

Choose = Callable[
    [Tensor, Tensor, Tensor], Tensor
]  # (logits [R, V], rows [R], their answers' places [R]) -> tokens [R]


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
    """Bytes of one token's keys and values, in all layers; a sliding window's as if it reached everything."""
    config = model.config.get_text_config()
    heads = getattr(config, "num_attention_heads", None) or 0  # without attention there are no keys
    width = getattr(config, "head_dim", None) or (config.hidden_size // heads if heads else 0)
    kept = (getattr(config, "num_key_value_heads", None) or heads) * width
    return 2 * config.num_hidden_layers * kept * next(model.parameters()).element_size()


class Decoding:
    """The rows of a batch that have not left it, R of them, T tokens wide.

    Args:
        rows: what has been read of each, padded on the left.
        stops: tokens [S] that end an answer.
        longest: tokens of an answer at most, those known included.
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
        self.left = longest - min(len(row.known) for row in rows)  # steps at most
        # The tokens to be read next: [R, T], after the first step [R, 1].
        self.ids = to_device(torch.tensor([[pad_id] * (width - len(row.ids)) + row.ids for row in rows]), device)
        self.mask = (torch.arange(width, device=device) >= (width - lengths)[:, None]).long()  # [R, T] of all read
        self.position = (self.mask.cumsum(1) - 1).clamp(min=0)
        self.row = torch.arange(len(rows), device=device)  # [R] which of the given rows each is
        self.place = torch.tensor([len(row.known) for row in rows], device=device)  # [R] of the next token
        self.done = torch.zeros(len(rows), dtype=torch.bool, device=device)
        self.out = torch.full((len(rows), longest), int(stops[0]), device=device)  # [rows given, longest]
        self.cache = new_cache(model)

    def step(self) -> None:
        """Read ``ids`` and choose every row's next token."""
        self.advance(self.mask, self.cache)
        self.mask = torch.cat([self.mask, self.mask.new_ones(len(self.mask), 1)], 1)
        self.left -= 1

    def advance(self, mask: Tensor, cache: Any) -> None:
        """What a step does but for the room for the next one."""
        every = torch.arange(len(self.ids), device=self.ids.device)
        last = torch.full_like(every, self.ids.shape[1] - 1)
        given = {"input_ids": self.ids, "attention_mask": mask, "position_ids": self.position}
        given |= {"past_key_values": cache, "use_cache": True}
        chosen, first = [], 0
        for logits in logits_chunks(self.model, given, every, last, self.head):  # [R, V]
            part = slice(first, first + len(logits))
            chosen.append(self.choose(logits, self.row[part], self.place[part]))
            first += len(logits)
        token = torch.cat(chosen)  # [R]
        here = self.row, self.place
        self.out[here] = torch.where(self.done, self.out[here], token)
        position, place = self.position[:, -1:] + 1, self.place + 1
        # Past the context there is no place for the token just chosen.
        ended = (token[:, None] == self.stops).any(1) | (position[:, 0] >= self.context) | (place >= self.longest)
        self.done = self.done | ended
        # Rows that are done and have not left yet go on in place.
        self.ids, self.position = token[:, None], position.clamp(max=self.context - 1)
        self.place = place.clamp(max=self.longest - 1)

    def finished(self) -> float:
        """The share of rows that are done, exactly 1 for all of them; waits for the device."""
        return int(self.done.sum()) / len(self.done)

    def evict(self) -> None:
        """Let the rows go that are done."""
        keep = (~self.done).nonzero()[:, 0]
        self.cache.batch_select_indices(keep)
        for name in ("ids", "mask", "position", "row", "place", "done"):
            setattr(self, name, getattr(self, name)[keep])


def decode(decoding: Decoding) -> None:
    """Steps until all rows are done."""
    look = POLL_EVERY[decoding.done.device.type]
    for number in range(decoding.left):
        if number % look == 0 and (finished := decoding.finished()) >= EVICT_FROM:
            if finished == 1:
                return
            decoding.evict()
        decoding.step()
