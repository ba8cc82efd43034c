"""What sharding changes: the same training and scoring in several processes and in one, compared.

``python -m benchmark.conformance.sharded`` prints the table of docs/large_models.md. Both arrangements compute the same sums; that
of all squared gradients, which clips them, is taken in another order, so the last digits differ.
"""

from __future__ import annotations

from collections.abc import Sequence
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
from benchmark.runs.launchers.rank_group import RankGroup
from benchmark.training.finetune import finetune
from methods import load_method

FINETUNING = "fine-tuning"
FIVE_STEPS = Recipe(epochs=5, lr=1e-3, batch_size=8, micro_batch_size=4, warmup_epochs=0)  # of all 8 forget rows
CHANGES: dict[str, dict[str, Any]] = {"LoRA": {"lora": LoRA(rank=4)}, "checkpointing": {"gradient_checkpointing": True}}
CASES = (FINETUNING, "rkld", "npo+kl", "gru", "rmu", "rkld, LoRA", "rkld, checkpointing")


@dataclass(frozen=True)
class Trained:
    """What training leaves: each step's loss, the weights, and the model's scores on all toy rows."""

    losses: list[float]
    weights: dict[str, Tensor]
    scores: Scores
    share: float  # of the model's weights that this process held


@dataclass(frozen=True)
class Difference:
    """The largest differences between two of them: of losses relative to those above 1, else absolute."""

    loss: float
    weight: float
    score: float  # nats
    texts: int  # generated answers that differ


def trained(architecture: str, case: str) -> Trained:
    """Train a toy model: sharded where this process is a rank."""
    torch.set_num_threads(1)
    whole = toy_setup(architecture)
    setup = replace(whole, **{name: sharding.shard(m).requires_grad_(False) for name, m in whole.frozen.items()})
    name, _, change = case.partition(", ")
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
    return Trained(outcome.losses, weights, toy_scores(model, setup), held(model))


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
    weights = [(one.weights[name] - other.weights[name]).abs().max().item() for name in one.weights]
    scores, texts = [0.0], 0
    for name, own in one.scores.sets.items():
        theirs = other.scores.sets[name]
        texts += sum(a != b for a, b in zip(own.generated, theirs.generated, strict=True))
        scores += [_apart(a, b) for a, b in zip(own.answers, theirs.answers, strict=True)]
    return Difference(max(losses), max(weights), max(scores), texts)


def _apart(one: AnswerScores, other: AnswerScores) -> float:
    fields = ("logprobs", "logprob_mean", "logprob_std")
    return max(float(np.abs(getattr(one, name) - getattr(other, name)).max()) for name in fields)


def compared(
    cases: Sequence[tuple[str, str]], shards: int = 2, device: str = "cpu"
) -> dict[tuple[str, str], tuple[Difference, float]]:
    """(architecture, case) -> what sharding changes, and the share of the weights that the first rank held."""
    group = RankGroup(shards, device)
    try:
        return {
            given: (difference(trained(*given), sharded := group.call(trained, *given)), sharded.share)
            for given in cases
        }
    finally:
        group.close()


def table(found_differences: dict[tuple[str, str], tuple[Difference, float]]) -> str:
    """The differences as Markdown."""
    lines = [
        "| model | case | losses | weights | scores, nats | texts that differ | held by a rank |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for (architecture, case), (d, share) in found_differences.items():
        numbers = " | ".join(f"{value:.1e}" if value else "0" for value in (d.loss, d.weight, d.score))
        lines.append(f"| {architecture} | {case} | {numbers} | {d.texts} | {share:.0%} |")
    return "\n".join(lines)


def main(
    shards: Annotated[int, typer.Option(min=2, help="processes")] = 2,
    methods: Annotated[str | None, typer.Option(help="instead of the usual cases, with commas; all: every one")] = None,
) -> None:
    """Train and score toy models sharded and whole, and print how far they come apart."""
    from methods import method_names

    names = CASES if methods is None else method_names() if methods == "all" else methods.split(",")
    typer.echo(table(compared([(a, case) for a in ARCHITECTURES for case in names], shards)))


if __name__ == "__main__":
    typer.run(main)
