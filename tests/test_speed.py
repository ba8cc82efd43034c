"""The speed command: both ways find the same, and its table holds what it measured."""

import json
from pathlib import Path

import pytest

from benchmark.corpora.types import Row
from benchmark.speed import ceilings
from benchmark.speed.compare import PHASES, compare, relative
from benchmark.speed.plain import generate_plainly, score_answers_plainly
from benchmark.speed.report import as_json, markdown
from benchmark.speed.steps import step_seconds
from benchmark.speed.watch import TimedEncoder
from tests.model_fixtures import ARCHITECTURES, tiny_model
from tests.test_scoring import PAIRS, row_by_row

NAMES = ("Ana", "Leo", "Mira", "Rua")
ROWS = [
    Row(
        f"Who is {n}?", f"{n} is a cook.", f"{n} cooks.", perturbed_answers=(f"{n} is a smith.", "A glazier."), author=i
    )
    for i, n in enumerate(NAMES)
]
SETS = {"forget": ROWS, "retain": ROWS[1:3], "holdout": [Row("Who is Pia?", "A cook.", author=9)]}


def timed(architecture):
    model, encoder = tiny_model(architecture)
    return model, TimedEncoder(encoder.tokenizer, encoder.template)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_both_ways_find_the_same(architecture):
    model, encoder = timed(architecture)
    found = compare(model, encoder, SETS, 6, "cpu")
    assert found.metrics_compared > 5 and found.metric_difference < 1e-5
    assert found.answer_difference < 1e-5 and (found.texts, found.texts_that_differ) == (6, 0)
    for costs in (found.plain, found.ours):
        assert set(costs) == set(PHASES) and all(cost.seconds > 0 for cost in costs.values())
        assert costs["teacher forcing"].positions > costs["teacher forcing"].padding > 0
    assert found.ours["teacher forcing"].projections < found.plain["teacher forcing"].projections
    assert not model._forward_pre_hooks and not model.get_output_embeddings()._forward_hooks


def test_the_plain_way_is_right():
    """Against one row at a time, so that the baseline is a reference and not only a foil."""
    model, encoder = tiny_model("llama")
    for (question, answer), found in zip(
        PAIRS, score_answers_plainly(model, encoder, PAIRS, "cpu", "moments"), strict=True
    ):
        expected = row_by_row(model, encoder, question, answer)
        assert found.logprobs == pytest.approx(expected["logprobs"].numpy(), rel=1e-5, abs=1e-6)
        assert found.std == pytest.approx(expected["std"].numpy(), rel=1e-4)
    hits = score_answers_plainly(model, encoder, PAIRS, "cpu", "hits")
    assert [h.hits.tolist() for h in hits] == [row_by_row(model, encoder, *p)["hits"].tolist() for p in PAIRS]


def _texts(model, encoder):
    return generate_plainly(model, encoder, [r.question for name in ("forget", "retain") for r in SETS[name]], 6, "cpu")


def test_a_difference_is_seen(monkeypatch):
    from benchmark.speed import compare as module

    model, encoder = timed("llama")
    monkeypatch.setattr(
        module,
        "texts_plainly",
        lambda m, e, sets, *rest: {n: ["?"] * len(r) for n, r in sets.items() if n != "holdout"},
    )
    found = compare(model, encoder, SETS, 6, "cpu")
    assert found.texts_that_differ == found.texts - sum(text == "?" for text in _texts(model, encoder)) > 0
    assert (
        relative(None, 1.0) == float("inf") and relative(0.0, 0.0) == 0.0 and relative(1.1, 1.0) == pytest.approx(0.1)
    )


def test_report_and_steps():
    model, encoder = timed("llama")
    found = compare(model, encoder, SETS, 2, "cpu")
    seconds = step_seconds(model, encoder, ROWS * 16, "cpu")
    assert set(seconds) == {"plain", "ours"} and all(s > 0 for s in seconds.values())
    text = markdown("a model", found, seconds)
    if Path("/proc/self/clear_refs").exists():
        assert found.memory >= 1 and found.batch >= 0
        assert "peak / (weights + one batch) = " in text and as_json("", found, None)["memory"] == found.memory
    assert "| **evaluation** |" in text and "one training step" in text and "0 of 6 generated texts differ" in text
    assert json.loads(json.dumps(as_json("a model", found, None)))["ours"]["generation"]["seconds"] > 0


def test_command(tmp_path, monkeypatch):
    from typer import Typer
    from typer.testing import CliRunner

    from benchmark.speed.__main__ import main

    monkeypatch.setitem(ceilings.SECONDS, "cpu", 1e-3)
    app = Typer()
    app.command()(main)
    out = tmp_path / "speed.json"
    options = [
        "--vocabulary",
        "400",
        "--limit",
        "3",
        "--train-steps",
        "1",
        "--max-new-tokens",
        "4",
        "--no-steps",
        "--device",
        "cpu",
    ]
    result = CliRunner().invoke(app, [*options, "--out", str(out)])
    assert result.exit_code == 0, result.output
    written = json.loads(out.read_text())
    assert written["texts_that_differ"] == 0 and written["metric_difference"] < 1e-5
    assert written["ratio"] > 0
    assert written["ceilings"]["matmul"] > 0 and written["shares"]["ours"]["generation"]["bandwidth"] > 0
