"""Tiny random models of three architectures with their prompt tokenizer, and a hash of a model's weights."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any

import torch
from torch import nn

from benchmark.conformance.toy import toy_setup
from benchmark.models.tiny import perturbed
from benchmark.models.tokenization import PromptTokenizer

ARCHITECTURES = ("llama", "gpt-neox", "qwen2")


@lru_cache
def tiny_model(architecture: str) -> tuple[Any, PromptTokenizer]:
    """A model in evaluation mode and its prompt tokenizer; tests share them and must not change them."""
    toy = toy_setup("llama" if architecture == "qwen2" else architecture)
    if architecture != "qwen2":
        return toy.reference, toy.prompt_tokenizer
    from transformers import Qwen2Config, Qwen2ForCausalLM

    eos = toy.prompt_tokenizer.eos_id
    config = Qwen2Config(
        vocab_size=len(toy.prompt_tokenizer.tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=256, tie_word_embeddings=False,
        bos_token_id=eos, eos_token_id=eos, pad_token_id=eos,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return perturbed(Qwen2ForCausalLM(config).eval(), 0.1, seed=1), toy.prompt_tokenizer


def weights_hash(model: nn.Module) -> str:
    """Hash of all parameters' bytes: equal models have equal hashes."""
    digest = hashlib.sha256()
    for name, parameter in sorted(model.named_parameters()):
        digest.update(name.encode())
        digest.update(parameter.detach().contiguous().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
