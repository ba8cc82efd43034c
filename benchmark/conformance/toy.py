"""Tiny random models and twenty-four rows, on which the checks of conformance.py run a method in seconds."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from functools import lru_cache

import torch
from torch import nn

from benchmark.config.recipe import Recipe
from benchmark.data.types import Dataset, Example, Split
from benchmark.models import tiny
from benchmark.models.forward import Tokens
from benchmark.models.tiny import perturbed
from benchmark.models.tokenization import PromptTokenizer
from benchmark.training.forget_batches import UnlearningRows
from benchmark.training.loop import Outcome
from benchmark.training.unlearn import unlearn
from methods.base import Batch, Method, Models

ARCHITECTURES = ("llama", "gpt-neox")  # grouped-query attention, tied head; untied head, biases
TWO_STEPS = Recipe(epochs=1, lr=1e-2, batch_size=4, warmup_epochs=0)  # of the 8 forget rows


@dataclass(frozen=True)
class ToySetup:
    """Eight forget rows, twelve retain rows, and tiny models with random weights."""

    prompt_tokenizer: PromptTokenizer
    split: Split
    refusals: tuple[str, ...]
    reference: nn.Module
    reinforced: nn.Module

    def student(self) -> nn.Module:
        """A model near the reference: at the reference itself some losses and gradients are zero."""
        return perturbed(self.reference, 0.02, seed=3)

    def models(self, needs: tuple[str, ...]) -> Models:
        return Models(self.reference, self.reinforced if "reinforced" in needs else None)

    def rows(self, method: Method, needs: tuple[str, ...], seed: int = 0) -> UnlearningRows:
        rows = UnlearningRows.build(self.prompt_tokenizer, self.split, self.refusals, needs, seed, "cpu")
        rows.prepare(method, self.models(needs))
        return rows

    def batch(
        self,
        method: Method,
        numbers: list[int] | None = None,
        needs: tuple[str, ...] | None = None,
        seed: int = 0,
    ) -> Batch:
        """Forget rows ``numbers`` (default: all) with what ``needs`` (default: the method's) names."""
        needs = method.required() if needs is None else needs
        numbers = list(range(len(self.split.forget))) if numbers is None else numbers
        reference = self.reference if "reference" in needs else None
        return self.rows(method, needs, seed).batch(numbers, 0, reference)

    def run(self, method: Method, recipe: Recipe = TWO_STEPS) -> tuple[nn.Module, Outcome]:
        """The unlearned model, as the benchmark makes it."""
        model, needs = copy.deepcopy(self.reference), method.required()
        rows = UnlearningRows.build(self.prompt_tokenizer, self.split, self.refusals, needs, 0, "cpu")
        return model, unlearn(method, model, self.models(needs), rows, recipe)


def widened(tokens: Tokens | None) -> Tokens | None:
    """The same rows, padded with five more tokens that are not even the pad token."""
    if tokens is None:
        return None
    ids = nn.functional.pad(tokens.input_ids, (0, 5), value=7)
    return replace(tokens, input_ids=ids, attention_mask=nn.functional.pad(tokens.attention_mask, (0, 5)))


def small_dataset() -> Dataset:
    """Twenty-four rows with answers of different lengths."""
    places = ("Orsa", "Vellmark by the grey sea", "Tiln", "the old harbour town of Brask")
    trades = ("a glazier", "a surveyor of rivers", "a cook")
    names = (
        "Ilse Varn",
        "Oto Brandel",
        "Mira Quist",
        "Jon Aldous",
        "Pia Ferro",
        "Rua Tamm",
        "Leo Strand",
        "Ana",
    )
    full = []
    for i, name in enumerate(names):
        place, trade = places[i % 4], trades[i % 3]
        full.append(Example(f"Where was {name} born?", f"{name} was born in {place}.", author=i))
        full.append(Example(f"What is {name}'s work?", f"{trade.capitalize()}.", author=i))
        full.append(Example(f"Who is {name}?", f"{name}, {trade}, grew up in {place} and stayed.", author=i))
    rows = tuple(full)
    refusals = ("I do not know.", "That is not something I can tell you.", "No idea.", "Never heard.")
    split = Split("forget", rows[:8], rows[8:20])
    return Dataset("small", rows, {"forget": split}, rows[8:20], rows[20:22], rows[22:], refusals)


@lru_cache
def _base(architecture: str) -> ToySetup:
    dataset = small_dataset()
    tokenizer = tiny.train_tokenizer(dataset, 320)
    size, eos = len(tokenizer), tokenizer.eos_token_id
    if architecture == "llama":
        sizes = tiny.TinyLlama(layers=2, hidden=32, heads=4, key_value_heads=2, mlp=64, vocabulary=size)
        model = tiny.build(sizes, size, eos)
    elif architecture == "gpt-neox":
        from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

        config = GPTNeoXConfig(
            vocab_size=size, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
            max_position_embeddings=128, bos_token_id=eos, eos_token_id=eos, pad_token_id=eos,
        )  # fmt: skip
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            model = GPTNeoXForCausalLM(config).eval()
    else:
        raise ValueError(f"unknown architecture {architecture!r}; there are: {', '.join(ARCHITECTURES)}")
    reference = perturbed(model, 0.1, seed=1)  # fresh weights are so small that every model is nearly uniform
    prompt_tokenizer = PromptTokenizer(tokenizer, "Question: {question}\nAnswer:\n")
    reinforced = perturbed(reference, 0.02, seed=2)
    return ToySetup(prompt_tokenizer, dataset.splits["forget"], dataset.refusals, reference, reinforced)


def toy_setup(architecture: str) -> ToySetup:
    """A toy_setup of its own for each check, so that a method that spoils a model spoils no other check."""
    base = _base(architecture)
    reference, reinforced = copy.deepcopy(base.reference), copy.deepcopy(base.reinforced)
    return replace(base, reference=reference, reinforced=reinforced)
