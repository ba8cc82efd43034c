import math

import pytest

from benchmark.evaluation.scores import Scores
from tests.leaderboard.made_records import LN2, board_of, make_record, only
from tests.metrics.factory import answer, forget_scores, make_set


def test_one_seed_keeps_the_records_numbers(tmp_path):
    run = make_record(
        quality=(0.25, 0.1, 0.5), seconds={"total": 90.0}, peak_memory_mib={"process": 700.0, "gpu": None}
    )
    row = only(board_of(tmp_path, run))
    cell = row.cells["forget_quality"]
    assert (cell.value, cell.low, cell.high, cell.covers, cell.seeds) == (0.25, 0.1, 0.5, "authors", 1)
    assert (row.method, row.split, row.seeds, row.n, row.status) == ("npo", "forget10", (0,), 40, "ok")
    assert (row.minutes, row.peak_memory_mib, row.source, row.marks) == (1.5, 700.0, "run", ())
    assert row.keys == ("npo-forget10-0-1",)


def test_means_over_rows_get_an_interval_over_seeds_and_authors(tmp_path):
    # Within a seed all rows are alike, so only the seeds vary: a draw of two gives 1/2, 3/8, 1/4 with
    # probabilities 1/4, 1/2, 1/4, and the middle 95 % is all of it.
    authors = [0, 0, 1, 1]
    runs = [
        make_record(seed=0, metrics={"forget_probability": (0.5, 0.4, 0.6), "forget_truth_ratio": (0.5, 0.4, 0.6)}),
        make_record(seed=1, metrics={"forget_probability": (0.25, 0.2, 0.3), "forget_truth_ratio": (0.25, 0.2, 0.3)}),
    ]
    scores = {}
    for seed, nll, log_r in (
        (0, LN2, LN2),
        (1, 2 * LN2, -2 * LN2),
    ):  # R = 2 and 1/4: min(R, 1/R) = 1/2 and 1/4
        scores[seed] = forget_scores([log_r] * 4, authors)
        scores[seed]["forget"].answers[:] = [answer(nll)] * 4
    row = only(board_of(tmp_path, *runs, scores=scores))
    for column in ("forget_probability", "forget_truth_ratio"):
        cell = row.cells[column]
        assert (cell.value, cell.covers, cell.seeds) == (0.375, "authors and seeds", 2)
        assert (cell.low, cell.high) == pytest.approx((0.25, 0.5), rel=1e-5)


def test_authors_widen_the_interval_too(tmp_path):
    # Both seeds alike, authors at 1/2 and 1/4: a draw of the two authors again gives 1/2, 3/8 or 1/4.
    part = make_set([LN2, LN2, 2 * LN2, 2 * LN2], authors=[0, 0, 1, 1])
    runs = [make_record(seed=s, metrics={"forget_probability": (0.375, 0.25, 0.5)}) for s in (0, 1)]
    row = only(board_of(tmp_path, *runs, scores=dict.fromkeys((0, 1), Scores({"forget": part}))))
    cell = row.cells["forget_probability"]
    assert (cell.low, cell.high) == pytest.approx((0.25, 0.5), rel=1e-5)


def test_two_seeds_of_forget_quality_span_their_own_intervals(tmp_path):
    runs = [make_record(seed=0, quality=(0.1, 0.05, 0.3)), make_record(seed=1, quality=(0.5, 0.2, 0.9))]
    scores = {0: forget_scores([0.0]), 1: forget_scores([0.0])}
    cell = only(board_of(tmp_path, *runs, scores=scores)).cells["forget_quality"]
    assert cell.value == pytest.approx(0.3)
    assert (cell.low, cell.high, cell.covers) == (0.05, 0.9, "union of the seeds' own intervals")


def test_three_seeds_of_forget_quality_give_students_interval(tmp_path):
    # log10: -1, -0.69897, -0.22185; mean -0.64027, deviation 0.39238; t of 2 degrees of freedom at 0.975 is 4.30265.
    runs = [make_record(seed=s, quality=(q, None, None)) for s, q in enumerate((0.1, 0.2, 0.6))]
    cell = only(board_of(tmp_path, *runs, scores={s: forget_scores([0.0]) for s in range(3)})).cells["forget_quality"]
    assert cell.value == pytest.approx(0.3)
    assert cell.low == pytest.approx(10 ** (-0.640273 - 4.30265 * 0.392382 / math.sqrt(3)), rel=1e-4)
    assert cell.high == 1.0  # clipped: no p-value is above 1
    assert cell.covers == "seeds"


def test_three_seeds_with_intervals_of_their_own_cover_both(tmp_path):
    # Utility, mean 0.5 and deviation 0.1 between seeds; 0.03 to 0.05 down and 0.1 up within them, on average 0.04, 0.1.
    numbers = [(0.4, 0.37, 0.5), (0.5, 0.46, 0.6), (0.6, 0.55, 0.7)]
    runs = [make_record(seed=s, metrics={"model_utility": three}) for s, three in enumerate(numbers)]
    board = board_of(tmp_path, *runs, scores={s: forget_scores([0.0]) for s in range(3)})
    cell = only(board).cells["model_utility"]
    between = 4.30265 * 0.1 / math.sqrt(3)
    assert cell.value == pytest.approx(0.5)
    assert cell.low == pytest.approx(0.5 - math.sqrt(0.04**2 + between**2), rel=1e-5)
    assert cell.high == pytest.approx(0.5 + math.sqrt(0.1**2 + between**2), rel=1e-5)
    assert cell.covers == "authors and seeds"


def test_three_seeds_that_agree_keep_their_own_interval(tmp_path):
    # On the log scale one decade down and a tenth of one up; a limit of 0 stays one.
    runs = [make_record(seed=s, quality=(0.1, 0.01, 0.1 * 10**0.1)) for s in range(3)]
    scores = {s: forget_scores([0.0]) for s in range(3)}
    cell = only(board_of(tmp_path / "a", *runs, scores=scores)).cells["forget_quality"]
    assert (cell.low, cell.high) == pytest.approx((0.01, 0.1 * 10**0.1)) and cell.covers == "authors and seeds"
    runs = [make_record(seed=s, quality=(q, 0.0, 0.3)) for s, q in enumerate((0.1, 0.1, 0.2))]
    cell = only(board_of(tmp_path / "b", *runs, scores=scores)).cells["forget_quality"]
    assert cell.low == 0.0 and 0.3 < cell.high < 1


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([(0.3, None, None)] * 3, "none: all seeds gave the same"),
        ([(0.3, None, None), (0.5, 0.1, 0.9)], "none: two seeds, and not both have an interval of their own"),
        ([(0.3, 0.3, 0.3)], "none: no width"),
        ([(0.3, None, None)], "none: the record has none"),
        ([(None, None, None)], "none: no retrained reference"),
    ],
)
def test_no_interval_says_why(tmp_path, values, why):
    runs = [make_record(seed=seed, quality=numbers) for seed, numbers in enumerate(values)]
    scores = {seed: forget_scores([0.0]) for seed in range(3)}
    cell = only(board_of(tmp_path, *runs, scores=scores)).cells["forget_quality"]
    assert (cell.low, cell.high, cell.covers) == (None, None, why)


def test_a_value_that_one_seed_lacks_is_averaged_over_the_others(tmp_path):
    runs = [make_record(seed=0, quality=(None, None, None)), make_record(seed=1, quality=(0.5, 0.2, 0.9))]
    row = only(board_of(tmp_path, *runs, scores={0: forget_scores([0.0]), 1: forget_scores([0.0])}))
    cell = row.cells["forget_quality"]
    assert (cell.value, cell.low, cell.high, cell.covers, cell.seeds) == (0.5, 0.2, 0.9, "authors", 1)
    assert row.seeds == (0, 1)


def test_another_version_of_a_metric_is_not_resampled_with_this_one(tmp_path):
    runs = [make_record(seed=s, metrics={"forget_rouge": (0.5, 0.4, 0.6, 40, "authors", 99)}) for s in (0, 1)]
    board = board_of(tmp_path, *runs, scores={s: forget_scores([0.0, 1.0]) for s in (0, 1)})
    assert only(board).cells["forget_rouge"].covers == "union of the seeds' own intervals"
    assert any(note.startswith("forget_rouge: some records do not have its version") for note in board.notes)
