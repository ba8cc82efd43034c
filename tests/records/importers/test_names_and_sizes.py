"""What an imported row is called, which split it is of, and whether it is whole."""

import json

import pytest

from benchmark.common.errors import UserError
from benchmark.records.importers import import_log, report_lines
from benchmark.records.record import record_path, scores_path
from benchmark.records.score_files import load_scores
from tests.records.importers.logs import (
    FILES,
    NONE,
    TABLE,
    do,
    open_unlearning,
    tofu,
    write,
)


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
