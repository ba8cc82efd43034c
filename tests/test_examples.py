"""The examples of the README and docs/ do what is said of them."""

import re

import numpy as np
import pytest

import metrics
from benchmark.conformance.run import run_checks
from benchmark.evaluation.scores import Scores
from benchmark.runs.board import run_board
from tests.board_fixtures import micro, numbers
from tests.conftest import ROOT
from tests.metrics.factory import make_set

METHOD = ROOT / "examples" / "my_method.py"


def test_the_readme_shows_the_method_file():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    assert METHOD.read_text(encoding="utf-8") in blocks


def test_the_method_passes_the_suite():
    assert [(result.name, result.reason) for result in run_checks(str(METHOD), "llama") if not result.passed] == []


def test_the_method_makes_rows_of_a_board(tmp_path):
    run_board(micro(methods=[str(METHOD), f"{METHOD}:floor+rt"]), tmp_path, say=lambda text: None)
    rows = numbers(tmp_path)
    assert {"floor forget10 seed 0", "floor+rt forget10 seed 0"} <= rows.keys()
    assert rows["floor forget10 seed 0"] != rows["floor+rt forget10 seed 0"]


def test_the_metric_measures_scores():
    """Two words for the one of gold, and one for its two; a gold answer without words counts for nothing."""
    rows = make_set([1.0] * 3, generated=["a cook", "smith", "?"], gold=["cook", "a smith", " "], authors=[0, 1, 2])
    scores = Scores({"forget": rows})
    measured = metrics.measure_all(scores, names=[ROOT / "examples" / "my_metric.py"])
    forget = measured["forget_my_metric"]
    assert (forget.value, forget.n) == (pytest.approx((2 + 0.5) / 2), 2)
    assert forget.undefined == {"gold answer without words": 1}
    np.testing.assert_array_equal(forget.per_example, [2.0, 0.5, np.nan])
    assert measured["retain_my_metric"].undefined == {"set not scored": 1}
