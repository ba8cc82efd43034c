"""A model with its weights rounded: a copy in which every linear layer but the head has other numbers."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from benchmark.models.sharding import whole, write

Round = Callable[[Tensor], Tensor]  # [out, in] -> [out, in], float32


def linear_layers(model: nn.Module) -> Iterator[tuple[str, nn.Module, bool]]:
    """``(name, layer, transposed)`` of every linear layer that quantisation touches: all but the head.

    GPT-2's layers hold their weights as [in, out]: ``transposed``. Embeddings and norms are no linear layers. A head is what
    the model says it is, or what is called so.
    """
    head = getattr(model, "get_output_embeddings", lambda: None)()
    for name, module in model.named_modules():
        is_head = module is head or name.rpartition(".")[2] in ("lm_head", "embed_out")
        if isinstance(module, nn.Linear) and not is_head:
            yield name, module, False
        elif type(module).__name__ == "Conv1D" and not is_head:
            yield name, module, True


@torch.no_grad()
def rounded_copy(model: nn.Module, rounded: Round) -> nn.Module:
    """A copy of the model with ``rounded`` applied to each such layer's weight; biases stay.

    Weights that adapters would add are merged first, as they are where a model is deployed rounded.
    """
    other = copy.deepcopy(model)
    if hasattr(other, "merge_and_unload"):
        other = other.merge_and_unload()
    for _, layer, transposed in linear_layers(other):
        weight: Tensor = layer.weight
        matrix = whole(weight.detach()).float()
        new = rounded(matrix.T).T if transposed else rounded(matrix)
        write(weight, new.to(weight.dtype))
    return other.requires_grad_(False)
