"""Two boards: which rows meet, what is paired, orders, settings, and the words about them."""

import csv
import io

import pytest

from benchmark.common.errors import UserError
from benchmark.comparison.compare import compare
from benchmark.comparison.tables import csv_text, markdown, terminal_table
from benchmark.comparison.texts import how, summary
from benchmark.leaderboard.build import build
from tests.conftest import ROOT
from tests.leaderboard.made_records import CONFIG, board_of, compared, make_record, measured, yardstick

PUBLISHED = ROOT / "results" / "published"
METHODS = {"npo": 1.0, "rkld": 2.0, "dpo": 3.0, "idk": 4.0}


def board(folder, far=METHODS, **fields):
    """Methods so far from the retrained models, with the distance that their forget rows have."""
    numbers = {"utility_kept": (0.95, 0.92, 0.98), "forget_quality": (0.01, None, None)}
    rows = []
    for method, error in far.items():
        own = {"distance_largest": measured(error, 0.9 * error, 1.1 * error)} | numbers
        rows.append(compared(method, error, metrics=own, **fields))
    return board_of(folder, *yardstick(), *rows)


@pytest.fixture(scope="module")
def seeds():
    """quick against the same with three seeds of unlearning on each of two fine-tuned models."""
    return compare(build(PUBLISHED / "quick"), build(PUBLISHED / "quick-seeds"), ("one", "three"))


def test_rows_are_paired_over_authors_where_the_records_hold_the_same_forget_rows(seeds):
    row = next(row for row in seeds.rows if row.a.method == "rkld+rt")
    kinds = {
        column: row.differences[column].covers
        for column in ("distance_largest", "residual", "forget_probability", "utility_kept")
    }
    assert kinds == {
        "distance_largest": "paired: authors and seeds",
        "residual": "paired: authors and retrained models and seeds",
        "forget_probability": "paired: authors and seeds",
        "utility_kept": "unpaired",
    }
    assert row.differences["distance_largest"].value == pytest.approx(
        row.b.value("distance_largest") / row.a.value("distance_largest")
    )
    difference = row.b.value("residual") - row.a.value("residual")  # records hold rows to 7 digits
    assert row.differences["residual"].value == pytest.approx(difference, abs=1e-6)
    far = row.differences["distance_largest"]
    assert (
        far.high / far.low < (row.a.cells["distance_largest"].high / row.a.cells["distance_largest"].low) ** 0.5
    )  # what pairing is for, though two fine-tuned models have one degree of freedom


def test_what_is_the_same_on_both_boards_says_so(seeds):
    row = next(row for row in seeds.rows if row.a.method == "base")
    assert (
        row.differences["distance_largest"].value == 1
        and "the same on both boards" in row.differences["distance_largest"].covers
    )
    assert any(line.startswith("distance_largest: 24 rows paired over forget authors") for line in how(seeds))


def test_settings_that_differ_are_named(seeds):
    assert [s.name for s in seeds.settings] == ["commit"]
    row = next(row for row in seeds.rows if row.a.method == "rkld+rt")
    assert [(s.name, s.a, s.b) for s in row.settings] == [("seeds", "0", "0, 1, 2")]


def test_other_data_are_not_paired():
    quick, other, fewer = (build(PUBLISHED / "quick") for _ in range(3))
    for record in other.records:
        record.dataset["identity"] = "another"
    for record in fewer.records:
        record.forget_rows["author"] = [author + 1 for author in record.forget_rows["author"]]

    def covers(board):
        row = next(row for row in compare(quick, board, ("a", "b")).rows if row.a.method == "npo+rt")
        return row.differences["distance_largest"].covers

    assert (covers(quick)[:30], covers(other), covers(fewer)) == (
        "none: the same on both boards,",
        "unpaired",
        "unpaired",
    )
    assert [(s.name, s.b) for s in compare(quick, other, ("a", "b")).settings] == [("dataset", "another")]


def test_orders_and_rank_sets(tmp_path):
    swapped = {"npo": 4.0, "rkld": 2.0, "dpo": 3.0, "idk": 1.0}
    comparison = compare(board(tmp_path / "a"), board(tmp_path / "b", swapped), ("a", "b"))
    (order,) = comparison.orders
    assert {m: (p.a, p.b, p.set_a, p.set_b, p.overlap) for m, p in order.places.items()} == {
        "npo": (1, 4, (1, 1), (4, 4), False),
        "rkld": (2, 2, (2, 2), (2, 2), True),
        "dpo": (3, 3, (3, 3), (3, 3), True),
        "idk": (4, 1, (4, 4), (1, 1), False),
    }
    assert order.tau.value == pytest.approx(-2 / 3) and order.rho.value == pytest.approx(-0.8)
    text = "\n".join(summary(comparison))
    assert "2 of 4 change places (npo, idk); beyond what tests over authors leave open: npo, idk." in text


def test_places_are_among_the_methods_of_both_boards(tmp_path):
    more = {"first": 0.5, **METHODS, "last": 5.0}
    far = {method: error for method, error in METHODS.items() if method != "dpo"}
    comparison = compare(board(tmp_path / "a", more), board(tmp_path / "b", far), ("a", "b"))
    assert {m: (p.a, p.set_a, p.set_b) for m, p in comparison.orders[0].places.items()} == {
        "npo": (1, (1, 1), (1, 1)), "rkld": (2, (2, 2), (2, 2)), "idk": (3, (3, 3), (3, 3)),
    }  # fmt: skip
    text = "\n".join(summary(comparison))
    assert "only in a: first forget10, dpo forget10, last forget10" in text and "only in b" not in text


def test_boards_without_a_common_row_are_refused(tmp_path):
    other = board_of(tmp_path / "b", make_record("npo", split="forget05"))
    with pytest.raises(UserError, match=r"no row in common \(splits: a has forget10 and b has forget05\)"):
        compare(board(tmp_path / "a"), other, ("a", "b"))


def test_the_tables_hold_names_that_would_break_them(tmp_path):
    evil = {"=npo`b`": 1.0, "idk": 2.0}
    config = CONFIG | {"training": CONFIG["training"] | {"lr": 1e-3}}
    comparison = compare(board(tmp_path / "a", evil), board(tmp_path / "b", evil, config=config), ("a|b", "c*"))
    text = markdown(comparison)
    heads = next(line for line in text.splitlines() if line.startswith("| Method"))
    row = next(line for line in text.splitlines() if line.startswith("| =npo"))
    assert (
        row.replace(r"\|", "").count("|") == heads.count("|")
        and r"=npo\`b\`" in row
        and "training.lr: 0.0005 → 0.001" in row
    )
    lines = list(csv.DictReader(io.StringIO(csv_text(comparison))))
    assert {line["settings"] for line in lines if line["method"] == "idk"} == {"training.lr: 0.0005 / 0.001"}
    assert terminal_table(comparison).row_count == len(comparison.rows)


def test_the_table_has_the_numbers(tmp_path):
    closer = {method: error / 2 for method, error in METHODS.items()}
    text = markdown(compare(board(tmp_path / "a"), board(tmp_path / "b", closer), ("a", "b")))
    row = next(line for line in text.splitlines() if line.startswith("| npo"))
    assert "1.00 → 0.50: ×0.50 [0.43, 0.58]" in row and "0.01 → 0.01: 0.0 decades" in row and "1 → 1 (1; 1)" in row
