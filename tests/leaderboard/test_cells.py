import math

import pytest
from scipy import stats

from tests.leaderboard.made_records import board_of, make_record, measured, only


def cell_of(folder, column, *seeds):
    """The cell of a column, whose measurement by seed is given."""
    return only(board_of(folder, *(make_record(seed=s, metrics={column: m}) for s, m in enumerate(seeds)))).cells[
        column
    ]


def test_one_seed_keeps_the_records_numbers(tmp_path):
    run = make_record(
        quality=(0.25, 0.1, 0.5), seconds={"total": 90.0}, peak_memory_mib={"process": 700.0, "gpu": None}
    )
    row = only(board_of(tmp_path, run))
    cell = row.cells["forget_quality"]
    assert (cell.value, cell.low, cell.high, cell.covers, cell.seeds) == (0.25, 0.1, 0.5, "authors", 1)
    assert (row.method, row.split, row.seeds, row.n, row.status) == ("npo", "forget10", (0,), 40, "ok")
    assert (row.minutes, row.peak_memory_mib, row.source, row.marks) == (1.5, 700.0, "run", ())
    assert row.keys == ("npo-forget10-0-1",) and row.commits == ("abc123",)


def test_three_seeds_on_the_scale_of_their_own_errors(tmp_path):
    errors = {"scale": "log", "degrees": 7.0}
    own = [measured(v, v / 2, v * 2, standard_error=e, **errors) for v, e in ((1.0, 0.1), (2.0, 0.2), (6.0, 0.3))]
    cell = cell_of(tmp_path, "distance_largest", *own)
    points = [math.log(v) for v in (1, 2, 6)]
    authors = (0.1**2 + 0.2**2 + 0.3**2) / 3
    between = sum((x - sum(points) / 3) ** 2 for x in points) / 2 / 3
    v = authors + between
    reach = stats.t.ppf(0.975, v**2 / (authors**2 / 7 + between**2 / 2)) * math.sqrt(v)
    assert (cell.value, cell.covers, cell.seeds) == (3.0, "authors and seeds", 3)
    assert (cell.low, cell.high) == pytest.approx((3 * math.exp(-reach), 3 * math.exp(reach)))


def test_two_seeds_have_their_authors_alone_and_say_so(tmp_path):
    own = [measured(v, v - 0.1, v + 0.1, standard_error=0.05, degrees=7.0) for v in (0.2, 0.8)]
    cell = cell_of(tmp_path, "residual", *own)
    reach = stats.t.ppf(0.975, 7) * 0.05
    assert (cell.low, cell.high) == pytest.approx((0.5 - reach, 0.5 + reach))
    assert cell.covers == "authors (two seeds: too few to count their spread)"


def test_p_values_are_averaged_on_a_log_scale(tmp_path):
    cell = cell_of(tmp_path, "forget_quality", measured(1e-2), measured(1e-4), measured(1e-9))
    reach = stats.t.ppf(0.975, 2) * math.sqrt(13) / math.sqrt(3)  # of -2, -4, -9: mean -5, variance 13
    assert cell.value == pytest.approx(1e-5)
    assert cell.low == pytest.approx(10 ** (-5 - reach)) and cell.covers == "seeds"
    assert cell.high == 1.0  # -5 + 8.96: no p-value is above 1


def test_p_values_that_have_underflowed_count_by_their_logarithm(tmp_path):
    known = measured(0.0, log10_p=-400.0)
    cell = cell_of(tmp_path / "a", "forget_quality", known, measured(1.0, log10_p=0.0))
    assert cell.value == pytest.approx(1e-200) and cell.covers == "none: a p-value, and too few seeds"
    cell = cell_of(tmp_path / "b", "forget_quality", measured(0.0), measured(1.0))
    assert cell.value == 0.0  # an earlier version's record: nobody knows how far below


def test_limits_do_not_leave_the_metrics_range(tmp_path):
    own = [measured(v, 0.0, 1.0, standard_error=0.3, degrees=3.0) for v in (0.1, 0.9, 0.9)]
    cell = cell_of(tmp_path / "a", "forget_rouge", *own)
    assert (cell.low, cell.high) == (0.0, 1.0)
    cell = cell_of(tmp_path / "b", "residual", *own)  # which has no limits to keep
    assert cell.low < 0 and cell.high > 1
    cell = cell_of(tmp_path / "c", "my_metric", *own)
    assert cell.high > 1


def test_limits_that_have_no_standard_error_are_combined_as_they_are(tmp_path):
    # Utility kept: limits of the worst part, with no standard error.
    cell = cell_of(tmp_path / "a", "utility_kept", *(measured(v, v - 0.3, v + 0.1) for v in (0.9, 0.9, 0.9)))
    assert (cell.low, cell.high, cell.covers) == (pytest.approx(0.6), pytest.approx(1.0), "authors and seeds")
    cell = cell_of(tmp_path / "b", "utility_kept", *(measured(v, v - 0.3, v + 0.1) for v in (0.5, 0.9)))
    assert (cell.low, cell.high) == pytest.approx((0.4, 0.8)) and "two seeds" in cell.covers


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([(0.3, None, None)] * 3, "none: all seeds gave the same"),
        ([(0.3, None, None), (0.5, None, None)], "none: the record has none"),
        ([(0.3, None, None), (0.5, 0.4, 0.6)], "none: the record has none"),
        ([(0.5, 0.4, 0.6), (0.3, None, None)], "none: the record has none"),
        ([(0.3, None, None)], "none: the record has none"),
        ([(None, None, None)], "none: no retrained reference"),
    ],
)
def test_no_interval_says_why(tmp_path, values, why):
    runs = [make_record(seed=seed, utility=numbers) for seed, numbers in enumerate(values)]
    cell = only(board_of(tmp_path, *runs)).cells["model_utility"]
    assert (cell.low, cell.high, cell.covers) == (None, None, why)


def test_a_value_that_one_seed_lacks_is_averaged_over_the_others(tmp_path):
    runs = [make_record(seed=0, quality=(None, None, None)), make_record(seed=1, quality=(0.5, 0.2, 0.9))]
    row = only(board_of(tmp_path, *runs))
    cell = row.cells["forget_quality"]
    assert (cell.value, cell.low, cell.high, cell.covers, cell.seeds) == (0.5, 0.2, 0.9, "authors", 1)
    assert row.seeds == (0, 1)


def test_another_version_of_a_metric_is_noted(tmp_path):
    board = board_of(tmp_path, make_record(metrics={"forget_rouge": (0.5, 0.4, 0.6, 40, "authors", 99)}))
    assert any(note.startswith("forget_rouge: some records do not have its version") for note in board.notes)
