"""Claimed, reproduced or wrong: numbers that were typed in are caught, and what scores cannot tell is the record's word."""

import json

import pytest

import metrics
from benchmark.common.errors import UserError
from benchmark.common.files import write_json
from benchmark.records.checksum import with_checksum
from benchmark.records.comparison import compare_records
from benchmark.records.record import Record, load_records, record_path, save_record, scores_path
from benchmark.records.reproduction import FILE, NO_COMPARISON, ROWS, UNPUBLISHED, check, read_claims, reproduce
from tests.metrics.factory import forget_scores

OWN = ("probability", "truth_ratio")


def a_record(method, seed=0, nll=(0.0, 0.5, 1.0, 1.5)):
    scores = forget_scores(list(nll))
    measured = {column: m.to_json() for column, m in metrics.measure_all(scores, names=OWN).items()}
    role = "method" if method == "npo" else "model"
    record = Record(key=f"{method}-{seed}", board="b", method=method, split="forget10", seed=seed, status="ok", role=role,
                    metrics=measured, dataset={"identity": "d"})  # fmt: skip
    return record, scores


@pytest.fixture
def board(tmp_path):
    """A method, compared with a fine-tuned and three retrained models."""
    runs = [a_record("npo", nll=(0.25, 0.5, 1.125, 1.5)), a_record("finetuned")]
    for record, scores in [*runs, *(a_record("retrained", k, (1.0, 1.125, 1.25 + k, 1.375)) for k in range(3))]:
        save_record(tmp_path, record, scores)
    assert compare_records(tmp_path) == 5
    return tmp_path


def change(board, name, edit):
    path = record_path(board, name.split("-")[0], name)
    data = json.loads(path.read_text())
    edit(data)
    write_json(path, with_checksum(data))


def test_what_the_scores_give_again_is_reproduced(board):
    own = check(board)["npo", "npo-0"]
    assert {"distance", "forget_probability", ROWS} <= set(own.reproduced) and not own.wrong and not own.claimed


@pytest.mark.parametrize(
    ("edit", "line"),
    [
        (lambda d: d["metrics"]["distance"].update(value=1.5), "npo forget10 seed 0: distance is 1.5; its scores give "),
        (lambda d: d["metrics"]["forget_probability"].update(low=0.01), "forget_probability's low is 0.01; "),
        (lambda d: d["metrics"]["distance"].update(value=None), "distance is None; its scores give "),
        (lambda d: d["metrics"]["forget_truth_ratio"]["extra"].update(standard_error=0.001), "'s standard_error is 0.001; "),
        (lambda d: d["forget_rows"]["truth_ratio"].__setitem__(0, 0.0), "forget_rows: truth_ratio is not that of"),
    ],
)  # fmt: skip
def test_a_number_that_was_typed_in_is_wrong(board, edit, line):
    change(board, "npo-0", edit)
    with pytest.raises(UserError) as error:
        reproduce(board)
    assert "1 number in" in str(error.value) and line in str(error.value)
    assert not (board / FILE).exists()


def test_rounding_is_no_difference(board):
    change(
        board, "npo-0", lambda d: d["metrics"]["distance"].update(value=d["metrics"]["distance"]["value"] * (1 + 1e-9))
    )
    assert not check(board)["npo", "npo-0"].wrong


def test_what_cannot_be_told_is_claimed(board):
    scores_path(record_path(board, "finetuned", "finetuned-0")).unlink()
    change(board, "npo-0", lambda d: d["metrics"]["forget_truth_ratio"].update(version=0))
    change(board, "npo-0", lambda d: d["metrics"].update(mine={"value": 0.5}))
    change(board, "npo-0", lambda d: d["metrics"]["forget_probability"]["extra"].update(standard_error=0.1))
    known = check(board)
    assert set(known["finetuned", "finetuned-0"].claimed.values()) == {"it has no scores"}
    own = known["npo", "npo-0"]
    assert own.claimed["distance"] == NO_COMPARISON and own.claimed["mine"] == NO_COMPARISON
    assert own.claimed["forget_truth_ratio"] == "version 0 of its metric, not 1"
    assert own.claimed["forget_probability"] == "its standard_error is nothing that this version gives"
    assert "retain_probability" in own.reproduced and ROWS in own.reproduced and not own.wrong


def test_a_board_without_a_retrained_model_that_was_there_claims_what_was_compared(board):
    for path in (board / "records" / "retrained").glob("retrained-2.*"):
        path.unlink()
    own = check(board)["npo", "npo-0"]
    assert own.claimed["distance"] == NO_COMPARISON and not own.wrong


def test_the_file_holds_for_the_records_that_were_checked_only(board):
    records = load_records(board)
    assert read_claims(board, records) is None
    reproduce(board)
    assert read_claims(board, records)["npo", "npo-0"] == {}
    change(board, "npo-0", lambda d: d["metrics"]["distance"].update(value=1.0))
    claims = read_claims(board, [*records, a_record("new")[0]])
    assert claims["npo", "npo-0"]["distance"] == "its record was changed after it was checked"
    assert (
        claims["new", "new-0"]["forget_probability"] == "nobody has checked it"
        and claims["finetuned", "finetuned-0"] == {}
    )
    (board / FILE).write_text("[]")
    with pytest.raises(UserError, match="make it again"):
        read_claims(board, records)


def test_without_published_scores_everything_is_claimed_but_nothing_may_be_wrong(board):
    reproduce(board, scores=False)
    own = read_claims(board, load_records(board))["npo", "npo-0"]
    assert own["distance"] == UNPUBLISHED and own[ROWS] == UNPUBLISHED
    change(board, "npo-0", lambda d: d["metrics"]["distance"].update(value=1.5))
    with pytest.raises(UserError, match="not what the scores give"):
        reproduce(board, scores=False)
