"""A scorecard by hand, and one of the small board from beginning to end."""

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import metrics
from benchmark.cli.app import app
from benchmark.common.errors import UserError
from benchmark.records.record import load_record
from benchmark.scorecard.after_push import AfterPush
from benchmark.scorecard.columns import OPEN_UNLEARNING, OURS, TOFU, Column, columns
from benchmark.scorecard.measure import Models, Pools, ordered, readings, score, scorecard
from benchmark.scorecard.pools import KNOWS, NEVER, PUSHED, make_pools, pool_preset, row_name
from benchmark.scorecard.tables import tables, write
from tests.board_fixtures import MICRO, micro, watch

SIZE = 2  # models of each pool


def quiet(text):
    pass


@pytest.fixture(scope="module")
def finished(made_board, tmp_path_factory):
    """Preset and folder of finished pools. To be read only."""
    models = shutil.copytree(made_board / "cache" / "models", tmp_path_factory.mktemp("models") / "models")
    preset, folder = pool_preset(micro(), models), tmp_path_factory.mktemp("scorecard") / "pools"
    assert make_pools(preset, folder, SIZE, workers=0, say=quiet)
    return preset, folder


@pytest.fixture
def pools(finished, tmp_path):
    """The same, to be changed."""
    return finished[0], shutil.copytree(finished[1], tmp_path / "pools")


def column(direction, p_value=False, name="x"):
    return Column(name, direction, OURS, p_value, True)


def models_of(knows, never, retrained, doses):
    one = [[{"x": v} for v in pool] for pool in (knows, never, retrained)]
    return Models({"": Pools(*one[:2])}, one[2], {share: {"x": v} for share, v in doses.items()})


def test_a_row_by_hand():
    models = models_of([5.0, 0.3, None], [1.1, 0.9], [0.8, 1.2], {0.05: 1.1, 0.5: 1.5, 1.0: 3.0})
    row = score(column("target"), models)
    assert (row.auc, row.knows, row.never) == (1.0, 2, 2)  # |5 - 1| and |0.3 - 1| are above 0.1
    assert (row.low, row.high) == (pytest.approx(0.025 ** (1 / 2)), 1.0)
    assert (row.smallest_dose, row.correlation) == (0.5, 1.0)
    assert row.retest == pytest.approx(np.sqrt(0.08) / 2)
    assert score(column("lower"), models).auc == 0.5  # 0.3 reads as better than both, 5 as worse
    assert score(column("higher"), models).auc == 0.5
    assert score(column("higher"), models).smallest_dose is None


def test_pushed_pools_by_hand():
    models = models_of([5.0, 4.0], [1.0, 2.0], [1.0, 1.0], {0.5: 2.0, 1.0: 5.0})
    pushed = {
        "rounded": Pools([{"x": 2.0}, {"x": 9.0}], [{"x": 1.0}, {"x": 2.6}]),
        "relearned": Pools([], [{"x": 4.5}]),
    }
    row = score(column("target"), replace(models, pools=models.pools | pushed))
    assert (row.auc, row.rounded.auc) == (1.0, 0.75)  # 2.6 reads as worse than 2
    assert row.rounded.shift == pytest.approx(0.3 / 3) and row.relearned == AfterPush(None, pytest.approx(1.0))
    assert score(column("target"), models).rounded == AfterPush()
    level = score(column("higher"), replace(models, pools=models.pools | pushed))  # those that know read higher
    assert (level.auc, level.rounded.shift) == (0.0, None)  # no way between pools that are not apart


def test_p_values_are_judged_by_their_level():
    models = models_of([0.01], [0.5], [0.9, 0.04], {0.05: 0.06, 1.0: 0.001})
    assert score(column("higher", p_value=True), models).smallest_dose == 1.0
    assert score(column("higher"), models).smallest_dose == 1.0  # below 0.04
    assert score(column("higher", p_value=True), models_of([], [], [], {0.05: 0.05, 1.0: 0.0})).smallest_dose == 0.05


def test_what_has_no_value_has_no_number():
    row = score(column("target"), models_of([None], [1.0], [1.0, 2.0], {0.05: None, 1.0: None}))
    assert (row.auc, row.low, row.correlation, row.smallest_dose, row.retest) == (None,) * 5
    assert not len(readings(column("target"), np.array([1.0]), np.array([])))


def test_best_first_then_the_smaller_dose_and_the_undefined_last():
    def row(name, knows, dose, most=1.0):
        return score(column("lower", name="x"), models_of(knows, [0.0], [0.0], {0.05: dose, 1.0: most})), name

    rows = [
        row("none", [None], 1.0),
        row("blind", [1.0], 0.0, 0.0),
        row("late", [1.0], 0.0),
        row("wrong", [-1.0], 1.0),
        row("early", [1.0], 1.0),
    ]
    names = {id(made): name for made, name in rows}
    assert [names[id(made)] for made in ordered(made for made, _ in rows)] == [
        "early",
        "late",
        "blind",
        "wrong",
        "none",
    ]


def test_every_column_is_judged_replicas_included():
    known = {c.name: c for c in columns()}
    assert known.keys() == metrics.metric_of().keys()
    assert known["distance"] == Column("distance", "lower", OURS, False, True)
    assert known["p_retrained_all"].p_value and known["forget_quality_tofu"].p_value
    assert (known["forget_truth_ratio_tofu"].family, known["mia_min_k_openunlearning"].family) == (
        TOFU,
        OPEN_UNLEARNING,
    )
    for name, reads in {
        "retain_rouge": False,
        "model_utility": False,
        "forget_rouge": True,
        "overall": True,
        "mia_loss": True,
    }.items():
        assert known[name].reads_forget is reads


def test_the_small_board_has_a_scorecard(finished, tmp_path):
    preset, folder = finished
    scores = scorecard(preset, str(folder), SIZE)
    assert {row.column.name for row in scores} == metrics.metric_of().keys()
    rows = {row.column.name: row for row in scores}
    assert (rows["forget_probability"].knows, rows["forget_probability"].never) == (SIZE, SIZE)
    assert rows["forget_probability"].rounded.auc is not None and rows["forget_probability"].relearned.auc is not None
    assert rows["distance"].auc is not None and rows["distance"].correlation is not None
    (record,) = [load_record(p) for p in (folder / "records" / KNOWS).glob("*.json") if load_record(p).seed == 1001]
    assert record.config["variation"] == {"lr": 0.5, "epochs": 0.75, "paraphrased": True, "pushed": ""}
    assert {len(record.compared_with[kind]) for kind in ("retrained", "doses")} == {2, 4}  # the board's own references
    files = write(scores, tmp_path / "a", preset, SIZE)
    assert [path.name for path in files] == ["scorecard.csv", "scorecard.md", "scorecard.png"]
    table = pd.read_csv(files[0])
    assert table["column"].tolist() == [row.column.name for row in scores]
    first, second = tables(scores)
    assert len(first.frame) + len(second.frame) == len(table) and "retain_rouge" in second.frame["column"].tolist()
    text = files[1].read_text(encoding="utf-8")
    assert text.startswith("# Scorecard: quick-scorecard, forget10") and "nan" not in text.lower().split()
    for one, other in zip(files, write(scores, str(tmp_path / "b"), preset, SIZE), strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_finished_pools_are_kept_and_larger_ones_go_on(pools, monkeypatch):
    seen = watch(monkeypatch)
    assert make_pools(*pools, SIZE, workers=0, say=quiet) and not seen.runs and not seen.models
    assert make_pools(*pools, SIZE + 1, workers=0, say=quiet)
    made = ["pool-forget10-1-seed1002", "pool-forget10-0-seed2002"]
    assert sorted(seen.models) == sorted(name + push for name in made for push in ("", "-rounded", "-relearned"))
    rows = [row_name(pool, pushed) for pushed in PUSHED for pool in (KNOWS, NEVER)]
    assert sorted(label.split()[0] for label in seen.runs) == sorted(rows)


def test_unfinished_pools_say_what_to_do(pools):
    preset, folder = pools
    with pytest.raises(UserError, match="6 of the 26 models are not scored yet; the same scorecard command goes on"):
        scorecard(preset, folder, SIZE + 1)
    assert not make_pools(preset, folder, SIZE + 1, workers=1, time_limit=0, say=quiet)


def test_a_pool_model_that_failed_is_named(pools):
    preset, folder = pools
    path = min((folder / "records" / NEVER).glob("*.json"))
    record = load_record(path)
    path.write_text(record.model_copy(update={"status": "failed", "reason": "a fault"}).model_dump_json())
    with pytest.raises(UserError, match=rf"1 of the 20 models .*{NEVER} seed {record.seed} failed: a fault"):
        scorecard(preset, folder, SIZE)


@pytest.mark.parametrize("damage", ["record", "scores"])
def test_a_damaged_pool_model_is_reported_and_made_again(pools, damage, monkeypatch):
    preset, folder = pools
    path = min((folder / "records" / NEVER).glob("*.json" if damage == "record" else "*.parquet"))
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(UserError, match=r"damaged|again"):
        scorecard(preset, folder, SIZE)
    seen = watch(monkeypatch)
    assert make_pools(preset, folder, SIZE, workers=0, say=quiet)
    assert [label.split()[0] for label in seen.runs] == [NEVER]
    assert scorecard(preset, folder, SIZE)


def test_the_command_writes_the_files(pools):
    sets = [argument for change in MICRO for argument in ("--set", change)]
    common = ["scorecard", "--models", str(SIZE), *sets, "--set", f"launch.models={pools[0].launch.models}"]
    done = CliRunner().invoke(app, [*common, "--out", str(pools[1])])
    assert done.exit_code == 0, done.output
    assert "| distance | this project |" in done.output and (pools[1] / "scorecard.png").is_file()
    refused = CliRunner().invoke(app, [*common, "--out", "x.md"])
    assert refused.exit_code == 2
