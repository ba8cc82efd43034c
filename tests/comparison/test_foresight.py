"""What a number read before says of relearning, on a board made up for it."""

import pytest

from benchmark.common.errors import UserError
from benchmark.comparison.foresight import TARGET, foresight
from tests.leaderboard.made_records import board_of, make_record

AFTER = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]


def row(name, after, **columns):
    metrics = {"utility_kept": (0.95,), TARGET: (after,)} | {column: (value,) for column, value in columns.items()}
    return make_record(name, key=name, metrics=metrics)


def board(tmp_path, after=AFTER):
    models = [
        row("retrained", 0.0, depth=0.9, residual=0.0, mia_loss=0.5),
        row("finetuned", 1.0, depth=0.0, residual=1.0, mia_loss=0.5),
    ]
    swapped = [*after[:-2], after[-1], after[-2]]
    rows = [
        row(f"m{i}", x, depth=0.9 - x, residual=y, mia_loss=x)
        for i, (x, y) in enumerate(zip(after, swapped, strict=True))
    ]
    wreck = make_record(
        "wreck", key="w", metrics={"utility_kept": (0.2,), TARGET: (5.0,), "depth": (0.9,), "residual": (0.0,)}
    )
    return board_of(tmp_path, *models, *rows, wreck)


def test_columns_are_turned_towards_the_fine_tuned_model_and_the_best_comes_first(tmp_path):
    found = foresight(board(tmp_path), "forget10")
    assert list(found) == ["depth", "residual"]  # not the target, not utility, and not where both models are alike
    assert (
        found["depth"].value == 1.0 and found["depth"].things == 10
    )  # deep is far from the fine-tuned model; no wreck
    assert found["residual"].value == pytest.approx(43 / 45)  # one of 45 pairs the other way


def test_all_columns_are_read_of_the_same_methods(tmp_path):
    """Eleven methods: one has no depth, which is less than a tenth of them, and is read nowhere; two have no mia_min_k, which is left out."""
    models = [
        row("retrained", 0.0, depth=0.9, residual=0.0, mia_min_k=0.5),
        row("finetuned", 1.0, depth=0.0, residual=1.0, mia_min_k=0.9),
    ]
    rows = []
    for i, x in enumerate([*AFTER, 1.1]):
        columns = {"residual": x if i else 9.0, "depth": 0.9 - x, "mia_min_k": x}
        lacks = {0: ("depth",), 1: ("mia_min_k",), 2: ("mia_min_k",)}.get(i, ())
        rows.append(row(f"m{i}", x, **{name: value for name, value in columns.items() if name not in lacks}))
    found = foresight(board_of(tmp_path, *models, *rows), "forget10")
    assert {column: (tau.value, tau.things) for column, tau in found.items()} == {
        "depth": (1.0, 10),
        "residual": (1.0, 10),
    }


def test_a_board_of_few_methods_is_refused(tmp_path):
    with pytest.raises(UserError, match="9 methods have residual_relearn_forget; 10 and both models are needed"):
        foresight(board(tmp_path, AFTER[1:]), "forget10")
