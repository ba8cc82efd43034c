"""Both ways on the same model and rows, and how far their results differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import nn

import metrics
from benchmark.data.types import Example
from benchmark.evaluation import evaluate
from benchmark.evaluation.scores import Scores
from benchmark.models import generation
from benchmark.speed.peak_memory import largest_batch
from benchmark.speed.plain import likelihoods_plainly, put_together, texts_plainly, torchs_own
from benchmark.speed.replaced import replaced
from benchmark.speed.watch import Cost, TimedPromptTokenizer, Watch
from benchmark.speed.work import Work

PHASES = ("tokenise", "teacher forcing", "generation", "metrics")


@dataclass
class Comparison:
    """Costs of both ways by phase, and the largest differences between their results."""

    plain: dict[str, Cost]
    ours: dict[str, Cost]
    metric: str  # the metric that differs most
    metric_difference: float  # relative
    answer_difference: float  # relative, of any answer's mean log-probability
    texts: int
    texts_that_differ: int
    metrics_compared: int
    weights: int  # bytes
    batch: int | None  # bytes of our largest teacher-forced batch by itself
    work: Work
    generation_without_graphs: float | None = None  # seconds that ours takes without them, on a GPU

    @property
    def memory(self) -> float | None:
        """Peak of our teacher-forced phase, in units of the weights and one batch; None where unknown."""
        peak = self.ours["teacher forcing"].bytes
        if peak is None or self.batch is None:
            return None
        peak = max(peak, self.batch)  # a few kilobytes may come from memory that the process has already
        return (self.weights + peak) / (self.weights + self.batch)

    @property
    def ratio(self) -> float:
        """Seconds of the plain way for each second of ours."""
        return total(self.plain) / total(self.ours)


def total(costs: Mapping[str, Cost]) -> float:
    """Seconds of all phases."""
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
    metrics.measure_all(_ours(Watch(model, prompt_tokenizer, device), few, 2)[0])
    with torchs_own(model):
        texts_plainly(model, prompt_tokenizer, few, 2, device)
        likelihoods_plainly(model, prompt_tokenizer, few, device)
    batch = largest_batch(lambda: _teacher_forcing(model, prompt_tokenizer, sets, device), device)
    mine = Watch(model, prompt_tokenizer, device)
    scores, measured = _ours(mine, sets, max_new_tokens)
    without = None
    if device != "cpu":
        slower = Watch(model, prompt_tokenizer, device)
        with replaced(generation, REPLAY=False):
            _ours(slower, sets, max_new_tokens)
        without = slower.costs["generation"].seconds
    theirs = Watch(model, prompt_tokenizer, device)
    with torchs_own(model), theirs.phase("teacher forcing"):
        scored = likelihoods_plainly(model, prompt_tokenizer, sets, device)
    with torchs_own(model), theirs.phase("generation"):
        texts = texts_plainly(model, prompt_tokenizer, sets, max_new_tokens, device)
    expected = put_together(sets, scored, texts)
    with theirs.phase("metrics"):
        reference = metrics.measure_all(expected)
    differences = {
        name: relative(measured[name].value, m.value) for name, m in reference.items() if m.value is not None
    }
    worst = max(differences, key=lambda name: differences[name], default="")
    pairs = [(a, b) for name in texts for a, b in zip(scores[name].generated, expected[name].generated, strict=True)]
    return Comparison(
        plain=theirs.costs,
        ours=mine.costs,
        metric=worst,
        metric_difference=differences.get(worst, 0.0),
        answer_difference=_answers_apart(scores, expected),
        texts=len(pairs),
        texts_that_differ=sum(a != b for a, b in pairs),
        metrics_compared=len(differences),
        weights=sum(p.numel() * p.element_size() for p in model.parameters()),
        batch=batch,
        work=Work.from_model(model),
        generation_without_graphs=without,
    )


def _ours(
    watch: Watch, sets: Mapping[str, Sequence[Example]], max_new_tokens: int
) -> tuple[Scores, dict[str, metrics.Measurement]]:
    """Our scores and their metrics; the watch has what each phase cost."""

    def phase(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*given: Any, **named: Any) -> Any:
            with watch.phase(name):
                return function(*given, **named)

        return watched

    with replaced(
        evaluate,
        encode_answers=phase("teacher forcing", evaluate.encode_answers),
        score_answers=phase("teacher forcing", evaluate.score_answers),
        generate=phase("generation", evaluate.generate),
    ):
        scores = evaluate.score_model(
            watch.model, watch.prompt_tokenizer, sets, max_new_tokens=max_new_tokens, device=watch.device
        )
    with watch.phase("metrics"):
        measured = metrics.measure_all(scores)
    return scores, measured


def _teacher_forcing(
    model: nn.Module, prompt_tokenizer: TimedPromptTokenizer, sets: Mapping[str, Sequence[Example]], device: str
) -> None:
    """Score the sets without generating a text."""

    def no_texts(model: nn.Module, prompt_tokenizer: Any, questions: Sequence[str], *given: Any, **named: Any) -> list:
        return [""] * len(questions)

    with replaced(evaluate, generate=no_texts):
        evaluate.score_model(model, prompt_tokenizer, sets, device=device)


def relative(ours: float | None, plain: float) -> float:
    """|ours - plain| / |plain|; 0 for two zeros, infinite where ours is undefined."""
    if ours is None:
        return float("inf")
    return 0.0 if ours == plain else abs(ours - plain) / max(abs(plain), 1e-12)


def _answers_apart(ours: Scores, expected: Scores) -> float:
    """Largest relative difference of any answer's mean log-probability; infinite where other answers were scored."""
    worst = 0.0
    for name in expected.sets:
        for likelihood in ("answer_nll", "paraphrase_nll", "wrong_nll"):
            a, b = (getattr(scores[name], likelihood)() for scores in (ours, expected))
            if a.shape != b.shape or (np.isnan(a) != np.isnan(b)).any():
                return float("inf")
            if a.size and not np.isnan(a).all():
                worst = max(worst, float(np.nanmax(np.abs(a - b) / np.maximum(np.abs(b), 1e-12))))
    return worst
