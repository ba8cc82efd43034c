"""A log beside our own numbers of the same model: made from the same rows, so that every difference has a known reason."""

import json
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

import metrics
from benchmark.cli.app import app
from benchmark.common.errors import UserError
from benchmark.evaluation.scores import AnswerScores, Scores
from benchmark.records.importers import beside_lines, import_log, load_ours
from benchmark.records.importers.beside import compare
from benchmark.records.record import record_path, scores_path
from benchmark.records.score_files import load_scores, save_scores
from tests.records.importers.logs import TABLE, open_unlearning, retrained_table, tofu, write


@pytest.fixture
def imported(tmp_path):
    """The record of OpenUnlearning's log, whose token-level numbers no row allows to compute again."""
    return do(tmp_path, open_unlearning() | {"mia_loss": {"agg_value": 0.75}})


def do(tmp_path, data, format="open-unlearning"):
    return import_log(
        write(tmp_path / "npo" / "log.json", data),
        write(tmp_path / "ft" / "retrained.json", {"open-unlearning": open_unlearning, "tofu": tofu}[format](retrained_table())),
        format, tmp_path / "board", split="forget10",
    )  # fmt: skip


def score_file(tmp_path, record, change=lambda scores: scores, **fields):
    """A FILE as ``score`` writes it, of the rows of an imported log with token scores made up to their losses."""
    scores = load_scores(scores_path(record_path(tmp_path / "board", record.method, record.key)))
    sets = {name: replace(rows, answers=[tokens(a) for a in rows.answers]) for name, rows in scores.sets.items()}
    scores = change(Scores(sets, {}))
    save_scores(scores, tmp_path / "mine.parquet")
    content = {
        "metrics": {column: m.to_json() for column, m in metrics.measure_all(scores).items()},
        "data": {"split": "forget10"},
        "scores": "mine.parquet",
    } | fields
    return write(tmp_path / "mine.json", content)


def tokens(answer):
    """Four tokens and an EOS of the answer's mean loss, the last word wrong."""
    zeros = np.zeros(5, np.float32)
    flags = np.array([True, True, True, False, True])
    return AnswerScores(np.full(5, -answer.nll, np.float32), flags, zeros, zeros + 1)


def louder(scores, by=1e-3):
    """The same model, every loss of a gold answer ``by`` nats per token higher."""

    def more(answer):
        return AnswerScores(answer.logprobs - np.float32(by), answer.is_greedy, answer.logprob_mean, answer.logprob_std)

    sets = {n: replace(rows, answers=[more(a) for a in rows.answers]) for n, rows in scores.sets.items()}
    return Scores(sets, scores.meta)


def by_column(record, file):
    return {pair.column: pair for pair in compare(record, load_ours(file))}


def test_equal_rows_and_formulas_are_equal(tmp_path, imported):
    pairs = by_column(imported, score_file(tmp_path, imported))
    for column in ("forget_truth_ratio", "retain_rouge", "world_facts_truth_ratio"):
        assert pairs[column].why == "equal" and pairs[column].log == pytest.approx(pairs[column].ours)


def test_only_what_both_have(tmp_path, imported):
    pairs = by_column(imported, score_file(tmp_path, imported))
    assert "privleak" not in pairs and "mia_loss" not in pairs  # ours has no held-out rows
    assert "forget_fact_recall" not in pairs and not any(column.endswith("_openunlearning") for column in pairs)
    assert not pairs["forget_truth_probability"].stated and pairs["forget_truth_ratio"].stated


def test_other_losses_are_told_from_another_formula(tmp_path, imported):
    pairs = by_column(imported, score_file(tmp_path, imported, louder))
    assert pairs["forget_probability"].reasons == ("formula", "losses")  # the log states 0.5 whatever its rows say
    assert pairs["real_authors_truth_ratio"].reasons == ("losses",)
    assert pairs["forget_truth_ratio"].why == "equal"  # it reads paraphrases, which are as they were


def test_a_formula_that_gives_the_logs_number_from_our_rows_is_named(tmp_path):
    data = open_unlearning()
    data["extraction_strength"]["agg_value"] = 0.25  # 1 / L, where even the last token is wrong
    pairs = by_column(record := do(tmp_path, data), score_file(tmp_path, record))
    assert pairs["forget_extraction_strength"].ours == 0
    assert pairs["forget_extraction_strength"].why == "formula (forget_extraction_strength_openunlearning)"


def test_a_claim_that_nothing_explains_names_what_may(tmp_path):
    record = do(tmp_path, open_unlearning() | {"exact_memorization": {"agg_value": 0.9}})
    assert by_column(record, score_file(tmp_path, record))["forget_exact_memorization"].reasons == ("tokens",)


def test_other_numbers_of_rows_are_a_reason(tmp_path, imported):
    def fewer(scores):
        return Scores(scores.sets | {"retain": scores["retain"].take(np.array([True, False]))}, {})

    assert "rows" in by_column(imported, score_file(tmp_path, imported, fewer))["retain_truth_ratio"].reasons


@pytest.mark.parametrize("format", ["open-unlearning", "tofu"])
def test_the_lines_are_a_table_its_legend_and_the_rows(tmp_path, format):
    record = do(tmp_path, {"open-unlearning": open_unlearning, "tofu": tofu}[format](), format)
    lines = beside_lines(record, tmp_path / "board", load_ours(score_file(tmp_path, record, louder)))
    assert lines[0].endswith("metrics that both have") and lines[1].split() == "metric log ours log - ours why".split()
    row = next(line for line in lines if line.startswith("real_authors_probability"))
    assert row.endswith("losses") and sum(line.startswith("losses: ") for line in lines) == 1
    assert "forget mean 0.001, at most 0.001 (n = 3)" in " ".join(lines)
    assert f"forget 0 of {len(TABLE['forget'])}" in lines[-1] and "greedy answers" in lines[-1]


def test_other_gold_answers_are_said(tmp_path, imported):
    def renamed(scores):
        return Scores(scores.sets | {"retain": replace(scores["retain"], gold=["x", "y"])}, {})

    lines = beside_lines(imported, tmp_path / "board", load_ours(score_file(tmp_path, imported, renamed)))
    assert "retain cannot be compared, since 2 of 2 gold answers are not the same" in lines[-1]


def test_a_boards_record_will_do(tmp_path, imported):
    path = record_path(tmp_path / "board", imported.method, imported.key)
    assert all(pair.why == "equal" for pair in compare(imported, load_ours(path)) if not pair.stated)


@pytest.mark.parametrize(
    ("content", "words"),
    [({"metrics": {}}, "expected the FILE of a `score`"), ([1], "expected the FILE"), ("gone", "mine.json")],
)
def test_files_of_something_else_are_refused(tmp_path, content, words):
    file = tmp_path / "mine.json" if content == "gone" else write(tmp_path / "mine.json", content)
    with pytest.raises(UserError, match=words):
        load_ours(file)


def test_another_split_is_refused(tmp_path, imported):
    with pytest.raises(UserError, match="is of forget05, the log of forget10"):
        compare(imported, load_ours(score_file(tmp_path, imported, data={"split": "forget05"})))


def test_the_command(tmp_path, imported):
    ours, log = score_file(tmp_path, imported), tmp_path / "npo" / "log.json"
    base = ["import", str(log), "--format", "open-unlearning", "--retrained", "none", "--split", "forget10"]
    result = CliRunner().invoke(app, [*base, "--out", str(tmp_path / "b"), "--beside", str(ours)])
    assert result.exit_code == 0 and "metrics that both have" in result.output
    ours.write_text(json.dumps({}))
    result = CliRunner().invoke(app, [*base, "--out", str(tmp_path / "c"), "--beside", str(ours)])
    assert result.exit_code == 2 and not (tmp_path / "c").exists()
