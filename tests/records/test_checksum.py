import json

import pytest

from benchmark.common.errors import UserError
from benchmark.records.checksum import checksum, is_changed, with_checksum
from benchmark.records.record import Record, load_record, load_records, save_record, write_record
from tests.leaderboard.test_publish import make_record


def saved(folder):
    save_record(folder, make_record("npo", status="failed"), None)
    (path,) = folder.glob("records/npo/*.json")
    return path


def test_a_record_comes_back_as_it_was_and_its_checksum_is_no_part_of_it(tmp_path):
    path = saved(tmp_path)
    first = path.read_bytes()
    record = load_record(path)
    assert len(record.checksum) == 64 and "checksum" not in record.model_dump()
    write_record(path, record)
    assert path.read_bytes() == first


def test_every_changed_digit_is_seen_and_other_spaces_are_not(tmp_path):
    path = saved(tmp_path)
    text = path.read_text()
    path.write_text(json.dumps(dict(reversed(json.loads(text).items()))))  # another order, no indents
    load_record(path)
    data = json.loads(text)
    for key, value in {
        "seed": 1,
        "reason": "x",
        "created": data["created"].replace("1", "2"),
        "checksum": "0" * 64,
    }.items():
        path.write_text(json.dumps(data | {key: value}))
        with pytest.raises(UserError, match="its content is not what its checksum was made of.. Delete it and repeat"):
            load_record(path)
    with pytest.raises(UserError, match="checksum"):
        load_records(tmp_path)


def test_records_without_one_are_accepted(tmp_path):
    path = saved(tmp_path)
    data = json.loads(path.read_text())
    del data["checksum"]
    path.write_text(json.dumps(data))
    assert load_record(path).checksum is None


def test_the_checksum_is_of_what_a_reader_has():
    content = {"a": (1.0, 2), "b": {3: 1e-30, "x": None}, "c": "ü\ud800"}
    stored = json.loads(json.dumps(with_checksum(content)))
    assert not is_changed(stored)
    assert is_changed(stored | {"a": [1, 2.0]})  # not equal as JSON, though equal as numbers
    assert checksum({"a": 1, "b": 2}) == checksum({"b": 2, "a": 1, "checksum": "anything"})
    assert Record.model_fields["checksum"].exclude
