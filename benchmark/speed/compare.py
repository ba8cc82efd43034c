"""Both ways on the same model and rows, and what differs in what they find."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from unittest.mock import patch

import numpy as np
from torch import nn

import metrics
from benchmark.data.types import Example
from benchmark.evaluation import evaluate as scoring
from benchmark.evaluation.evaluate import score_model
from benchmark.evaluation.scores import Scores
from benchmark.models import generation
from benchmark.speed.plain import likelihoods_plainly, put_together, texts_plainly, torchs_own
from benchmark.speed.watch import Cost, TimedPromptTokenizer, Watch, largest_batch
from benchmark.speed.work import Work

PHASES = ("tokenise", "teacher forcing", "generation", "metrics")


@dataclass
class Comparison:
    """Costs by phase of both ways, and the largest differences in what they found."""

    plain: dict[str, Cost]
    ours: dict[str, Cost]
    metric: str  # the one that differs most
    metric_difference: float  # relative
    answer_difference: float  # relative, of any answer's mean log-probability
    texts: int
    texts_that_differ: int
    metrics_compared: int
    weights: int  # bytes
    batch: int | None  # bytes of our largest teacher-forced batch by itself
    work: Work
    generation_without_graphs: float | None = None  # seconds of ours, on a GPU

    @property
    def memory(self) -> float | None:
        """Peak of our teacher-forced phase, in units of the weights and one batch; None where unknown."""
        peak = self.ours["teacher forcing"].bytes
        if peak is None or self.batch is None:
            return None
        peak = max(peak, self.batch)  # of a few kilobytes, some may be the process's already
        return (self.weights + peak) / (self.weights + self.batch)

    @property
    def ratio(self) -> float:
        """Seconds of the plain way a second of ours."""
        return total(self.plain) / total(self.ours)


def total(costs: Mapping[str, Cost]) -> float:
    return sum(cost.seconds for cost in costs.values())


def compare(
    model: nn.Module,
    prompt_tokenizer: TimedPromptTokenizer,
    sets: Mapping[str, Sequence[Example]],
    max_new_tokens: int,
    device: str,
) -> Comparison:
    """Run ours, then the plain way, after a warm-up on two rows of each set."""
    few = {name: rows[:2] for name, rows in sets.items()}  # imports, first allocations, a GPU's start
    metrics.measure_all(_ours(Watch(model, prompt_tokenizer, device), few, 2)[0], None, seed=0)
    with torchs_own(model):
        (
            texts_plainly(model, prompt_tokenizer, few, 2, device),
            likelihoods_plainly(model, prompt_tokenizer, few, device),
        )
    batch = largest_batch(lambda: _teacher_forcing(model, prompt_tokenizer, sets, device), device)
    mine = Watch(model, prompt_tokenizer, device)
    found, measured = _ours(mine, sets, max_new_tokens)
    without = None
    if device != "cpu":
        slower = Watch(model, prompt_tokenizer, device)
        with patch.object(generation, "REPLAY", False):
            _ours(slower, sets, max_new_tokens)
        without = slower.costs["generation"].seconds
    theirs = Watch(model, prompt_tokenizer, device)
    with torchs_own(model), theirs.phase("teacher forcing"):
        scored = likelihoods_plainly(model, prompt_tokenizer, sets, device)
    with torchs_own(model), theirs.phase("generation"):
        texts = texts_plainly(model, prompt_tokenizer, sets, max_new_tokens, device)
    expected = put_together(scored, texts)
    with theirs.phase("metrics"):
        reference = metrics.measure_all(expected, None, seed=0)
    differences = {
        name: relative(measured[name].value, m.value) for name, m in reference.items() if m.value is not None
    }
    worst = max(differences, key=lambda name: differences[name], default="")
    pairs = [(a, b) for name in texts for a, b in zip(found[name].generated, expected[name].generated, strict=True)]
    return Comparison(
        plain=theirs.costs,
        ours=mine.costs,
        metric=worst,
        metric_difference=differences.get(worst, 0.0),
        answer_difference=_answers_apart(found, expected),
        texts=len(pairs),
        texts_that_differ=sum(a != b for a, b in pairs),
        metrics_compared=len(differences),
        weights=sum(p.numel() * p.element_size() for p in model.parameters()),
        batch=batch,
        work=Work.of(model),
        generation_without_graphs=without,
    )


def _ours(watch: Watch, sets: Mapping[str, Sequence[Example]], max_new_tokens: int) -> tuple[Scores, dict]:
    encode_answers, score_answers, generate = scoring.encode_answers, scoring.score_answers, scoring.generate

    def encoded(*given, **named):
        with watch.phase("teacher forcing"):
            return encode_answers(*given, **named)

    def scored(*given, **named):
        with watch.phase("teacher forcing"):
            return score_answers(*given, **named)

    def generated(*given, **named):
        with watch.phase("generation"):
            return generate(*given, **named)

    with patch.multiple(scoring, encode_answers=encoded, score_answers=scored, generate=generated):
        found = score_model(
            watch.model, watch.prompt_tokenizer, sets, max_new_tokens=max_new_tokens, device=watch.device
        )
    with watch.phase("metrics"):
        measured = metrics.measure_all(found, None, seed=0)
    return found, measured


def _teacher_forcing(
    model: nn.Module, prompt_tokenizer: TimedPromptTokenizer, sets: Mapping[str, Sequence[Example]], device: str
) -> None:
    with patch.object(
        scoring, "generate", lambda model, prompt_tokenizer, questions, *rest, **named: [""] * len(questions)
    ):
        score_model(model, prompt_tokenizer, sets, device=device)


def relative(ours: float | None, plain: float) -> float:
    """|ours - plain| / |plain|; of two zeros 0."""
    if ours is None:
        return float("inf")
    return 0.0 if ours == plain else abs(ours - plain) / max(abs(plain), 1e-12)


def _answers_apart(found: Scores, expected: Scores) -> float:
    worst = 0.0
    for name in expected.sets:
        for of in ("answer_nll", "paraphrase_nll", "wrong_nll"):
            a, b = (getattr(scores[name], of)() for scores in (found, expected))
            if a.shape != b.shape or (np.isnan(a) != np.isnan(b)).any():
                return float("inf")
            if a.size and not np.isnan(a).all():
                worst = max(worst, float(np.nanmax(np.abs(a - b) / np.maximum(np.abs(b), 1e-12))))
    return worst
