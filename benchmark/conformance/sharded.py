"""What sharding changes: the same training and scoring in several processes and in one, compared.

``python -m benchmark.conformance.sharded`` prints the table of docs/large_models.md. Both arrangements compute the same sums; that
of all squared gradients, which clips them, is taken in another order, so the last digits differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

import numpy as np
import torch
import typer
from torch import Tensor, nn

from benchmark.config.recipe import LoRA, Recipe
from benchmark.conformance.toy import ARCHITECTURES, ToySetup, toy_setup
from benchmark.evaluation.evaluate import score_model
from benchmark.evaluation.scores import AnswerScores, Scores
from benchmark.models import sharding
from benchmark.models.ranks import in_group
from benchmark.runs.launchers.rank_group import RankFailed, RankGroup
from benchmark.training.finetune import finetune
from methods import load_method

FINETUNING = "fine-tuning"
FIVE_STEPS = Recipe(epochs=5, lr=1e-3, batch_size=8, micro_batch_size=4, warmup_epochs=0)  # of all 8 forget rows
CHANGES: dict[str, dict[str, Any]] = {"LoRA": {"lora": LoRA(rank=4)}, "checkpointing": {"gradient_checkpointing": True}}
KEYS_AMONG = "query_key_value.bias"  # GPT-NeoX's, of queries, keys and values
CASES = (FINETUNING, "rkld", "npo+kl", "gru", "rmu", "rkld with LoRA", "rkld with checkpointing")


@dataclass(frozen=True)
class Trained:
    """What training leaves: each step's loss, the weights, and the model's scores on all toy rows."""

    losses: list[float]
    weights: dict[str, Tensor]
    scores: Scores
    heads: int  # of attention
    share: float  # of the model's weights that this process held


@dataclass(frozen=True)
class Difference:
    """The largest differences between two of them: of losses relative to those above 1, else absolute.

    A bias of the keys moves all of a query's attention scores alike, where no rotation by position comes between: softmax
    takes it away, and its gradient is nothing but rounding, which AdamW scales to whole steps. Those weights agree in nothing
    but their size, whatever the last digit changed by, and the model does not depend on them.
    """

    loss: float
    weight: float  # of all but the next
    keys_bias: float  # of the keys' biases, where a model has them
    score: float  # nats
    texts: int  # generated answers that differ


@dataclass(frozen=True)
class Comparison:
    """One line of the table; without a difference, the reason why the case cannot be sharded."""

    architecture: str
    case: str
    difference: Difference | None = None
    share: float = 1.0
    reason: str = ""


def trained(architecture: str, case: str) -> Trained:
    """Train a toy model: sharded where this process is a rank."""
    torch.set_num_threads(1)
    whole = toy_setup(architecture)
    setup = replace(whole, **{name: sharding.shard(m).requires_grad_(False) for name, m in whole.frozen.items()})
    name, _, change = case.partition(" with ")
    recipe = FIVE_STEPS.model_copy(update=CHANGES.get(change, {}))
    if case == FINETUNING:
        model = setup.student() if not in_group() else sharding.shard(toy_setup(architecture).student())
        model.requires_grad_(True)
        outcome = finetune(model, setup.prompt_tokenizer, setup.split.forget, recipe, seed=0)
    else:
        model, outcome = setup.run(load_method(name), recipe)
    weights = sharding.whole_weights(model)
    if weights is None:
        weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    return Trained(outcome.losses, weights, toy_scores(model, setup), model.config.num_attention_heads, held(model))


def toy_scores(model: nn.Module, setup: ToySetup) -> Scores:
    """Teacher-forced and greedy scores on all forget and retain rows."""
    sets = {"forget": setup.split.forget, "retain": setup.split.retain}
    return score_model(model, setup.prompt_tokenizer, sets, max_new_tokens=8)


def held(model: nn.Module) -> float:
    """The share of the model's weights that is in this process's memory between two passes."""
    parameters = list(model.parameters())
    return sum(sharding.local(p).numel() for p in parameters) / sum(p.numel() for p in parameters)


def difference(one: Trained, other: Trained) -> Difference:
    """How far two trainings have come apart.

    Raises:
        ValueError: one has made fewer steps, or has other weights or answers.
    """
    if one.weights.keys() != other.weights.keys():
        raise ValueError("the two models have different weights")
    losses = [abs(a - b) / max(1.0, abs(a)) for a, b in zip(one.losses, other.losses, strict=True)]
    weights, biases = [0.0], [0.0]
    for name in one.weights:
        apart = (one.weights[name] - other.weights[name]).abs()
        if name.endswith(KEYS_AMONG):
            parts = apart.view(one.heads, 3, -1)  # of each head its queries', keys' and values'
            biases.append(parts[:, 1].max().item())
            apart = parts[:, ::2]
        weights.append(apart.max().item())
    scores, texts = [0.0], 0
    for name, own in one.scores.sets.items():
        theirs = other.scores.sets[name]
        texts += sum(a != b for a, b in zip(own.generated, theirs.generated, strict=True))
        scores += [_apart(a, b) for a, b in zip(own.answers, theirs.answers, strict=True)]
    return Difference(max(losses), max(weights), max(biases), max(scores), texts)


def _apart(one: AnswerScores, other: AnswerScores) -> float:
    fields = ("logprobs", "logprob_mean", "logprob_std")
    return max(float(np.abs(getattr(one, name) - getattr(other, name)).max()) for name in fields)


def compared(cases: Sequence[tuple[str, str]], shards: int = 2, device: str = "cpu") -> Iterator[Comparison]:
    """What sharding changes in each (architecture, case), one after the other."""
    group = RankGroup(shards, device)
    try:
        for architecture, case in cases:
            try:
                sharded = group.call(trained, architecture, case)
            except RankFailed as failed:
                yield Comparison(architecture, case, reason=str(failed).partition("\n")[0])
                continue
            yield Comparison(architecture, case, difference(trained(architecture, case), sharded), sharded.share)
    finally:
        group.close()


def table(comparisons: Iterable[Comparison]) -> Iterator[str]:
    """The lines of a Markdown table."""
    yield "| model | case | losses | weights | keys' biases | scores, nats | texts that differ | held by a rank |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for one in comparisons:
        if (d := one.difference) is None:
            yield f"| {one.architecture} | {one.case} | {one.reason} ||||||"
            continue
        numbers = " | ".join(f"{value:.1e}" if value else "0" for value in (d.loss, d.weight, d.keys_bias, d.score))
        yield f"| {one.architecture} | {one.case} | {numbers} | {d.texts} | {one.share:.0%} |"


def main(
    shards: Annotated[int, typer.Option(min=2, help="processes")] = 2,
    architectures: Annotated[str, typer.Option(help="with commas")] = ",".join(ARCHITECTURES),
    methods: Annotated[
        str | None, typer.Option(help="instead of the usual cases, with commas: rkld, 'rkld with LoRA'; all: every one")
    ] = None,
) -> None:
    """Train and score toy models sharded and whole, and print how far they come apart."""
    from methods import method_names

    names = CASES if methods is None else method_names() if methods == "all" else methods.split(",")
    for line in table(compared([(a, case) for a in architectures.split(",") for case in names], shards)):
        typer.echo(line)


if __name__ == "__main__":
    typer.run(main)
