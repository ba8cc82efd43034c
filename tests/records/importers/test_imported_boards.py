"""Boards made of imported logs: what they need, who has a row, and what takes another's place."""

import pytest

from benchmark.common.errors import UserError
from benchmark.leaderboard import build as leaderboard
from benchmark.records.importers import import_log, report_lines
from benchmark.records.recompute import recompute
from benchmark.records.record import load_records
from metrics import load_metric
from tests.records.importers.logs import (
    EXPECTED,
    MAKE,
    TABLE,
    do,
    retrained_table,
    tofu,
    write,
)


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
