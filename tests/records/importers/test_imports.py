"""Logs of other suites: numbers worked by hand, what logs may lack, what they claim, and the board made of them."""

import copy
import json
import math
from pathlib import Path

import pytest

from benchmark.common.errors import UserError
from benchmark.leaderboard import build as leaderboard
from benchmark.records.importers import import_log, report_lines
from benchmark.records.importers.measure import NO_ROWS, NO_TOKENS
from benchmark.records.recompute import recompute
from benchmark.records.record import load_record, load_records, record_path, scores_path
from benchmark.records.score_files import load_scores
from metrics import load_metric
from tests.records.importers.logs import (
    EXPECTED,
    FILES,
    LN2,
    LN4,
    SUMMARY,
    TABLE,
    open_unlearning,
    retrained_table,
    tofu,
    write,
)

MAKE = {"tofu": tofu, "open-unlearning": open_unlearning}
CASES = {"as written": str, "lower": str.lower, "upper": str.upper, "RA": lambda n: n.replace("ra_", "RA_", 1)}
NONE = Path("none")
SECOND = LN4 - LN2 / 2  # nats per token of the real authors' gold answer, scored once more


def second_scoring():
    """TOFU's log, in which another batch gave the real authors' gold answer another loss."""
    data = tofu()
    data[FILES["real_authors"]]["avg_paraphrased_loss"] = {"0": SECOND}
    return data


def do(tmp_path, data, other=None, format="tofu", **options):
    """Import a log (written into the folder npo/evals); ``other`` is the retrained model's, None to do without."""
    file = write(tmp_path / "npo" / "evals" / "log.json", data)
    retrained = NONE if other is None else write(tmp_path / "ft" / "retrained.json", other)
    return import_log(file, retrained, format, tmp_path / "board", **({"split": "forget10"} | options))


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
    assert load_record(record_path(tmp_path / "board", "npo", record.key)) == record


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


@pytest.mark.parametrize("format", MAKE)
def test_the_board_and_its_metrics_need_nothing_else(tmp_path, format):
    make = MAKE[format]
    record = do(tmp_path, make(), make(retrained_table()), format)
    board = leaderboard.build(tmp_path / "board")
    leaderboard.write(tmp_path / "board", board)
    retrained, row = board.rows
    assert row.source == "imported" and row.value("forget_quality") == pytest.approx(0.1)
    assert retrained.role == "model" and retrained.value("forget_quality") is None
    assert retrained.value("model_utility") == pytest.approx(EXPECTED["model_utility"])
    assert "imported" in (tmp_path / "board" / "leaderboard.csv").read_text()
    updates = recompute(tmp_path / "board")
    assert [u.label for u in updates] == ["npo forget10 seed 0", "retrained forget10 seed 0"]
    for update in updates:
        assert len(update.same) == len(record.metrics) and not update.line().count("DIFFERS")


def test_a_fine_tuned_model_is_never_the_best_method(tmp_path):
    do(tmp_path, tofu(), tofu(retrained_table()), method="finetuned")
    board = leaderboard.build(tmp_path / "board")
    assert [row.method for row in board.rows] == ["finetuned", "retrained"]
    assert not any(row.is_best for row in board.rows) and {row.block for row in board.rows} == {"models"}


def test_several_retrained_logs_are_a_yardstick(tmp_path):
    tables = [retrained_table() for _ in range(3)]
    for number, table in enumerate(tables[1:], start=1):
        for i, row in enumerate(table["forget"]):
            table["forget"][i] = (row[0] + 0.1 * number * (-1) ** i, row[1] + 0.2 * number * (-1) ** i, *row[2:])
    logs = [write(tmp_path / f"ft{i}" / "log.json", tofu(table)) for i, table in enumerate(tables)]
    file = write(tmp_path / "npo" / "log.json", tofu())
    record = import_log(file, logs, "tofu", tmp_path / "board", split="forget10")
    assert record.metrics["distance"]["extra"]["models"] == 3 and record.value("distance") > 0
    assert record.value("p_retrained") is not None
    alone = import_log(file, logs[0], "tofu", tmp_path / "alone", split="forget10")
    assert record.value("forget_quality") == alone.value("forget_quality")  # TOFU's compares with the first
    assert "one retrained model" in alone.metrics["distance"]["undefined"] and record.key != alone.key
    (row,) = [row for row in leaderboard.build(tmp_path / "board").rows if row.name == "retrained"]
    assert row.seeds == (0, 1, 2)
    (update,) = [u for u in recompute(tmp_path / "board", ["distance"]) if u.label.startswith("npo")]
    assert update.same == list(load_metric("distance").columns())
    with pytest.raises(UserError, match="one log twice"):
        import_log(file, [logs[0], logs[0]], "tofu", tmp_path / "board", split="forget10")


def test_two_retrained_models_have_a_row_each(tmp_path):
    other = retrained_table()
    other["forget"][0] = (2.5, *other["forget"][0][1:])
    do(tmp_path, tofu(other), tofu(retrained_table()), method="retrained")
    rows = leaderboard.build(tmp_path / "board").rows
    assert [row.name for row in rows] == ["retrained", "retrained"]
    assert {row.value("forget_quality") for row in rows} == {None, 1.0}


def test_importing_again_replaces_nothing_and_adds_nothing(tmp_path):
    for _ in range(2):
        record = do(tmp_path, tofu(), tofu(retrained_table()))
    assert len(load_records(tmp_path / "board")) == 2
    assert not any("takes the place" in line for line in report_lines(record))


def test_another_log_in_the_place_of_one_is_said(tmp_path):
    do(tmp_path, tofu(), tofu(retrained_table()))
    record = do(tmp_path, tofu(TABLE | {"retain": TABLE["retain"][::-1]}), tofu(retrained_table()))
    (line,) = [line for line in report_lines(record) if "takes the place" in line]
    assert "npo forget10 seed 0 of npo" in line


def test_the_rows_name_comes_from_the_folder_or_the_option(tmp_path):
    assert do(tmp_path, tofu()).method == "npo"
    assert do(tmp_path, tofu(), method="../my method").method == "my_method"
    with pytest.raises(UserError, match="leaves no name"):
        do(tmp_path, tofu(), method="..")


@pytest.mark.parametrize(
    ("folder", "method"),
    [
        ("ft_epoch5_lr1e-05_llama2-7b_full_wd0.01/eval_results/ds_size300", "finetuned"),
        ("ft_epoch5_lr2e-05_phi_retain90_wd0/eval_results/ds_size300", "retrained"),
        ("tofu_Llama-3.2-1B-Instruct_full/evals_forget10", "finetuned"),
        ("tofu_Llama-3.2-1B-Instruct_retain90", "retrained"),
        ("tofu_Llama-3.2-1B-Instruct_forget10_NPO/evals", "tofu_Llama-3.2-1B-Instruct_forget10_NPO"),
        ("tofu_Llama-3.2-1B-Instruct_forget10_NPO_full/evals", "tofu_Llama-3.2-1B-Instruct_forget10_NPO_full"),
        ("npo_full/evals", "npo_full"),
    ],
)
def test_both_suites_names_of_models_are_told(tmp_path, folder, method):
    record = import_log(
        write(tmp_path / folder / "log.json", tofu()), NONE, "tofu", tmp_path / "board", split="forget10"
    )
    assert record.method == method
    assert record.provenance["file"]["folder"] == folder.split("/")[0]
    assert any("no ranked method" in line for line in report_lines(record)) == (method in ("finetuned", "retrained"))


def test_the_split_is_told_by_the_folder(tmp_path):
    file = write(tmp_path / "tofu_Llama_forget05_NPO" / "evals" / "log.json", tofu())
    record = import_log(file, NONE, "tofu", tmp_path / "board")
    assert (record.split, record.method) == ("forget05", "tofu_Llama_forget05_NPO")


def test_whole_logs_of_real_size_are_not_partial(tmp_path):
    sizes = {"forget": 40, "retain": 400, "real_authors": 100, "world_facts": 117}
    table = {name: (part * 400)[: sizes[name]] for name, part in TABLE.items()}
    record = do(tmp_path, tofu(table), split=None)
    assert (record.split, record.partial) == ("forget01", False)
    assert record.metrics["forget_probability"]["n"] == 40
    authors = load_scores(scores_path(record_path(tmp_path / "board", "npo", record.key)))["forget"].authors
    assert authors.tolist() == [0] * 20 + [1] * 20


def test_files_are_json_with_finite_numbers_only(tmp_path):
    data = open_unlearning()
    data["model_utility"]["agg_value"] = float("nan")
    record = do(tmp_path, data, None, "open-unlearning")
    assert record.reported["model_utility"] is None
    text = record_path(tmp_path / "board", "npo", record.key).read_text()
    assert "NaN" not in text and json.loads(text)["source"] == "imported"
    assert set(FILES.values()) == tofu().keys()
