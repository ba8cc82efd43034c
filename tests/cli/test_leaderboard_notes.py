"""``leaderboard`` says of which records nobody would notice a changed number."""

import json

from benchmark.records.record import load_record, write_record
from tests.cli.test_cli import invoke


def test_records_without_a_checksum_are_counted(board):
    paths = sorted(board.glob("records/*/*.json"))
    for path in paths:
        write_record(path, load_record(path))
    assert "no checksum" not in invoke("leaderboard", str(board)).output
    data = json.loads(paths[0].read_text())
    del data["checksum"]
    paths[0].write_text(json.dumps(data))
    text = " ".join(invoke("leaderboard", str(board)).output.split())
    assert f"1 of {len(paths)} records have no checksum" in text
