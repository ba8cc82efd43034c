"""The yardstick on an urn of models: draws, shares, and what is said of too few."""

import numpy as np
import pytest

from benchmark.common.errors import UserError
from benchmark.records.record import Record, save_record
from benchmark.scorecard.real_models import rejections, rows_of, tables
from metrics.calibration.row_statistics import STATISTICS

CENTER = 3 * np.random.default_rng(0).standard_normal(80)


def model(seed, know=0.0):
    """Statistic -> [80]; every tenth row is pushed by ``know``."""
    noise = np.random.default_rng([1, seed]).standard_normal((3, 80))
    pushed = np.where(np.arange(80) % 10 == 0, know, 0.0)
    return {name: CENTER + own + pushed for name, own in zip(STATISTICS, noise, strict=True)}


def save(folder, method, seed, rows, role):
    stored = {"author": list(range(80)), **{name: [*values.tolist()[:-1], None] for name, values in rows.items()}}
    record = Record(key=f"{method}-{seed}", board="b", method=method, split="forget10", seed=seed, role=role,
                    status="ok", forget_rows=stored)  # fmt: skip
    save_record(folder, record, None)
    return record


def test_held_out_models_are_rejected_at_the_level_and_doses_always():
    urn = [model(seed) for seed in range(30)]
    size = rejections(urn, None, 5, 200).mean(axis=0)
    assert (size[:4] <= 0.12).all() and size.shape == (5,)
    assert rejections(urn, model(99, know=10.0), 5, 50)[:, :4].all()
    assert not rejections(urn, model(99, know=10.0), 5, 50)[
        :, 4
    ].all()  # TOFU's test, with eight rows of eighty changed
    assert np.array_equal(rejections(urn, None, 5, 20), rejections(urn, None, 5, 20))


def test_tables_are_made_of_records(tmp_path):
    for seed in range(6):
        save(tmp_path, "retrained", seed, model(seed), "model")
    save(tmp_path, "dose-0.1", 0, model(50, know=10.0), "control")
    save(tmp_path, "npo", 0, model(51), "method")
    assert np.isnan(rows_of(save(tmp_path, "finetuned", 0, model(52, know=20.0), "model"))["gold"][-1])
    size, found = tables(tmp_path, models=(3, 5, 9), draws=20)
    assert size.frame["K"].tolist() == ["3", "5"]  # nine of six cannot be drawn
    assert "6 in the urn" in size.title
    assert found.frame[["model", "K"]].to_numpy().tolist() == [
        ["dose-0.1", "3"], ["dose-0.1", "5"], ["finetuned", "3"], ["finetuned", "5"],
    ]  # fmt: skip
    assert found.frame["all three"].min() == 100
    with pytest.raises(UserError, match="6 retrained models"):
        tables(tmp_path, models=(9,))
