"""The command line: what it prints, how it ends, and that listing imports nothing heavy."""

import json
import re
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from benchmark.cli.app import app, main
from benchmark.common.errors import UserError
from benchmark.runs import board as boards
from tests.board_fixtures import MICRO, method_file, only_record
from tests.conftest import ROOT

HEAVY = ("torch", "transformers", "datasets", "scipy", "pandas", "evaluate")
SETS = [argument for change in MICRO for argument in ("--set", change)]


def invoke(*arguments):
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture(scope="module")
def listings():
    """What each listing prints, and which heavy modules it imported, from fresh interpreters."""
    script = (
        "import sys, json\nfrom benchmark.cli.app import main\nsys.argv = ['x', 'list', sys.argv[1]]\n"
        f"try:\n    main()\nfinally:\n    print(json.dumps([m for m in {HEAVY} if m in sys.modules]))"
    )
    names = ("methods", "metrics", "presets", "datasets")
    started = {
        name: subprocess.Popen([sys.executable, "-c", script, name], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for name in names
    }
    result = {}
    for name, process in started.items():
        lines = process.communicate(timeout=120)[0].splitlines()
        assert process.returncode == 0, lines
        result[name] = ("\n".join(lines[:-1]), json.loads(lines[-1]))
    return result


@pytest.mark.parametrize("what", ["methods", "metrics", "presets", "datasets"])
def test_listing_imports_nothing_heavy(listings, what):
    assert listings[what][1] == []


def test_listing_says_what_there_is(listings):
    import methods
    import metrics
    from benchmark.config.load import preset_names

    told = {name: text for name, (text, _) in listings.items()}
    lines = told["methods"].splitlines()
    for name in methods.method_names():
        assert any(line.split()[:1] == [name] for line in lines), name
    rkld = next(line for line in lines if line.split()[:1] == ["rkld+kl"])
    assert "arXiv:2406.01983" in rkld and "reinforced" in rkld and "retain" in rkld
    for name in metrics.metric_names():
        assert f"  {name}  version " in told["metrics"], name
    assert all(re.search(rf"^{name} +\S", told["presets"], re.MULTILINE) for name in preset_names())
    assert all(re.search(rf"^{name} +\S", told["datasets"], re.MULTILINE) for name in ("fictitious", "tofu"))


def test_unknown_listing_names_the_known():
    result = invoke("list", "method")
    assert result.exit_code == 2 and "methods" in result.output


@pytest.fixture
def asked(monkeypatch):
    """What ``run`` asks of run_board, which does nothing."""
    calls = []

    def run_board(preset, folder, **options):
        calls.append((preset, folder, options))
        raise UserError("that was all")

    monkeypatch.setattr(boards, "run_board", run_board)
    return calls


@pytest.mark.parametrize("arguments", [[], ["run"], ["--preset", "quick"], ["--fresh"]])
def test_no_command_is_run(asked, arguments, monkeypatch, capsys):
    import run_benchmark

    monkeypatch.setattr(sys, "argv", ["run_benchmark.py", *arguments])
    with pytest.raises(SystemExit) as end:
        run_benchmark.main()
    assert end.value.code == 2 and capsys.readouterr().err == "error: that was all\n"
    ((preset, folder, options),) = asked
    assert (preset.name, str(folder), options["fresh"]) == (
        "quick",
        "results/quick",
        arguments == ["--fresh"],
    )


def test_help_is_not_run(asked, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["run_benchmark.py", "--help"])
    with pytest.raises(SystemExit) as end:
        main()
    text = capsys.readouterr().out
    assert end.value.code == 0 and not asked
    assert all(name in text for name in ("run", "score", "leaderboard", "list", "check", "publish", "export-dataset"))


def test_options_reach_the_preset(asked, tmp_path):
    invoke(
        "run", "--methods", "rkld, npo", "--splits", "forget01,forget05", "--seeds", "3,4",
        "--set", "training.lr=3e-4", "--set", "name=mine", "--out", str(tmp_path), "--workers", "2", "--device", "cpu",
    )  # fmt: skip
    ((preset, folder, options),) = asked
    assert (preset.methods, preset.splits, preset.seeds) == (
        ["rkld", "npo"],
        ["forget01", "forget05"],
        [3, 4],
    )
    assert (preset.name, preset.training.lr, preset.launch.device) == ("mine", 3e-4, "cpu")
    assert (folder, options["workers"], options["fresh"]) == (tmp_path, 2, False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "--preset", "quik"], "unknown preset 'quik'; did you mean 'quick'"),
        (["run", "--methods", "rkdl"], "unknown method 'rkdl'; did you mean 'rkld'"),
        (["run", "--methods", "gone.py"], "there is no file gone.py"),
        (["run", "--seeds", "one"], "--seeds takes whole numbers with commas"),
        (["run", "--set", "training.lrr=1"], "training.lrr: unknown key; did you mean 'lr'"),
        (["run", "--splits", "forget20"], "unknown split 'forget20'"),
        (["check", "rkdl"], "unknown method 'rkdl'; did you mean 'rkld'"),
        (["leaderboard", "gone"], "gone"),
        (["publish", "gone"], "gone"),
        (["score", "./gone", "--retrained", "none", "--data", "./gone"], "there is no folder ./gone"),
    ],
)
def test_user_errors_are_one_message_and_exit_2(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = invoke(*arguments)
    assert result.exit_code == 2 and isinstance(result.exception, SystemExit)
    assert result.stderr.startswith("error: ") and message in result.stderr and "Traceback" not in result.output


def test_options_that_do_not_exist_are_refused():
    assert invoke("run", "--mehtods", "rkld").exit_code == 2
    assert invoke("run", "--workers", "-1").exit_code == 2
    assert invoke("rnu").exit_code == 2


def test_ctrl_c_ends_with_130_and_says_how_to_go_on(monkeypatch, tmp_path):
    def stopped(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(boards, "run_board", stopped)
    result = invoke("run", "--out", str(tmp_path))
    assert result.exit_code == 130 and "the same command continues" in result.stderr


def test_finished_board_is_only_shown(board):
    result = invoke("run", "--methods", "rkld,grad_ascent", *SETS, "--out", str(board))
    assert result.exit_code == 0, result.output
    assert "all 6 runs are there" in result.output and "--fresh starts over" in result.output
    assert all(name in result.output for name in ("rkld", "grad_ascent", "finetuned", "retrained"))
    assert {p.suffix for p in board.glob("leaderboard.*")} >= {".csv", ".md", ".tex", ".json"}


def test_board_with_a_damaged_record_names_it(board):
    path = only_record(board, "rkld")
    path.write_text("{")
    result = invoke("leaderboard", str(board))
    assert result.exit_code == 2 and path.name in result.stderr and "Delete it" in result.stderr


def test_export_writes_and_refuses(tmp_path):
    result = invoke("export-dataset", str(tmp_path / "new"), "--authors", "10")
    assert result.exit_code == 0 and "10 authors" in result.output
    assert len((tmp_path / "new" / "full.json").read_text().splitlines()) == 200
    (tmp_path / "mine").write_text("taken")
    refused = invoke("export-dataset", str(tmp_path / "mine"))
    assert refused.exit_code == 2 and refused.stderr.startswith("error: ")
    assert invoke("export-dataset", str(tmp_path / "x"), "--authors", "1").exit_code == 2
    many = invoke("export-dataset", str(tmp_path / "x"), "--authors", "100000000")
    assert many.exit_code == 2 and "too many" in many.stderr


def test_check_reports_every_check_and_fails_with_1(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text('"""Nothing."""\nfrom dataclasses import dataclass\nfrom methods.base import Method\n\n'
                    "@dataclass(frozen=True)\nclass Mine(Method):\n    pass\n")  # fmt: skip
    result = invoke("check", str(path))
    assert result.exit_code == 1 and "FAIL" in result.output and "checks failed" in result.output
    assert "defines neither loss nor unlearn" in result.output


def test_dry_run_tells_and_does_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = invoke("run", "--preset", "tofu-llama-2-7b", "--dry-run", "--tune")
    assert result.exit_code == 0, result.output
    assert "open-unlearning/tofu_Llama-2-7b-chat-hf_retain90" in result.output
    assert list(tmp_path.iterdir()) == []


def test_version_and_help():
    result = invoke("--version")
    assert result.exit_code == 0 and re.fullmatch(r"unlearn-bench \d+\.\d+\S*\n", result.output)
    assert "[sweep]" in invoke("run", "--help").output  # a bracket in a help text is no markup


def test_brackets_in_a_message_are_kept_and_end_nothing(tmp_path):
    path = method_file(tmp_path, "mine", 'raise FileNotFoundError("no weights in [/data/teacher] [red]")')
    result = invoke("run", "--methods", path, *SETS, "--out", str(tmp_path / "board"))
    assert result.exit_code == 1 and "(FileNotFoundError: no weights in [/data/teacher] [red])" in " ".join(
        result.output.split()
    )
    assert "[/data/teacher] [red]" in invoke("check", path).output
