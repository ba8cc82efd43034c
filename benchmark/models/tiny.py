"""The embedded tiny model: a small Llama with random weights, and a tokenizer trained on the dataset."""

from __future__ import annotations

import copy
from itertools import chain
from typing import Any

import torch
from torch import nn

from benchmark.config.schema import TinyLlama
from benchmark.data.types import Dataset
from benchmark.models.onednn import Choice, use_onednn, wanted

EOS = "<|end|>"


def train_tokenizer(dataset: Dataset, vocabulary: int) -> Any:
    """A byte-level BPE tokenizer trained on every text that the dataset holds.

    The forget examples are among them, as in any real model's tokenizer data: a retrained model shares its tokenizer
    with the fine-tuned one. The held-out examples are too, in the same wordings: names that the tokenizer has not seen
    are longer in tokens and less likely to any model, and a membership attack would measure that.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[EOS],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_texts(dataset), trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=EOS, pad_token=EOS)


def _texts(dataset: Dataset) -> list[str]:
    examples = chain(dataset.pretraining, dataset.full, dataset.holdout, dataset.real_authors, dataset.world_facts)
    texts = [text for e in examples for text in (e.question, e.answer, e.paraphrased_answer) if text]
    return texts + list(dataset.refusals)


def build(sizes: TinyLlama, vocabulary: int, eos_id: int, matmul: Choice = "auto") -> nn.Module:
    """A Llama of these sizes with seeded random weights; ``matmul`` as in ``load_model``."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=sizes.hidden,
        intermediate_size=sizes.mlp,
        num_hidden_layers=sizes.layers,
        num_attention_heads=sizes.heads,
        num_key_value_heads=sizes.key_value_heads,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        bos_token_id=eos_id,
        eos_token_id=eos_id,
        pad_token_id=eos_id,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(sizes.seed)
        return use_onednn(LlamaForCausalLM(config).eval(), wanted(matmul))


def perturbed(model: nn.Module, scale: float, seed: int) -> nn.Module:
    """A copy whose weights differ by normal noise."""
    generator = torch.Generator().manual_seed(seed)
    model = copy.deepcopy(model)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += scale * torch.randn(parameter.shape, generator=generator)
    return model
