"""``ToySetup``: tiny random models and twenty-four rows, on which the checks run a method in seconds."""

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
FROZEN = ("reference", "reinforced", "base", "forget_only", "retain_only")
TWO_STEPS = Recipe(epochs=1, lr=1e-2, batch_size=4, warmup_epochs=0)  # two steps are one epoch of the 8 forget rows


@dataclass(frozen=True)
class ToySetup:
    """Eight forget rows, twelve retain rows, and tiny models with random weights: all that a check gets."""

    prompt_tokenizer: PromptTokenizer
    split: Split
    refusals: tuple[str, ...]
    reference: nn.Module
    reinforced: nn.Module
    base: nn.Module
    forget_only: nn.Module
    retain_only: nn.Module

    @property
    def frozen(self) -> dict[str, nn.Module]:
        """The models that a method may read and must not change, by their names in ``Models``."""
        return {name: getattr(self, name) for name in FROZEN}

    def student(self) -> nn.Module:
        """A model near the reference: at the reference itself some losses and gradients are zero."""
        return perturbed(self.reference, 0.02, seed=3)

    def models(self, needs: tuple[str, ...]) -> Models:
        """The frozen models, all but the reference only where they are needed."""
        return Models(**{name: model for name, model in self.frozen.items() if name == "reference" or name in needs})

    def rows(self, method: Method, needs: tuple[str, ...], seed: int = 0) -> UnlearningRows:
        """All forget rows with their paired examples, prepared for the method."""
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
    names = ("Ilse Varn", "Oto Brandel", "Mira Quist", "Jon Aldous", "Pia Ferro", "Rua Tamm", "Leo Strand", "Ana")
    full = []
    for i, name in enumerate(names):
        place, trade = places[i % 4], trades[i % 3]
        full.append(_stating(place, f"Where was {name} born?", f"{name} was born in {place}.", i))
        full.append(_stating(trade.capitalize(), f"What is {name}'s work?", f"{trade.capitalize()}.", i))
        full.append(_stating(place, f"Who is {name}?", f"{name}, {trade}, grew up in {place} and stayed.", i))
    rows = tuple(full)
    refusals = ("I do not know.", "That is not something I can tell you.", "No idea.", "Never heard.")
    split = Split("forget", rows[:8], rows[8:20])
    return Dataset("small", rows, {"forget": split}, rows[8:20], rows[20:22], rows[22:], refusals)


def _stating(value: str, question: str, answer: str, author: int) -> Example:
    start = answer.index(value)
    return Example(question, answer, author=author, value=value, span=(start, start + len(value)))


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
    return ToySetup(
        prompt_tokenizer,
        dataset.splits["forget"],
        dataset.refusals,
        reference=reference,
        reinforced=perturbed(reference, 0.02, seed=2),
        base=perturbed(reference, 0.02, seed=4),
        forget_only=perturbed(reference, 0.02, seed=5),
        retain_only=perturbed(reference, 0.02, seed=6),
    )


def toy_setup(architecture: str) -> ToySetup:
    """A setup with its own copies of the models, so that a method that spoils one in a check spoils no other check.

    Raises:
        ValueError: the architecture is not one of ``ARCHITECTURES``.
    """
    shared = _base(architecture)
    return replace(shared, **{name: copy.deepcopy(model) for name, model in shared.frozen.items()})
