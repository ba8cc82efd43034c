"""A model made of two: their logits, combined token by token, as one causal language model.

Methods that change decoding instead of weights deploy it. Scoring and generation read
it like any model; only the positions that they ask for are projected, in both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from benchmark.models.decoding import new_cache
from benchmark.models.forward import projecting, unwrap


@dataclass
class PairedCache:
    """One cache of keys and values for each model."""

    parts: tuple[Any, Any]

    def batch_select_indices(self, keep: Tensor) -> None:
        """Keep these rows of the batch."""
        for part in self.parts:
            part.batch_select_indices(keep)


class Combined(nn.Module):
    """Two causal language models with one vocabulary, read as one.

    Args:
        combine: two tensors of logits [..., V], the first model's and the second's -> [..., V].
    """

    def __init__(self, first: nn.Module, second: nn.Module, combine: Callable[[Tensor, Tensor], Tensor]):
        super().__init__()
        self.pair = nn.ModuleList([first, second])
        self.combine = combine
        self.positions = nn.Identity()
        self.config = unwrap(first).config
        self.generation_config = getattr(unwrap(first), "generation_config", None)

    def get_output_embeddings(self) -> nn.Module:
        """Stands for the output head: ``projecting`` hooks it, and so picks positions before either model runs."""
        return self.positions

    def new_cache(self) -> PairedCache:
        return PairedCache((new_cache(self.pair[0]), new_cache(self.pair[1])))

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        past_key_values: PairedCache | None = None,
        use_cache: bool = False,
    ) -> SimpleNamespace:
        """``logits``: [B, T, V], or [1, N, V] inside ``projecting``."""
        rows, columns = (torch.arange(size, device=input_ids.device) for size in input_ids.shape)
        grid = torch.stack(torch.meshgrid(rows, columns, indexing="ij"), -1)  # [B, T, 2]: where each position stands
        wanted = self.positions(grid)  # the grid, or [1, N, 2]
        row, column = wanted.flatten(0, 1).unbind(-1)
        caches = past_key_values.parts if past_key_values is not None else (None, None)
        logits = []
        for model, cache in zip(self.pair, caches, strict=True):
            with projecting(model, row, column) as arranged:
                found = model(
                    input_ids=input_ids,
                    attention_mask=attention_mask,
                    position_ids=position_ids,
                    past_key_values=cache,
                    use_cache=use_cache,
                ).logits
            logits.append((found[0] if arranged else found[row, column]).float())  # [N, V]
        return SimpleNamespace(logits=self.combine(*logits).unflatten(0, wanted.shape[:2]))
