"""Damaged, mixed-up and foreign logs are refused with what was expected and what was found; nothing is written."""

import contextlib
import copy
import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.common.errors import UserError
from benchmark.records.importers import checks, import_log
from tests.records.importers.logs import SUMMARY, TABLE, open_unlearning, retrained_table, tofu, write

MAKE = {"tofu": tofu, "open-unlearning": open_unlearning, "summary": lambda: SUMMARY}
NONE = Path("none")


def refused(tmp_path, data, other=None, format="tofu", split="forget10") -> str:
    """The message with which the log is refused."""
    file = write(tmp_path / "npo" / "log.json", data)
    retrained = NONE if other is None else write(tmp_path / "ft" / "retrained.json", other)
    with pytest.raises(UserError) as error:
        import_log(file, retrained, format, tmp_path / "board", split=split)
    assert not list(tmp_path.glob("board/**/*.json"))
    return str(error.value)


def changed(make, *path, value=None):
    """A log with one value replaced, or removed."""
    data = make()
    inner = data
    for key in path[:-1]:
        inner = inner[key]
    if value is None:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return data


FORGET, WORLD = "eval_log_forget.json", "eval_real_world_wo_options.json"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (changed(tofu, FORGET), ["expected an eval_log_aggregated.json", "eval_log_forget.json is missing"]),
        (changed(tofu, FORGET, "avg_paraphrased_loss"), [FORGET, "without avg_paraphrased_loss"]),
        (changed(tofu, FORGET, "avg_gt_loss", "1"), ["expected rows 0 to 2 without a gap", "row 1 missing"]),
        (changed(tofu, FORGET, "avg_gt_loss", "2"), ["as many rows", "2 in eval_log_forget.json, avg_gt_loss", "3 in"]),
        (changed(tofu, FORGET, "avg_gt_loss", value={}), ["from row number to value", "an empty table"]),
        (changed(tofu, FORGET, "avg_gt_loss", "x", value=1.0), ["row numbers as keys", "'x'"]),
        (changed(tofu, FORGET, "avg_gt_loss", "01", value=1.0), ["row numbers as keys", "'01'"]),
        (changed(tofu, FORGET, "avg_gt_loss", "0", value="a"), ["avg_gt_loss, row 0", "expected a number", '"a"']),
        (changed(tofu, FORGET, "avg_gt_loss", "0", value=True), ["expected a number", "true"]),
        (changed(tofu, FORGET, "avg_gt_loss", "0", value=10**400), ["expected a number", "bits"]),
        (changed(tofu, FORGET, "average_perturb_loss", "1", value=[1.0]), ["a list of 5 numbers", "a list of 1"]),
        (changed(tofu, WORLD, "average_perturb_loss", "0", value=[1.0] * 5), ["a list of 3 numbers", "a list of 5"]),
        (changed(tofu, FORGET, "num_token_gt", "0", value=2.5), ["a number of tokens", "2.5"]),
        (changed(tofu, FORGET, "generated_text", "0", value=["a", "b"]), ["three texts", "a list of 2"]),
        (open_unlearning(), ["--format open-unlearning"]),
        (SUMMARY, ["expected an eval_log_aggregated.json", "forget_quality"]),
        (tofu()[FORGET], ["give the aggregated file"]),
        ([1, 2], ["expected an eval_log_aggregated.json", "a list of 2"]),
        ({}, ["an empty table"]),
    ],
)
def test_tofu_logs(tmp_path, data, words):
    message = refused(tmp_path, data)
    assert all(word in message for word in ["log.json", "expected", "found", *words]), message


NAME = "forget_Q_A_Prob"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (changed(open_unlearning, NAME, "value_by_index", "0"), ["without a gap", "row 0 missing"]),
        (changed(open_unlearning, NAME, "value_by_index", "2"), ["as many rows", "2 in forget_Q_A_Prob"]),
        (changed(open_unlearning, NAME, "value_by_index", "1", value=0.5), ["expected a table such as", "0.5"]),
        (changed(open_unlearning, NAME, "value_by_index", "1", value={"score": 1.0}), ["prob and avg_loss", "score"]),
        (changed(open_unlearning, NAME, "value_by_index", "1", "prob", value=0.9), ["0.25", "0.9", "mixed-up rows"]),
        (changed(open_unlearning, NAME, value=0.5), ["log and summary were mixed up"]),
        (changed(open_unlearning, NAME.upper(), value={"agg_value": 1.0}), ["every metric once", NAME.upper()]),
        (
            changed(open_unlearning, "forget_Q_A_PERT_Prob", "value_by_index", "1", "avg_loss", value=[1.0]),
            ["a list of 5"],
        ),
        (
            changed(open_unlearning, "ra_Q_A_PERT_Prob", value=open_unlearning()["forget_Q_A_PERT_Prob"]),
            ["a list of 3"],
        ),
        (tofu(), ["--format tofu"]),
        ({"accuracy": 0.5}, ["forget_quality", "accuracy"]),
        ({"model_utility": "high"}, ["expected a number", "high"]),
        ({"model_utility": {"agg_value": 0.5}}, ["value_by_index"]),
        ([], ["a list of 0"]),
    ],
)
def test_open_unlearning_logs(tmp_path, data, words):
    message = refused(tmp_path, data, format="open-unlearning")
    assert all(word in message for word in ["log.json", "expected", "found", *words]), message


def test_retrained_logs_of_other_rows(tmp_path):
    short = {**TABLE, "forget": TABLE["forget"][:2]}
    assert "expected the same forget rows" in refused(tmp_path, tofu(), tofu(short))
    table = retrained_table()
    table["forget"][1] = (*table["forget"][1][:6], "another answer")
    assert "another answer" in refused(tmp_path, tofu(), tofu(table))
    assert "the same contents" in refused(tmp_path, tofu(), tofu())


def test_parts_that_changed_places_against_the_retrained_log(tmp_path):
    table = copy.deepcopy(TABLE)
    table["retain"] = [(*row[:6], f"retain {i}") for i, row in enumerate([*table["retain"], table["retain"][0]])]
    swapped = table | {"forget": table["retain"], "retain": table["forget"]}
    assert "changed places" in refused(tmp_path, tofu(swapped), tofu(retrained_table() | {"retain": table["retain"]}))


def test_tofus_own_rows_tell_swapped_parts_and_other_splits(tmp_path, monkeypatch):
    def first(name: str) -> str:
        return hashlib.sha256(TABLE[name][0][-1].encode()).hexdigest()[:16]

    monkeypatch.setattr(checks, "FIRST_ANSWER", {first("forget"): "forget10", first("retain"): "retain"})
    assert "found TOFU's forget10 rows; give --split forget10" in refused(tmp_path, tofu(), split="forget05")
    swapped = TABLE | {"forget": TABLE["retain"], "retain": TABLE["forget"]}
    assert "changed places" in refused(tmp_path, tofu(swapped))
    both = TABLE | {"retain": TABLE["forget"]}
    assert "changed places" in refused(tmp_path, tofu(both))


def test_first_answers_are_tofus(tofu):
    for digest, name in checks.FIRST_ANSWER.items():
        first = json.loads((tofu / f"{name}_perturbed.json").read_text(encoding="utf-8").splitlines()[0])
        assert hashlib.sha256(first["answer"].strip().encode()).hexdigest()[:16] == digest


def test_more_rows_than_the_split_has(tmp_path):
    large = TABLE | {"forget": TABLE["forget"] * 14}
    assert "at most 40 forget rows for forget01, found 42" in refused(tmp_path, tofu(large), split="forget01")


def test_the_retrained_log_is_asked_for(tmp_path):
    file = write(tmp_path / "log.json", tofu())
    with pytest.raises(UserError, match=r"--retrained FILE2.*--retrained none"):
        import_log(file, None, "tofu", tmp_path / "board", split="forget10")
    summary = write(tmp_path / "summary.json", SUMMARY)
    evaluation = write(tmp_path / "eval.json", open_unlearning())
    with pytest.raises(UserError, match="found only a summary"):
        import_log(evaluation, summary, "open-unlearning", tmp_path / "board", split="forget10")
    lacking = write(tmp_path / "lacking.json", changed(open_unlearning, "forget_Q_A_PERT_Prob"))
    with pytest.raises(UserError, match="the log has no forget_Q_A_PERT_Prob"):
        import_log(evaluation, lacking, "open-unlearning", tmp_path / "board", split="forget10")


def test_options_that_do_not_exist(tmp_path):
    file = write(tmp_path / "log.json", tofu())
    for options, words in [
        ({"format": "tofo", "split": "forget10"}, "did you mean 'tofu'"),
        ({"format": "tofu", "split": "forget11"}, "did you mean 'forget1"),
        ({"format": "tofu", "split": None}, "cannot tell the split .3 forget rows"),
    ]:
        with pytest.raises(UserError, match=words):
            import_log(file, NONE, out=tmp_path / "board", **options)
    with pytest.raises(UserError, match="cannot read"):
        import_log(tmp_path / "gone.json", NONE, "tofu", tmp_path / "board")


def test_a_key_that_is_there_twice(tmp_path):
    text = json.dumps(tofu()).replace('"avg_gt_loss": {', '"avg_gt_loss": {"0": 1.0, ', 1)
    file = tmp_path / "log.json"
    file.write_text(text)
    with pytest.raises(UserError, match="found '0' twice"):
        import_log(file, NONE, "tofu", tmp_path / "board", split="forget10")


@pytest.mark.parametrize("format", MAKE)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_truncated_file_is_always_refused(format, data, tmp_path_factory):
    text = json.dumps(MAKE[format]())
    file = tmp_path_factory.mktemp("cut") / "log.json"
    file.write_bytes(text.encode()[: data.draw(st.integers(0, len(text) - 1))])
    with pytest.raises(UserError, match="cut short"):
        import_log(file, NONE, format.replace("summary", "open-unlearning"), file.parent / "board", split="forget10")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from("01a"), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("format", MAKE)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_value_of_any_other_kind_is_read_or_refused(format, data, tmp_path_factory):
    """Anywhere in the file: never another error than UserError."""
    log = MAKE[format]()
    inner = log = copy.deepcopy(log)
    for depth in range(data.draw(st.integers(1, 5))):
        key = data.draw(st.sampled_from(sorted(inner)))
        if not isinstance(inner[key], dict) or not inner[key] or depth == 4:
            break
        parent, last, inner = inner, key, inner[key]
    else:
        inner, key = parent, last
    inner[key] = data.draw(JSON)
    file = write(tmp_path_factory.mktemp("odd") / "log.json", log)
    with contextlib.suppress(UserError):
        import_log(file, NONE, format.replace("summary", "open-unlearning"), file.parent / "board", split="forget10")
