"""The embedded tiny model: a small Llama with random weights, and a tokenizer trained on the corpus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from pydantic import Field
from torch import nn

from benchmark.corpora.types import Corpus, Row
from benchmark.products import use_onednn
from benchmark.recipe import Strict

EOS = "<|end|>"


class TinyLlama(Strict):
    """Sizes of the tiny Llama; the default has about one million parameters."""

    layers: int = Field(4, ge=1)
    hidden: int = Field(128, ge=8)
    heads: int = Field(4, ge=1)
    key_value_heads: int = Field(2, ge=1)
    mlp: int = Field(384, ge=8)
    vocabulary: int = Field(2048, ge=300)
    seed: int = 0


def train_tokenizer(corpus: Corpus, vocabulary: int) -> Any:
    """A byte-level BPE tokenizer trained on every text that the corpus holds.

    The forget rows are among them, as they are in any real model's tokenizer data: a retrained model shares
    its tokenizer with the fine-tuned one.
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
    tokenizer.train_from_iterator(_texts(corpus), trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=EOS, pad_token=EOS)


def _texts(corpus: Corpus) -> list[str]:
    def of(rows: Sequence[Row]) -> list[str]:
        return [text for row in rows for text in (row.question, row.answer, row.paraphrased_answer) if text]

    sets = (corpus.pretraining, corpus.full, corpus.real_authors, corpus.world_facts)
    return [text for rows in sets for text in of(rows)] + list(corpus.refusals)


def build(sizes: TinyLlama, vocabulary: int, eos_id: int) -> nn.Module:
    """A Llama of these sizes with seeded random weights."""
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
        return use_onednn(LlamaForCausalLM(config).eval())
