"""Rows at the limit of utility, and retrained models below it, are named."""

from tests.leaderboard.made_records import board_of, compared, make_record, measured, yardstick


def row(name, kept, low, high, **fields):
    about = measured(kept, low, high, **({"part": fields.pop("part")} if "part" in fields else {}))
    return make_record(name, metrics={"utility_kept": about}, **fields)


def notes(folder, *records):
    return [note for note in board_of(folder, *records).notes if "of utility" in note]


def test_rows_whose_interval_holds_the_limit_are_named_by_block(tmp_path):
    ours = (
        row("npo", 0.93, 0.88, 0.96),
        row("dpo", 0.85, 0.8, 0.9),
        row("idk", 0.95, 0.9, 0.99),
        row("wga", 0.5, 0.4, 0.6),
    )
    unknown = row("fkl", 0.91, None, None), row("refuse_all", 0.89, 0.8, 0.95, role="control")
    (note,) = notes(tmp_path, *ours, *unknown)
    assert note == (
        "forget10: whether they keep 90 % of utility is open, as their intervals say: ranked: npo; below: dpo"
    )


def test_who_may_be_first_is_said_where_rows_are_open(tmp_path):
    rows = [
        compared("open", 1.0, metrics={"utility_kept": (0.89, 0.85, 0.93)}),
        compared("sure", 3.0, metrics={"utility_kept": (0.95, 0.94, 0.96)}),
        compared("far", 9.0, metrics={"utility_kept": (0.95, 0.94, 0.96)}),
    ]
    board = board_of(tmp_path, *yardstick(), *rows)
    shares = {row.method: row.p_first for row in board.rows}
    (note,) = [note for note in board.notes if "P(first)" in note]
    assert note == (
        f"forget10: may be the nearest that keeps it, P(first): sure {shares['sure']:.2f}, open {shares['open']:.2f}"
    )


def test_each_split_has_its_own(tmp_path):
    found = notes(tmp_path, row("npo", 0.93, 0.88, 0.96), row("npo", 0.93, 0.88, 0.96, split="forget05"))
    assert [note.split(":")[0] for note in found] == ["forget05", "forget10"]


def test_a_retrained_model_below_the_limit_is_named_with_its_part(tmp_path):
    found = notes(
        tmp_path,
        row("retrained", 0.82, 0.6, 1.1, part="world_facts_rouge"),
        row("retrained", 0.97, 0.9, 1.1, seed=1, part="retain_rouge"),
    )
    assert found == [
        "forget10: of 2 retrained models, which have no fault, 1 below 90 % of utility (world_facts_rouge 0.82): "
        "by that part chance alone turns models away"
    ]
    assert notes(tmp_path / "sound", row("retrained", 0.97, 0.9, 1.1), row("retrained", 0.9, 0.8, 1.1, seed=1)) == []
