import json
import re
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import metrics
from benchmark.conformance.toy import small_dataset
from metrics import References
from metrics.base import Measurement
from tests.metrics.factory import all_attacked, all_references, random_scores, with_attacks

TOFU = [
    "forget_quality",
    "forget_quality_test_authors",
    "ks_statistic",
    "model_utility",
    "utility_kept",
    "probability",
    "rouge",
    "truth_ratio",
]

ANSWER_LENGTH = '''"""Words in the gold answer."""
import numpy as np
from metrics.base import SetMetric

class AnswerLength(SetMetric):
    name = "answer_length"
    version = 3
    direction = "higher"
    range = (0.0, float("inf"))
    unit = "words"
    reads = ("gold",)
    source = "a test"

    def per_example(self, set_name, rows):
        return np.array([len(g.split()) for g in rows.gold], dtype=float)
'''


def test_names_and_sets():
    assert set(TOFU) <= set(metrics.metric_names())
    assert metrics.metric_names() == sorted(metrics.metric_names())
    assert not {"base", "__init__"} & set(metrics.metric_names())
    assert set(metrics.SETS) == small_dataset().evaluation("forget").keys()


@pytest.mark.parametrize("name", metrics.metric_names())
def test_conformance(name):
    metric = metrics.load_metric(name)
    assert metric.name == name and metric.version >= 1 and metric.source and metric.reads
    measured = metric.measure(random_scores(0), all_references(random_scores(0)))
    assert list(measured) == list(metric.columns())
    for column, m in measured.items():
        assert m.version == metric.version
        if m.value is not None:
            assert metric.range[0] <= m.value <= metric.range[1], column


def test_measure_all_in_canonical_order():
    measured = metrics.measure_all(random_scores(0), all_references(random_scores(0)), names=TOFU)
    columns = {column for name in TOFU for column in metrics.load_metric(name).columns()}
    assert tuple(measured) == tuple(c for c in metrics.ORDER if c in columns) and len(measured) == 17
    assert all(m.value is not None for m in measured.values())


def test_a_metric_does_not_depend_on_the_others():
    scores = random_scores(0)
    alone = metrics.measure_all(scores, names=["truth_ratio"])
    together = metrics.measure_all(scores)
    assert all(together[c] == m for c, m in alone.items())
    assert alone["forget_truth_ratio"].low is not None


def test_model_utility_takes_the_measured_aggregates():
    measured = metrics.measure_all(random_scores(4))
    parts = {k: v for k, v in measured["model_utility"].extra.items() if k in measured}
    assert len(parts) == 9
    assert all(measured[column].value == value for column, value in parts.items())
    assert measured["model_utility"].value == pytest.approx(9 / sum(1 / v for v in parts.values()))


def test_unknown_name():
    with pytest.raises(ValueError, match=r"unknown metric 'forget_qualty'; did you mean 'forget_quality'"):
        metrics.load_metric("forget_qualty")
    with pytest.raises(ValueError, match="unknown metric 'base'"):
        metrics.load_metric("base")
    with pytest.raises(ValueError, match=r"there is no file .*nowhere/x\.py"):
        metrics.load_metric("nowhere/x.py")


def test_new_file_loads_by_path(tmp_path):
    path = tmp_path / "answer_length.py"
    path.write_text(ANSWER_LENGTH)
    measured = metrics.measure_all(random_scores(0), names=["probability", str(path)])
    assert measured["forget_answer_length"].value == 15.0
    assert measured["forget_answer_length"].version == 3
    assert list(measured)[-4:] == [f"{s}_answer_length" for s in metrics.SETS]
    assert metrics.describe([path])[0]["title"] == "Words in the gold answer."
    with pytest.raises(ValueError, match="two metrics give the column"):
        metrics.measure_all(random_scores(0), names=[path, path])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "answer_length"', 'name = "other"', "it must be the file's"),
        ("class AnswerLength(SetMetric):", "class AnswerLength:", "it defines none"),
        ("    version = 3\n", "", "lacks the class attributes version"),
        ('"higher"', '"up"', "direction 'up'"),
        ("def per_example", "def something", "does not define per_example"),
        ('"""Words in the gold answer."""', "", "docstring"),
        ("version = 3", 'version = "3"', "version must be a whole number"),
        ('reads = ("gold",)', 'reads = "gold"', "reads must be a tuple, such as ('gold',)"),
        ('reads = ("gold",)', 'reads = ("golden",)', "unknown name in reads 'golden'; did you mean 'gold'"),
        ("version = 3", 'version = 3; needs = ("retraind",)', "did you mean 'retrained'"),
        ("version = 3", 'version = 3; sets = ("forgte",)', "did you mean 'forget'"),
        ('"higher"', '{"forget": "higher"}', "direction has no word for the set"),
    ],
)
def test_faulty_files_are_refused(tmp_path, old, new, message):
    path = tmp_path / "answer_length.py"
    path.write_text(ANSWER_LENGTH.replace(old, new))
    with pytest.raises(ValueError, match=re.escape(message)):
        metrics.load_metric(path)


def test_a_file_elsewhere_never_gives_a_metric_of_the_project(tmp_path):
    path = tmp_path / "rouge.py"
    path.write_text(ANSWER_LENGTH.replace("answer_length", "rouge"))
    with pytest.raises(ValueError, match="'rouge' is a metric already, whose numbers it would replace"):
        metrics.load_metric(path)


def test_path_inside_the_folder_is_the_same_metric():
    path = Path(metrics.__file__).parent / "rouge.py"
    assert type(metrics.load_metric(path)) is type(metrics.load_metric("rouge"))


def test_describe_imports_nothing_heavy():
    heavy = ("torch", "transformers", "scipy", "pandas", "rouge_score", "nltk")
    code = f"import sys, metrics; metrics.describe({TOFU}); print([m for m in {heavy} if m in sys.modules])"
    root = Path(metrics.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_directions():
    columns = {c: way for d in metrics.describe() for c, way in d["columns"].items()}
    assert columns["forget_quality"] == columns["model_utility"] == columns["retain_rouge"] == "higher"
    assert columns["ks_statistic"] == "lower"
    assert columns["forget_probability"] == "target"
    assert set(metrics.ORDER) <= columns.keys()


def test_json_round_trip():
    for m in metrics.measure_all(random_scores(0)).values():
        text = json.dumps(m.to_json(), allow_nan=False)
        assert "per_example" not in text
        assert Measurement.from_json(json.loads(text)) == m
    from_numpy = Measurement(np.float64(0.5), np.int64(3), {"x": np.int64(1)})
    assert json.loads(json.dumps(from_numpy.to_json()))["value"] == 0.5


def test_measurement_refuses_nan_and_silence():
    with pytest.raises(ValueError, match="finite"):
        Measurement(float("nan"), 1)
    with pytest.raises(ValueError, match="finite"):
        Measurement(0.5, 1, low=0.1, high=float("inf"))
    with pytest.raises(ValueError, match="say why"):
        Measurement(None, 0)


def test_describe_says_what_is_needed():
    about = {m["name"]: m for m in metrics.describe()}
    assert about["forget_quality"]["needs"] == ("retrained",)
    assert about["utility_kept"]["needs"] == ("finetuned",)
    assert about["mia_loss"]["needs"] == ("holdout",)
    assert set(about["privleak"]["needs"]) == {"holdout", "retrained"}
    assert about["rouge"]["needs"] == ()
    assert all(
        {"name", "version", "direction", "range", "reads", "source", "replica"} <= m.keys() for m in about.values()
    )
    assert all(len(m["title"]) < 121 and m["range"][0] < m["range"][1] for m in about.values())


@pytest.mark.parametrize("name", metrics.metric_names())
def test_needs_are_true(name):
    """Without what it says it needs a metric has no value, and says why; with it, or needing nothing, it has one."""
    metric = metrics.load_metric(name)
    full, bare = random_scores(0), random_scores(0, (80, 80, 100, 100))
    scores, have = full if "holdout" in metric.needs else bare, all_references(full)
    if "attacks" in metric.needs:
        scores, have = with_attacks(scores), all_attacked(have)
    own = ("holdout", "attacks")  # of the model's own scores
    references = References(**{need: getattr(have, need) for need in metric.needs if need not in own})
    for m in metrics.measure_all(scores, references, names=[name]).values():
        assert m.value is not None or m.undefined == {"not within 4 steps": 1}
    for lacking in metric.needs:
        without = bare if lacking in own else with_attacks(full)
        references = have if lacking in own else replace(have, **{lacking: getattr(References(), lacking)})
        measured = metrics.measure_all(without, references, names=[name])
        for m in measured.values():  # a p-value is one without a dose too, but then there is no verdict
            power = str(m.extra.get("verdict", ""))
            assert (m.value is None and m.undefined) or power.startswith("no power: ")


def test_all_columns_have_a_place():
    default = [m for m in metrics.describe() if not m["replica"]]
    assert sorted(metrics.ORDER) == sorted(column for m in default for column in m["columns"])
    assert len(metrics.ORDER) == len(set(metrics.ORDER))


def test_a_reference_with_other_rows_is_refused():
    few = random_scores(0, (40, 80, 60, 100, 40))
    for name in ("forget_quality", "excess_verbatim_leak_at_k", "mia_reference", "privleak", "privacy", "overall"):
        with pytest.raises(ValueError, match="not scored on the same forget questions"):
            metrics.measure_all(random_scores(0), all_references(few), names=[name])
    with pytest.raises(ValueError, match="not scored on the same retain questions"):
        metrics.measure_all(random_scores(0), all_references(few), names=["utility_kept"])


def test_a_whole_board_row_takes_no_second():
    scores = random_scores(0)
    metrics.measure_all(scores, all_references(scores))  # imports and remembered texts
    begin = time.process_time()
    metrics.measure_all(scores, all_references(scores))
    assert time.process_time() - begin < 1.0
