"""Logs of other suites: numbers worked by hand, what logs may lack, what they claim, and the board made of them."""

import copy
import math

import pytest

from benchmark.leaderboard import build as leaderboard
from benchmark.records.importers import report_lines
from benchmark.records.importers.measure import NO_ROWS, NO_TOKENS
from benchmark.records.recompute import recompute
from benchmark.records.record import load_record, record_path, scores_path
from benchmark.records.score_files import load_scores
from tests.records.importers.logs import (
    EXPECTED,
    FILES,
    LN2,
    LN4,
    MAKE,
    SUMMARY,
    TABLE,
    do,
    open_unlearning,
    retrained_table,
    tofu,
)

CASES = {"as written": str, "lower": str.lower, "upper": str.upper, "RA": lambda n: n.replace("ra_", "RA_", 1)}
SECOND = LN4 - LN2 / 2  # nats per token of the real authors' gold answer, scored once more


def second_scoring():
    """TOFU's log, in which another batch gave the real authors' gold answer another loss."""
    data = tofu()
    data[FILES["real_authors"]]["avg_paraphrased_loss"] = {"0": SECOND}
    return data


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("format", MAKE)
def test_every_metric_is_computed_anew(tmp_path, format, case):
    data, other = MAKE[format](), MAKE[format](retrained_table())
    if format != "tofu":
        data = {CASES[case](name): value for name, value in data.items()}
    record = do(tmp_path, data, other, format)
    assert {name: record.value(name) for name in EXPECTED} == pytest.approx(EXPECTED, rel=1e-6)
    assert record.source == "imported" and record.status == "ok" and record.partial
    assert (record.method, record.split, record.board) == ("npo", "forget10", "board")
    assert len(record.provenance["file"]["sha256"]) == 64
    stored = load_record(record_path(tmp_path / "board", "npo", record.key))
    assert stored.model_dump() == record.model_dump()  # all but the checksum


def test_rows_are_ordered_by_number_not_as_text(tmp_path):
    table = copy.deepcopy(TABLE)
    table["retain"] = [(float(i), 1.0, [1.0] * 5, 1, f"q{i}", "x", f"gold {i}") for i in range(12)]
    data = tofu(table)
    for part in data.values():  # "0", "1", "10", "11", "2", ...
        for field in part:
            part[field] = dict(sorted(part[field].items()))
    record = do(tmp_path, data)
    rows = load_scores(scores_path(record_path(tmp_path / "board", "npo", record.key)))["retain"]
    assert rows.gold == [f"gold {i}" for i in range(12)]
    assert rows.answer_nll().tolist() == list(range(12))


def test_token_level_metrics_are_undefined_and_never_computed_from_copies(tmp_path):
    record = do(tmp_path, tofu(), tofu(retrained_table()))
    for name, value in record.metrics.items():
        if any(word in name for word in ("extraction_strength", "exact_memorization", "min_k")):
            assert value["value"] is None and value["undefined"] == {NO_TOKENS: 1}
    answers = load_scores(scores_path(record_path(tmp_path / "board", "npo", record.key)))["forget"].answers
    assert [len(a.logprobs) for a in answers] == [4, 3, 2] and not any(len(a.is_greedy) for a in answers)


def test_what_the_file_claims_is_kept_beside_and_differences_are_said(tmp_path):
    record = do(tmp_path, open_unlearning(), open_unlearning(retrained_table()), "open-unlearning")
    assert record.reported["model_utility"] == 0.9 and record.reported["privleak"] == -12.5
    assert record.reported["forget_truth_ratio"] == EXPECTED["forget_truth_ratio"]
    assert record.reported["forget_extraction_strength"] == 0.25
    differences = record.provenance["differences"]
    assert differences["model_utility"] == [0.9, pytest.approx(EXPECTED["model_utility"])]
    assert "forget_truth_ratio" not in differences and "forget_quality" not in differences
    assert any(line.startswith("differs: model_utility: reported 0.9,") for line in report_lines(record))


def test_tofus_second_scoring_of_gold_answers_is_kept(tmp_path):
    record = do(tmp_path, second_scoring())
    sets = load_scores(scores_path(record_path(tmp_path / "board", "npo", record.key))).sets
    assert sets["real_authors"].answer_nll().tolist() == pytest.approx([LN2])
    assert sets["real_authors"].paraphrase_nll().tolist() == pytest.approx([SECOND])
    assert record.value("real_authors_probability") == pytest.approx(EXPECTED["real_authors_probability"])


def test_tofu_rouge_is_reported_and_computed(tmp_path):
    record = do(tmp_path, tofu())
    assert record.reported["retain_rouge"] == record.value("retain_rouge") == 0.75
    assert record.reported["retain_rouge1_recall"] == 0.5
    assert record.value("forget_quality") is None


@pytest.mark.parametrize(
    ("missing", "undefined", "reason"),
    [
        ("forget_Q_A_Prob", ["forget_probability"], "the log has no forget_Q_A_Prob"),
        ("forget_Q_A_PARA_Prob", ["forget_truth_ratio", "forget_quality", "ks_statistic"], "no forget_Q_A_PARA_Prob"),
        ("forget_Q_A_PERT_Prob", ["forget_truth_ratio", "forget_quality", "ks_statistic"], "no forget_Q_A_PERT_Prob"),
        ("ra_Q_A_ROUGE", ["real_authors_rouge", "model_utility"], "the log has no ra_Q_A_ROUGE"),
        ("wf_Q_A_PERT_Prob", ["world_facts_probability", "world_facts_truth_ratio"], "no wf_Q_A_PERT_Prob"),
    ],
)
def test_a_part_that_is_missing_leaves_its_metrics_undefined(tmp_path, missing, undefined, reason):
    data = open_unlearning()
    del data[missing]
    record = do(tmp_path, data, open_unlearning(retrained_table()), "open-unlearning")
    for name, expected in EXPECTED.items():
        if name in undefined:
            assert record.value(name) is None and reason in str(record.metrics[name]["undefined"])
        elif name != "model_utility":
            assert record.value(name) == pytest.approx(expected, rel=1e-6), name


def test_a_whole_set_that_is_missing(tmp_path):
    data = {name: value for name, value in open_unlearning().items() if not name.startswith("ra_")}
    record = do(tmp_path, data, open_unlearning(retrained_table()), "open-unlearning")
    assert "the log has no ra_Q_A_Prob" in record.metrics["real_authors_probability"]["undefined"]
    assert record.value("forget_quality") == pytest.approx(0.1)


def test_rouge_without_texts_is_reported_only(tmp_path):
    data = open_unlearning()
    for row in data["forget_Q_A_ROUGE"]["value_by_index"].values():
        del row["generation"]
    record = do(tmp_path, data, open_unlearning(retrained_table()), "open-unlearning")
    assert record.value("forget_rouge") is None and record.reported["forget_rouge"] == 0.5
    assert "not the texts" in str(record.metrics["forget_rouge"]["undefined"])
    assert record.value("forget_quality") == pytest.approx(0.1)  # rows then match by their number


@pytest.mark.parametrize("missing", [{"ROUGE"}, {"ROUGE", "Prob", "retain", "ra", "wf"}])
def test_the_retrained_log_needs_no_more_than_the_truth_ratio_reads(tmp_path, missing):
    keep = {"forget_Q_A_PARA_Prob", "forget_Q_A_PERT_Prob"}
    other = {
        n: v for n, v in open_unlearning(retrained_table()).items() if n in keep or not missing & set(n.split("_"))
    }
    record = do(tmp_path, open_unlearning(), other, "open-unlearning")
    assert record.value("forget_quality") == pytest.approx(0.1)
    update = next(u for u in recompute(tmp_path / "board", ["forget_quality"]) if u.label.startswith("npo"))
    assert update.same == ["forget_quality"]


def test_the_same_rows_with_another_prompt_are_compared_and_noted(tmp_path):
    table = retrained_table()
    table["forget"][1] = (*table["forget"][1][:4], "Today is Sunday. Where?", *table["forget"][1][5:])
    record = do(tmp_path, tofu(), tofu(table))
    assert record.value("forget_quality") == pytest.approx(0.1)
    assert any("other prompts" in line for line in report_lines(record))
    assert not any("other prompts" in line for line in report_lines(do(tmp_path, tofu(), tofu(retrained_table()))))
    assert all(not update.differs and not update.skipped for update in recompute(tmp_path / "board"))


def test_a_difference_that_a_replica_explains_is_said(tmp_path):
    table = copy.deepcopy(TABLE)
    # Collapsed, R = 2 in truth. P_wrong / (P_correct + 1e-10) = 8.5e-18 / 1e-10, so that the epsilon decides.
    table["forget"] = [(1.0, 40.0, [40.0 - LN2] * 5, *row[3:]) for row in table["forget"]]
    data = open_unlearning(table)
    data["forget_truth_ratio"]["agg_value"] = 2 * math.exp(-40) / 1e-10
    record = do(tmp_path, data, open_unlearning(retrained_table()), "open-unlearning")
    assert record.value("forget_truth_ratio") == pytest.approx(1 / 2, rel=1e-5)
    line = next(line for line in report_lines(record) if line.startswith("differs: forget_truth_ratio:"))
    assert line.endswith("forget_truth_ratio_openunlearning gives the reported value")


def test_undefined_rows_are_counted(tmp_path):
    data = open_unlearning()
    data["forget_Q_A_Prob"]["value_by_index"]["1"] = None  # a row that could not be evaluated
    data["forget_Q_A_PERT_Prob"]["value_by_index"]["1"] = {"prob": [None] * 5, "avg_loss": [float("nan")] * 5}
    record = do(tmp_path, data, None, "open-unlearning")
    assert record.value("forget_probability") == pytest.approx(3 / 4)
    assert sum(record.metrics["forget_probability"]["undefined"].values()) == 1
    assert record.metrics["forget_truth_ratio"]["n"] == 2


def test_a_summary_has_claims_only(tmp_path):
    record = do(tmp_path, SUMMARY, None, "open-unlearning", method="simnpo")
    assert record.reported["forget_quality"] == 0.02 and record.reported["forget_probability"] == 0.11
    assert all(m["value"] is None and m["undefined"] == {NO_ROWS: 1} for m in record.metrics.values())
    assert not scores_path(record_path(tmp_path / "board", "simnpo", record.key)).exists()
    assert "summary" in recompute(tmp_path / "board")[0].skipped
    (row,) = leaderboard.build(tmp_path / "board").rows
    assert (row.method, row.source) == ("simnpo", "imported")
