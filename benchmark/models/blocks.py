"""A model's decoder blocks: what each puts out at chosen positions, and other models' outputs put in its place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from benchmark.common.errors import UserError


def decoder_blocks(model: nn.Module) -> list[nn.Module]:
    """The L blocks in their order; Llama's ``layers``, GPT-NeoX's, GPT-2's ``h``.

    Raises:
        UserError: there is no list of as many modules as the model's config has blocks, or there are several.
    """
    count = getattr(getattr(model, "config", None), "num_hidden_layers", None)
    stacks = [m for m in model.modules() if isinstance(m, nn.ModuleList) and len(m) == count]
    if not count or len(stacks) != 1:
        raise UserError(f"the blocks of {type(model).__name__} could not be found")
    return list(stacks[0])


@contextmanager
def recording(blocks: list[nn.Module], row: Tensor, column: Tensor) -> Iterator[list[Tensor]]:
    """Inside, a forward pass adds each block's output at positions (row, column), [N] each, to the list: [N, D] a block."""
    seen: list[Tensor] = []

    def keep(module: nn.Module, args: tuple, output: Any) -> None:
        seen.append(_hidden(output)[row, column].clone())

    hooks = [block.register_forward_hook(keep) for block in blocks]
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()


@contextmanager
def patched(block: nn.Module, row: Tensor, column: Tensor, states: Tensor) -> Iterator[None]:
    """Inside, the block's output at positions (row, column), [N] each, is ``states`` [N, D]."""

    def put(module: nn.Module, args: tuple, output: Any) -> Any:
        hidden = _hidden(output).clone()  # [B, T, D]
        hidden[row, column] = states.to(hidden.dtype)
        return (hidden, *output[1:]) if isinstance(output, tuple) else hidden

    hook = block.register_forward_hook(put)
    try:
        yield
    finally:
        hook.remove()


def _hidden(output: Any) -> Tensor:
    """[B, T, D]; some blocks put more out beside it."""
    hidden = output[0] if isinstance(output, tuple) else output
    assert isinstance(hidden, torch.Tensor)
    return hidden
