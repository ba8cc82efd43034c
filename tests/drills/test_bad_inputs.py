"""Wrong command lines and presets: one clear line that names the fix, exit code 2, nothing written, no traceback."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from benchmark.common.errors import UserError
from benchmark.config.load import load_preset
from tests.drills.bad_options import OPTIONS
from tests.drills.bad_presets import CHANGES, FILES


@pytest.mark.parametrize(("line", "message"), OPTIONS)
def test_option(line, message, refused, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    arguments = [argument.replace("{tmp}", str(empty)) for argument in shlex.split(line)]
    refused(arguments, message)


@pytest.mark.parametrize("command", ["run", "sweep", "scorecard"])
@pytest.mark.parametrize(("change", "message"), CHANGES)
def test_change_of_a_preset(command, change, message, refused):
    refused([command, "--preset", "quick", "--set", change], message)


@pytest.mark.parametrize(("content", "message"), FILES)
def test_preset_file(content, message, refused, tmp_path):
    path = tmp_path / "mine.toml"
    path.mkdir() if content is None else path.write_bytes(content)
    refused(["run", "--preset", path], message)


@pytest.mark.parametrize("out", ["taken", "taken/below", "/dev/null"])
@pytest.mark.parametrize("command", ["run --methods npo", "export-dataset", "leaderboard"])
def test_folder_that_is_a_file(command, out, refused, tmp_path):
    (tmp_path / "here" / "taken").write_text("mine")
    name, *rest = command.split()
    refused([name, *rest, "--out", out] if name == "run" else [name, out], out.removesuffix("/below"))


NUMBERS = {  # key -> the least and the greatest value that it may have
    "training.lr": (0, None),
    "training.weight_decay": (0, None),
    "training.epochs": (0, 100_000),
    "training.batch_size": (1, None),
    "seeds": (0, 2**32 - 1),
    "finetuning_seed": (0, 2**32 - 1),
    "dataset.authors": (2, None),
    "scoring.max_new_tokens": (1, None),
}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.sampled_from(sorted(NUMBERS)), value=st.one_of(st.integers(), st.floats(), st.text(max_size=5)))
@example(key="training.lr", value=float("inf"))
@example(key="seeds", value=2**32)
@example(key="training.epochs", value=True)
def test_number_is_taken_where_it_is_in_range_and_refused_by_its_name_elsewhere(key, value):
    low, high = NUMBERS[key]
    text = {True: "true", False: "false"}.get(value) if isinstance(value, bool) else repr(value)
    whole = key not in ("training.lr", "training.weight_decay")
    is_number = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
    fits = is_number and low <= value <= (high or 1.7e308)
    change = f"{key}=[{text}]" if key == "seeds" else f"{key}={text}"
    try:
        load_preset("quick", [change])
    except UserError as error:
        assert key in str(error) and (not fits or abs(value) >= 2**63 or "warm-up" in str(error)), (change, error)
    else:
        assert fits, change
