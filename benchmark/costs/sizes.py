"""A model's sizes, told from its config alone: parameters, and bytes that a backward pass keeps of every token.

One and two of its layers are made on torch's meta device, where tensors have shapes and no numbers; all others are like the second.
Mixtures of experts count all their experts as if each token went through them, so their hours are upper limits.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from benchmark.common.errors import UserError

TOKENS = 64  # of the sequence that is traced


@dataclass(frozen=True)
class Sizes:
    """Counts of parameters, and bytes of activations in a model of the dtype that was traced."""

    layers: int
    hidden: int
    vocabulary: int
    trunk: int  # parameters in matrices that every token is multiplied with, without the head's
    parameters: int  # all; a head that is the embeddings counts once
    key_values: int  # numbers that are kept of a token while an answer is decoded
    kept: float  # bytes of a token that the backward pass reads, in all layers
    kept_block: float  # the same of one layer
    config: Any = None  # transformers' own

    @property
    def head(self) -> int:
        """Parameters of the output head: hidden x vocabulary."""
        return self.hidden * self.vocabulary


def sizes_of(config: Any, dtype: str = "float32") -> Sizes:
    """The sizes of the causal language model that a config describes.

    Raises:
        UserError: transformers cannot make a causal language model of it on the meta device.
    """
    text = config.get_text_config()
    layers = text.num_hidden_layers
    traced = []
    for count in (1, 2):
        try:
            model = _of_layers(config, count, dtype)
            traced.append((*_parameters(model), kept_bytes(model)))
        except Exception as error:  # remote code, or a config without sizes: no common class
            raise UserError(
                f"no sizes can be read from the model's config ({type(error).__name__}: {error})"
            ) from error
    (all_1, trunk_1, kept_1), (all_2, trunk_2, kept_2) = traced
    heads = getattr(text, "num_attention_heads", 0) or 0
    width = getattr(text, "head_dim", None) or (text.hidden_size // heads if heads else 0)
    further = layers - 1
    return Sizes(
        layers=layers,
        hidden=text.hidden_size,
        vocabulary=text.vocab_size,
        trunk=trunk_1 + further * (trunk_2 - trunk_1),
        parameters=all_1 + further * (all_2 - all_1),
        key_values=2 * layers * (getattr(text, "num_key_value_heads", None) or heads) * width,
        kept=kept_1 + further * (kept_2 - kept_1),
        kept_block=kept_2 - kept_1,
        config=config,
    )


def kept_bytes(model: nn.Module) -> float:
    """Bytes a token that a forward pass keeps for the backward pass, the head left out; weights are not among them."""
    # A mask of its own, since transformers' looks at numbers, which are not there.
    mask = torch.zeros((1, 1, TOKENS, TOKENS), dtype=next(model.parameters()).dtype, device="meta")
    weights = {tensor.untyped_storage()._cdata for tensor in (mask, *model.parameters())}
    storages: dict[int, Any] = {}  # by identity; kept alive, so that none is taken for another

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in weights:
            storages[storage._cdata] = storage
        return tensor

    ids = torch.zeros((1, TOKENS), dtype=torch.long, device="meta")
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        out = model.base_model(input_ids=ids, attention_mask=mask, use_cache=False)
        del out
    return sum(storage.nbytes() for storage in storages.values()) / TOKENS


def _of_layers(config: Any, count: int, dtype: str) -> nn.Module:
    from transformers import AutoModelForCausalLM

    short = copy.deepcopy(config)
    text = short.get_text_config()
    text.num_hidden_layers = count
    if getattr(text, "layer_types", None):
        text.layer_types = text.layer_types[:count]
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(short, dtype=getattr(torch, dtype))
    return model.train()


def _parameters(model: nn.Module) -> tuple[int, int]:
    """All parameters, and those of the trunk's matrices."""
    head = model.get_output_embeddings()
    inner = [module for module in model.modules() if module is not head and not isinstance(module, nn.Embedding)]
    trunk = sum(p.numel() for module in inner for p in module.parameters(recurse=False) if p.ndim >= 2)
    return sum(p.numel() for p in model.parameters()), trunk
