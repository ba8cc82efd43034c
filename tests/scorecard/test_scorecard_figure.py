"""The figure of a scorecard: who is drawn, where, and how."""

from matplotlib.colors import to_hex

from benchmark.scorecard.after_push import AfterPush
from benchmark.scorecard.columns import OPEN_UNLEARNING, OURS, TOFU, Column
from benchmark.scorecard.figure import LOOKS, compose
from benchmark.scorecard.measure import Score


def row(name, family=OURS, auc=0.9, dose=0.1, reads=True):
    limits = (None, None) if auc is None else (auc - 0.1, auc + 0.05)
    pushed = AfterPush(0.9, 0.02), AfterPush(0.9, None if dose is None else 10 * dose)
    return Score(Column(name, "lower", family, False, reads), auc, *limits, 3, 3, 1.0, dose, 0.1, *pushed)


def markers(axes):
    return [line for line in axes.lines if line.get_marker() not in ("None", None, "")]


def test_a_line_a_column_in_order_with_limits_and_dose():
    scores = [row("a", auc=0.95, dose=0.05), row("b", TOFU, 0.7, None), row("c", OPEN_UNLEARNING, 0.6, 0.5)]
    left, right, pushed = compose(scores).axes
    assert [tick.get_text() for tick in left.get_yticklabels()] == ["a", "b", "c"]
    assert left.get_ylim()[0] > left.get_ylim()[1]  # the first one above
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in markers(left)] == [(0.95, 0), (0.7, 1), (0.6, 2)]
    assert [to_hex(line.get_color()).upper() for line in markers(left)] == [
        LOOKS[f][0] for f in (OURS, TOFU, OPEN_UNLEARNING)
    ]
    spans = [tuple(line.get_xdata()) for line in left.lines if line.get_marker() in ("None", None, "")][1:]
    assert spans == [(r.low, r.high) for r in scores]
    assert [tick.get_text() for tick in right.get_xticklabels()] == ["5", "50", "none"]
    assert [(line.get_xdata()[0], line.get_markerfacecolor() == "white") for line in markers(right)] == [
        (0, False), (2, True), (1, False),
    ]  # fmt: skip
    assert [(*line.get_xydata()[0], line.get_markerfacecolor() == "white") for line in markers(pushed)] == [
        (0.02, 0, True), (0.5, 0, False), (0.02, 1, True), (0.02, 2, True), (5.0, 2, False),
    ]  # fmt: skip


def test_columns_without_an_auc_or_a_forget_row_are_left_out():
    left, right, _ = compose([row("a", auc=None), row("b", reads=False), row("c")]).axes
    assert [tick.get_text() for tick in left.get_yticklabels()] == ["c"]
    assert len(markers(left)) == len(markers(right)) == 1


def test_a_scorecard_of_nothing_has_an_empty_figure():
    assert [len(markers(axes)) for axes in compose([]).axes] == [0, 0, 0]
