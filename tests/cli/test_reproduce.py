"""``reproduce`` on a board: its file and tables, and exit code 2 where a number was typed in."""

import json

from typer.testing import CliRunner

from benchmark.cli.app import app
from benchmark.records.checksum import with_checksum
from tests.leaderboard.test_publish import make_record, save


def test_the_command_marks_the_tables_and_catches_what_was_typed_in(tmp_path):
    save(tmp_path, make_record("npo"))
    done = CliRunner().invoke(app, ["reproduce", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "npo forget10 seed 0: 1 reproduced, 0 claimed" in done.output
    assert "| reproduced |" in (tmp_path / "leaderboard.md").read_text()
    (path,) = tmp_path.glob("records/npo/*.json")
    data = json.loads(path.read_text())
    data["metrics"]["forget_probability"]["value"] = 0.9
    path.write_text(json.dumps(with_checksum(data)))
    wrong = CliRunner().invoke(app, ["reproduce", str(tmp_path)])
    assert wrong.exit_code == 2 and "not what the scores give" in wrong.output
    again = CliRunner().invoke(app, ["leaderboard", str(tmp_path)])
    assert again.exit_code == 0 and "| claimed |" in (tmp_path / "leaderboard.md").read_text()
