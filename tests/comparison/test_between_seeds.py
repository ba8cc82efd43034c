"""What another seed moves a number by, by hand."""

import math

import pytest

from benchmark.common.errors import UserError
from benchmark.comparison.between_seeds import half_widths, pairs, report
from benchmark.records.record import save_record
from tests.leaderboard.made_records import CONFIG, make_record

VALUES = {(0, 0): 4.0, (1, 0): 5.0, (0, 1): 8.0}  # (seed, fine-tuned model) -> distance


def run(seed, tuning, **fields):
    value = VALUES[seed, tuning]
    return make_record(
        seed=seed, key=f"{seed}{tuning}", config=CONFIG | {"finetuning_seed": tuning},
        metrics={"distance_largest": (value, value / 2, value * 2), "residual": (value / 10,)}, **fields,
    )  # fmt: skip


def test_runs_that_differ_in_one_kind_of_seed_are_paired():
    row = [run(*seeds) for seeds in VALUES]
    of_seeds, of_models = pairs([row], "distance_largest", "ratio")
    assert of_seeds == pytest.approx([math.log(5 / 4)]) and of_models == pytest.approx(
        [math.log(8 / 4)]
    )  # 5 and 8: both
    of_seeds, of_models = pairs([row, row], "residual", "difference")
    assert of_seeds == pytest.approx([0.1] * 2) and of_models == pytest.approx([0.4] * 2)
    assert half_widths([row], "distance_largest", "ratio") == pytest.approx([math.log(2)] * 3)
    assert not len(half_widths([row], "residual", "difference"))
    assert [len(gaps) for gaps in pairs([row], "utility_kept", "difference")] == [0, 0]


def test_the_report_and_a_board_without_seeds(tmp_path):
    for seeds in VALUES:
        save_record(tmp_path / "a", run(*seeds), None)
    text = report(tmp_path / "a")
    assert text.startswith("forget10: 3 runs of 1 rows.")
    assert "| distance_largest | % | 25.0 | 25.0 | 100.0 | 100.0 | 100.0 |" in text
    assert "| residual | its own unit | 0.100 | 0.100 | 0.400 | 0.400 | – |" in text
    for seeds in VALUES:
        save_record(
            tmp_path / "a", run(*seeds, split="forget01").model_copy(update={"key": f"s{seeds[0]}{seeds[1]}"}), None
        )
    assert report(tmp_path / "a").split("\n\n")[::2] == ["forget10: 3 runs of 1 rows.", "forget01: 3 runs of 1 rows."]
    save_record(tmp_path / "b", run(0, 0), None)
    save_record(tmp_path / "b", run(1, 0, role="control"), None)
    with pytest.raises(UserError, match="no method with several seeds: run --seeds 0,1,2"):
        report(tmp_path / "b")
