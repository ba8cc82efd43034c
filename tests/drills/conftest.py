"""Runs commands that must be refused."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from benchmark.cli.app import app


@pytest.fixture
def refused(tmp_path, monkeypatch):
    """Runs a command in an empty folder; asserts that it is refused with that message and leaves nothing behind."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)

    def check(arguments, message):
        before = _state(tmp_path)
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        assert isinstance(result.exception, SystemExit), result.exception
        assert result.exit_code == 2 and message in result.stderr, (result.exit_code, result.output)
        assert "Traceback" not in result.output
        # The parser's own refusals come with the command's usage; all others are one line.
        assert result.stderr.startswith("Usage: ") or _is_one_error(result.stderr), result.stderr
        assert _state(tmp_path) == before

    return check


def _is_one_error(text):
    return text.startswith("error: ") and len(text.splitlines()) == 1


def _state(folder):
    """Every file with the time of its last change, and every folder."""
    paths = [path for path in folder.rglob("*") if "__pycache__" not in path.parts]
    return {path: path.stat().st_mtime_ns if path.is_file() else None for path in paths}
