"""The speed command: both ways find the same, and its table holds what it measured."""

import json
from pathlib import Path

import pytest

from benchmark.data.types import Example
from benchmark.speed import ceilings
from benchmark.speed.compare import PHASES, compare, relative
from benchmark.speed.plain import generate_plainly, score_answers_plainly
from benchmark.speed.report import as_json, markdown
from benchmark.speed.steps import step_seconds
from benchmark.speed.watch import TimedPromptTokenizer
from tests.evaluation.cases import PAIRS, row_by_row
from tests.model_fixtures import ARCHITECTURES, tiny_model

NAMES = ("Ana", "Leo", "Mira", "Rua")
ROWS = [
    Example(
        f"Who is {n}?", f"{n} is a cook.", f"{n} cooks.", perturbed_answers=(f"{n} is a smith.", "A glazier."), author=i
    )
    for i, n in enumerate(NAMES)
]
SETS = {"forget": ROWS, "retain": ROWS[1:3], "holdout": [Example("Who is Pia?", "A cook.", author=9)]}


def timed(architecture):
    model, prompt_tokenizer = tiny_model(architecture)
    return model, TimedPromptTokenizer(prompt_tokenizer.tokenizer, prompt_tokenizer.template)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_both_ways_find_the_same(architecture):
    model, prompt_tokenizer = timed(architecture)
    comparison = compare(model, prompt_tokenizer, SETS, 6, "cpu")
    assert comparison.metrics_compared > 5 and comparison.metric_difference < 1e-5
    assert comparison.answer_difference < 1e-5 and (comparison.texts, comparison.texts_that_differ) == (6, 0)
    for costs in (comparison.plain, comparison.ours):
        assert set(costs) == set(PHASES) and all(cost.seconds > 0 for cost in costs.values())
        assert costs["teacher forcing"].positions > costs["teacher forcing"].padding > 0
    assert comparison.ours["teacher forcing"].projections < comparison.plain["teacher forcing"].projections
    assert not model._forward_pre_hooks and not model.get_output_embeddings()._forward_hooks


def test_the_plain_way_is_right():
    """Against one row at a time, so that the baseline is a reference and not only a foil."""
    model, prompt_tokenizer = tiny_model("llama")
    for (question, answer), scores in zip(
        PAIRS, score_answers_plainly(model, prompt_tokenizer, PAIRS, "cpu", "mean and std"), strict=True
    ):
        expected = row_by_row(model, prompt_tokenizer, question, answer)
        assert scores.logprobs == pytest.approx(expected["logprobs"].numpy(), rel=1e-5, abs=1e-6)
        assert scores.logprob_std == pytest.approx(expected["std"].numpy(), rel=1e-4)
    is_greedy = score_answers_plainly(model, prompt_tokenizer, PAIRS, "cpu", "is_greedy")
    assert [h.is_greedy.tolist() for h in is_greedy] == [
        row_by_row(model, prompt_tokenizer, *p)["is_greedy"].tolist() for p in PAIRS
    ]


def _texts(model, prompt_tokenizer):
    return generate_plainly(
        model, prompt_tokenizer, [r.question for name in ("forget", "retain") for r in SETS[name]], 6, "cpu"
    )


def test_a_difference_is_seen(monkeypatch):
    from benchmark.speed import compare as module

    model, prompt_tokenizer = timed("llama")
    monkeypatch.setattr(
        module,
        "texts_plainly",
        lambda m, e, sets, *rest: {n: ["?"] * len(r) for n, r in sets.items() if n != "holdout"},
    )
    comparison = compare(model, prompt_tokenizer, SETS, 6, "cpu")
    assert (
        comparison.texts_that_differ
        == comparison.texts - sum(text == "?" for text in _texts(model, prompt_tokenizer))
        > 0
    )
    assert (
        relative(None, 1.0) == float("inf") and relative(0.0, 0.0) == 0.0 and relative(1.1, 1.0) == pytest.approx(0.1)
    )


def test_report_and_steps():
    model, prompt_tokenizer = timed("llama")
    comparison = compare(model, prompt_tokenizer, SETS, 2, "cpu")
    seconds = step_seconds(model, prompt_tokenizer, ROWS * 16, "cpu")
    assert set(seconds) == {"plain", "ours"} and all(s > 0 for s in seconds.values())
    text = markdown("a model", comparison, seconds)
    if Path("/proc/self/clear_refs").exists():
        assert comparison.memory >= 1 and comparison.batch >= 0
        assert (
            "peak / (weights + one batch) = " in text and as_json("", comparison, None)["memory"] == comparison.memory
        )
    assert "| **evaluation** |" in text and "one training step" in text and "0 of 6 generated texts differ" in text
    assert json.loads(json.dumps(as_json("a model", comparison, None)))["ours"]["generation"]["seconds"] > 0


def test_command(tmp_path, monkeypatch):
    from typer import Typer
    from typer.testing import CliRunner

    from benchmark.speed.__main__ import main

    monkeypatch.setitem(ceilings.SECONDS, "cpu", 1e-3)
    app = Typer()
    app.command()(main)
    out = tmp_path / "speed.json"
    options = "--vocabulary 400 --limit 3 --train-steps 1 --max-new-tokens 4 --no-steps --device cpu".split()
    result = CliRunner().invoke(app, [*options, "--out", str(out)])
    assert result.exit_code == 0, result.output
    written = json.loads(out.read_text())
    assert written["texts_that_differ"] == 0 and written["metric_difference"] < 1e-5
    assert written["ratio"] > 0
    assert written["ceilings"]["matmul"] > 0 and written["shares"]["ours"]["generation"]["bandwidth"] > 0
