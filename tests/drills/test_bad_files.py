"""Wrong files of a user's: methods, metrics, data sets, records. One clear line, exit code 2, nothing written or lost."""

from __future__ import annotations

import json
import re
import shutil

import pytest

from benchmark.common import source_files
from benchmark.data import fictitious
from benchmark.data.export import export
from benchmark.records.record import load_record, write_record
from tests.conftest import ROOT
from tests.drills import bad_files, bad_records

PUBLISHED = ROOT / "results" / "published" / "quick"


def write(path, content):
    if content is None:
        path.unlink(missing_ok=True)
        path.mkdir()
    else:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("generated") / "data"
    export(fictitious.load(authors=20, seed=3), folder)
    return folder


@pytest.fixture
def data(generated, tmp_path):
    return shutil.copytree(generated, tmp_path / "data")


@pytest.fixture
def board(tmp_path):
    """Two published records without their scores."""
    for method in ("finetuned", "npo"):
        (record,) = (PUBLISHED / "records" / method).glob("*.json")
        target = tmp_path / "board" / "records" / method / record.name
        target.parent.mkdir(parents=True)
        shutil.copyfile(record, target)
    return tmp_path / "board"


@pytest.mark.parametrize(("content", "message"), bad_files.METHODS)
@pytest.mark.parametrize("command", ["run --methods", "check"])
def test_method(command, content, message, refused, tmp_path, monkeypatch):
    if command == "check" and "reference row" in message:
        pytest.skip("a check makes no row")
    monkeypatch.setattr(source_files, "IMPORT_SECONDS", 2.0)
    write(tmp_path / "mine.py", content)
    refused([*command.split(), tmp_path / "mine.py"], message)


@pytest.mark.parametrize(("content", "message"), bad_files.METRICS)
def test_metric(content, message, refused, board, tmp_path):
    for record in board.glob("records/*/*.json"):
        scores = record.relative_to(board).with_suffix(".parquet")
        shutil.copyfile(PUBLISHED / scores, board / scores)
    write(tmp_path / "mine.py", content)
    refused(["metrics", board, "--metric", tmp_path / "mine.py"], message)


def refused_data(refused, data, tmp_path, message):
    (tmp_path / "model").mkdir()  # never reached
    refused(["score", tmp_path / "model", "--data", data, "--retrained", "none"], message.replace("{data}", str(data)))


@pytest.mark.parametrize(("field", "value", "message"), bad_files.ROWS)
def test_row_of_a_data_set(field, value, message, refused, data, tmp_path):
    path = data / "forget10_perturbed.json"
    first, *others = path.read_text().splitlines()
    path.write_text("\n".join([json.dumps(json.loads(first) | {field: value}), *others]))
    refused_data(refused, data, tmp_path, message)


@pytest.mark.parametrize(("part", "content", "message"), bad_files.PARTS)
def test_part_of_a_data_set(part, content, message, refused, data, tmp_path):
    is_copy = isinstance(content, str) and content.endswith(".json")
    write(data / part, (data / content).read_bytes() if is_copy else content)
    refused_data(refused, data, tmp_path, message)


@pytest.mark.parametrize(("content", "message"), bad_records.FILES)
@pytest.mark.parametrize("command", ["leaderboard", "claims", "publish"])
def test_file_of_a_record(command, content, message, refused, board):
    (path,) = board.glob("records/npo/*.json")
    write(path, content)
    refused([command, board], message)


def change(board, where, value):
    (path,) = board.glob("records/npo/*.json")
    record = json.loads(path.read_text())
    place, (*above, last) = record, where.split(".")
    for part in above:
        place = place[part]
    place[last] = value
    record.pop("checksum", None)  # somebody who means it, or an earlier version
    path.write_text(json.dumps(record))


@pytest.mark.parametrize(("where", "value", "message"), bad_records.VALUES)
def test_value_in_a_record(where, value, message, refused, board):
    change(board, where, value)
    refused(["leaderboard", board], message)


@pytest.mark.parametrize("command", ["leaderboard", "publish"])
def test_a_flipped_bit_in_a_number_of_a_record(command, refused, board):
    (path,) = board.glob("records/npo/*.json")
    write_record(path, load_record(path))
    text = path.read_text()
    number = re.search(r'"value": 0\.\d*(\d)', text)
    flipped = str(int(number[1]) ^ 1)
    path.write_text(text[: number.start(1)] + flipped + text[number.end(1) :])
    assert json.loads(path.read_text()) != json.loads(text)
    refused([command, board], "its content is not what its checksum was made of")


@pytest.mark.parametrize(("where", "value", "message"), bad_records.UNPUBLISHABLE)
def test_record_that_nobody_can_stand_for(where, value, message, refused, board):
    from benchmark.common.errors import UserError
    from benchmark.leaderboard.publish import publish

    if value is not None:
        change(board, where, value)
    with pytest.raises(UserError, match="cannot be published") as refusal:
        publish(board, "x", board.parent / "published")
    assert message in str(refusal.value) and not (board.parent / "published").exists()


def test_table_whose_place_is_taken_by_a_folder(refused, board):
    (board / "leaderboard.csv" / "mine").mkdir(parents=True)
    refused(["leaderboard", board], "leaderboard.csv")
