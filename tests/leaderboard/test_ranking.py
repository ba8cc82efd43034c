"""Ranks of rows from their records' forget rows; who takes part, and what is said in bold."""

from benchmark.leaderboard.markdown import markdown
from benchmark.leaderboard.numbers import rank_text
from metrics.calibration.ranks import FEW_AUTHORS
from tests.leaderboard.made_records import attacked, board_of, compared, make_record, rows_at, yardstick

FAR = {"distance_largest": (3.0, 2.0, 4.0)}


def ranks(board):
    return {row.method: rank_text(row.rank) for row in board.rows if row.role == "method"}


def test_rows_that_tests_tell_apart_have_ranks_and_the_best_are_bold(tmp_path):
    runs = [compared("near", 1.0, metrics=FAR), compared("close", 1.0, metrics=FAR), compared("far", 5.0, metrics=FAR)]
    board = board_of(tmp_path, *yardstick(), *runs)
    assert ranks(board) == {"near": "1–2", "close": "1–2", "far": "3"}
    assert board.told_apart == {"forget10": (2, 3)}
    assert {row.method: row.is_best for row in board.rows} == {
        "retrained": False, "near": True, "close": True, "far": False
    }  # fmt: skip
    text = markdown(board)
    assert text.count("**3.00**") == 2 and "| 1–2 |" in text
    assert "they tell 2 of 3 pairs (forget10) apart" in text and "Bold: nearer than some method" in text


def test_where_no_pair_is_told_apart_nothing_is_bold(tmp_path):
    runs = [compared(name, 1.0, metrics=FAR) for name in ("a", "b", "c")]
    board = board_of(tmp_path, *yardstick(), *runs)
    assert set(ranks(board).values()) == {"1–3"} and board.told_apart == {"forget10": (0, 3)}
    text = markdown(board)
    assert "**3.00**" not in text and "Bold" not in text and "they tell 0 of 3 pairs" in text


def test_too_few_authors_are_not_tested(tmp_path):
    records = yardstick()
    for record in records:
        record.forget_rows = rows_at(float(record.seed), 3)
    board = board_of(tmp_path, *records, compared("a", 1.0, authors=3), compared("b", 9.0, authors=3))
    assert set(ranks(board).values()) == {"1–2"}
    assert [row.rank.reason for row in board.rows if row.rank] == [FEW_AUTHORS] * 2


def test_seeds_are_averaged_by_author(tmp_path):
    runs = [compared("two", 1.0), compared("two", 9.0, seed=1), compared("one", 3.0)]
    board = board_of(tmp_path, *yardstick(), *runs)
    assert ranks(board) == {"one": "1", "two": "2"}  # 5 on average
    assert {row.method: round(row.rank.error, 6) for row in board.rows if row.rank} == {"one": 3.0, "two": 5.0}


def test_the_share_of_draws_on_the_pareto_front(tmp_path):
    sharp = {"utility_kept": (0.99, 0.98, 1.0)}
    dull = {"utility_kept": (0.92, 0.91, 0.93)}
    rows = [
        compared("near and dull", 1.0, metrics=FAR | dull),
        compared("far and sharp", 3.0, metrics=FAR | sharp),
        compared("far and dull", 5.0, metrics=FAR | dull),
    ]
    board = board_of(tmp_path, *yardstick(), *rows)
    shares = {row.method: row.p_front for row in board.rows if row.role == "method"}
    assert shares["near and dull"] > 0.99 and shares["far and sharp"] > 0.99 and shares["far and dull"] < 0.01
    assert all(row.p_front is None for row in board.rows if row.role != "method")


def test_a_row_below_the_limit_may_be_first_where_its_interval_holds_it(tmp_path):
    kept = {"open": (0.89, 0.85, 0.93), "sure": (0.95, 0.94, 0.96), "lost": (0.5, 0.48, 0.52)}
    far = {"open": 1.0, "sure": 3.0, "lost": 0.1}
    rows = [compared(name, far[name], metrics=FAR | {"utility_kept": kept[name]}) for name in kept]
    board = board_of(tmp_path, *yardstick(), *rows)
    shares = {row.method: row.p_first for row in board.rows if row.role == "method"}
    assert 0.2 < shares["open"] < 0.4 and shares["lost"] < 0.01  # P(z > .54) = .29
    assert sum(shares.values()) > 0.99
    assert {row.method: row.rank.best for row in board.rows if row.rank} == {"sure": 1.0}
    assert all(row.p_first is None for row in board.rows if row.role != "method")


def test_the_order_in_which_runs_ended_changes_no_share(tmp_path):
    kept = [{"utility_kept": (value, value - 0.04, value + 0.04)} for value in (0.93, 0.95, 0.94)]
    shares = []
    for days in ((1, 2, 3), (3, 1, 2)):
        rows = [
            compared(name, error, metrics=FAR | own, day=day)
            for name, error, own, day in zip("abc", (1.0, 1.1, 1.05), kept, days, strict=True)
        ]
        board = board_of(tmp_path / str(days[0]), *yardstick(), *rows)
        shares.append({row.method: row.p_front for row in board.rows if row.role == "method"})
    assert shares[0] == shares[1] and 0.05 < min(shares[0].values()) < 0.95


def test_who_takes_no_part(tmp_path):
    kept = {"utility_kept": (0.5, None, None)}
    board = board_of(
        tmp_path,
        *yardstick(),
        compared("a", 1.0),
        compared("b", 1.0),
        compared("a", 1.0, day=2, source="imported"),  # of the same name as a run
        compared("diverged", 0.0, status="diverged"),
        compared("partial", 0.0, partial=True),
        compared("costly", 0.0, metrics=kept),
        compared("control", 0.0, role="control"),
        compared("others", 0.0, models=2),
        make_record("uncompared"),
    )
    part = [(row.method, row.source) for row in board.rows if row.rank is not None]
    assert sorted(part) == [("a", "run"), ("b", "run")]


def test_splits_are_ranked_each_by_itself(tmp_path):
    runs = [
        compared(m, e, split=s) for s, m, e in (("forget05", "a", 1.0), ("forget10", "a", 9.0), ("forget10", "b", 1))
    ]
    board = board_of(tmp_path, *yardstick("forget05"), *yardstick(), *runs)
    places = {(row.split, row.method): rank_text(row.rank) for row in board.rows if row.rank}
    assert places == {("forget05", "a"): "1", ("forget10", "a"): "2", ("forget10", "b"): "1"}


def test_without_the_retrained_models_records_there_are_no_ranks(tmp_path):
    board = board_of(tmp_path, compared("a", 1.0), compared("b", 2.0))
    assert ranks(board) == {"a": "–", "b": "–"} and board.told_apart == {}
    assert "Ranks" not in markdown(board)
    assert rank_text(None) == "–"


def worst_ranks(board):
    return {row.method: rank_text(row.rank_worst) for row in board.rows if row.rank_worst is not None}


def test_rows_are_ranked_by_what_the_worst_attack_brings_back(tmp_path):
    low, high, beyond = [0.1, 0.2] * 4, [0.8, 0.9] * 4, [-0.8, -0.9] * 4
    runs = [attacked("keeps", low), attacked("returns", high), attacked("beyond", beyond), compared("unattacked", 1.0)]
    board = board_of(tmp_path, *yardstick(), *runs)
    assert worst_ranks(board) == {"keeps": "1", "returns": "2–3", "beyond": "2–3"}
    assert set(ranks(board).values()) == {"1–4"}  # by distance no pair is told apart
    text = markdown(board)
    assert "by what the worst attack brings back 2 of 3 pairs (forget10)." in text and "Ranks, worst attack" in text


def test_only_the_authors_that_all_rows_have_are_tested(tmp_path):
    short = attacked("seven", [0.1, 0.2] * 3 + [0.1])  # its attack trained on the eighth
    board = board_of(tmp_path, *yardstick(), short, attacked("eight", [0.8, 0.9] * 4))
    assert worst_ranks(board) == {"seven": "1", "eight": "2"}
    few = board_of(tmp_path / "few", *yardstick(), attacked("five", [0.1] * 5), attacked("eight", [0.8, 0.9] * 4))
    assert set(worst_ranks(few).values()) == {"1–2"}
