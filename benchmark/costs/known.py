"""Where a preset's sizes come from: the tiny model's own, a folder's or file's config, the hub's cache, a few known models, the hub."""

from __future__ import annotations

import contextlib
from typing import Any

from benchmark.common.errors import UserError
from benchmark.common.hub import without_network
from benchmark.config.schema import Preset
from benchmark.costs.sizes import Sizes, sizes_of
from benchmark.models.loading import locate

# Shapes as the models' config.json on the hub has them, for machines without a network.
LLAMAS: dict[str, dict[str, Any]] = {
    "meta-llama/Llama-2-7b-chat-hf": dict(
        vocab_size=32000, hidden_size=4096, intermediate_size=11008, num_hidden_layers=32, num_attention_heads=32,
        num_key_value_heads=32, tie_word_embeddings=False,
    ),
    "meta-llama/Llama-3.2-1B-Instruct": dict(
        vocab_size=128256, hidden_size=2048, intermediate_size=8192, num_hidden_layers=16, num_attention_heads=32,
        num_key_value_heads=8, head_dim=64, tie_word_embeddings=True,
    ),
    "HuggingFaceTB/SmolLM2-135M-Instruct": dict(
        vocab_size=49152, hidden_size=576, intermediate_size=1536, num_hidden_layers=30, num_attention_heads=9,
        num_key_value_heads=3, tie_word_embeddings=True,
    ),
}  # fmt: skip


def preset_sizes(preset: Preset) -> Sizes:
    """The sizes of the preset's model; activations are those of training, in its precision.

    Raises:
        UserError: the model's config is nowhere on this machine, is not known, and the hub cannot be reached.
    """
    narrow = preset.dtype == "bfloat16" or preset.training.precision == "bf16"
    return sizes_of(_config(preset), "bfloat16" if narrow else "float32")


def _config(preset: Preset) -> Any:
    from transformers import AutoConfig, LlamaConfig

    choice = preset.model
    if choice.source == "tiny":
        tiny = choice.tiny
        return LlamaConfig(
            vocab_size=tiny.vocabulary,
            hidden_size=tiny.hidden,
            intermediate_size=tiny.mlp,
            num_hidden_layers=tiny.layers,
            num_attention_heads=tiny.heads,
            num_key_value_heads=tiny.key_value_heads,
            tie_word_embeddings=True,
        )
    where, options = locate(choice.source)
    with contextlib.suppress(OSError, ValueError):  # of a hub id: what an earlier run has left on this machine
        return AutoConfig.from_pretrained(where, local_files_only=True, **options)
    if where in LLAMAS:
        return LlamaConfig(**LLAMAS[where])
    without_network()
    try:
        return AutoConfig.from_pretrained(where, **options)
    except (OSError, ValueError) as error:
        raise UserError(
            f"the sizes of {choice.source!r} are unknown here: give its folder, which needs config.json alone "
            "(--set model.source=FOLDER)"
        ) from error
