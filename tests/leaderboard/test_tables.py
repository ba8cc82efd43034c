from io import StringIO

from rich.console import Console

import metrics
from benchmark.leaderboard.latex import latex
from benchmark.leaderboard.markdown import markdown
from benchmark.leaderboard.numbers import number
from benchmark.leaderboard.terminal import terminal_table
from tests.leaderboard.made_records import (
    CONFIG,
    board_of,
    compared,
    config,
    make_record,
    measured,
    three_rows,
    whole_board,
    yardstick,
)


def test_caption_says_what_intervals_cover(tmp_path):
    covers = "retain: authors; real_authors: rows"
    runs = [make_record(utility=(0.5, 0.4, 0.6, 40, covers)), make_record("dpo", metrics={"residual": (0.5, 0.4, 0.6)})]
    text = markdown(board_of(tmp_path, *runs))
    assert "residual over authors, model utility over authors of retain, rows of real_authors." in text


MARKDOWN = """\
**quick**: n = 40 forget rows (forget10); 1 seed a method. Brackets: 95 % intervals, model utility over authors. \
↑ higher is better, ↓ lower is better, → nearer to retrained is better.

| Method | Forget quality (TOFU) ↑ | Model utility ↑ | Minutes | Status |
| --- | ---: | ---: | ---: | --- |
| *models* |  |  |  |  |
| finetuned | 1.2e-8 | 0.620 [0.580, 0.660] | – | ok |
| *methods* |  |  |  |  |
| npo+rt | 0.53 | 0.500 [0.450, 0.550] | – | ok |
| *not ranked* |  |  |  |  |
| grad_ascent† | 0.90 | 0.700 [0.600, 0.800] | – | diverged |

† made by code with uncommitted changes.

**Details**

| Method | D ↓ |
| --- | ---: |
| *models* |  |
| finetuned | – |
| *methods* |  |
| npo+rt | 0.100 |
| *not ranked* |  |
| grad_ascent† | – |

**Notes**

- dirty: made by code with uncommitted changes: grad_ascent forget10 seed 0
"""


def test_caption_says_once_where_seeds_are_covered(tmp_path):
    own = [measured(u, u - 0.1, u + 0.1, standard_error=0.05, degrees=7.0) for u in (0.4, 0.5, 0.6)]
    runs = [make_record("npo", seed=s, utility=u) for s, u in enumerate(own)]
    two = [make_record("idk", seed=s, utility=u) for s, u in enumerate(own[:2])]
    text = markdown(board_of(tmp_path, make_record("dpo", utility=(0.3, 0.2, 0.4)), *runs, *two))
    assert "intervals, model utility over authors (and seeds, where a row has several)." in text.splitlines()[0]
    assert "1 to 3 seeds a method" in text


def test_the_main_table_of_a_board_with_distances(tmp_path):
    lines = markdown(whole_board(tmp_path)).splitlines()
    assert (
        "Distance: from 3 retrained models, 1 = like one more of them; the largest of those by truth ratio" in lines[0]
    )
    assert lines[2] == "| Method | Distance ↓ | p ↑ | Residual → | Ranks | Utility kept ↑ | Minutes | Status |"
    assert lines[4:12] == [
        "| *models* |  |  |  |  |  |  |  |",
        "| retrained | 1.00 [0.75, 1.25] | – | – | – | – | – | ok |",
        "| *controls* |  |  |  |  |  |  |  |",
        "| refuse_all | 9.00 | – | – | – | 0.000 | – | ok |",
        "| *methods* |  |  |  |  |  |  |  |",
        "| npo | **1.25** [0.62, 2.50] | 4.0e-3 | -0.20 [-0.50, 0.10] | 1–2 | 0.950 [0.920, 0.990] | 1.5 | ok |",
        "| rkld | **1.50** [0.75, 3.00] | 4.0e-3 | -0.20 [-0.50, 0.10] | 1–2 | 0.950 [0.920, 0.990] | 1.5 | ok |",
        "| idk | 12.00 [6.00, 24.00] | 4.0e-3 | -0.20 [-0.50, 0.10] | 3 | 0.950 [0.920, 0.990] | 1.5 | ok |",
    ]
    assert lines[13] == "**Notes**" and all(line.startswith("- ") for line in lines[15:])


def test_details_are_a_table_of_their_own(tmp_path):
    board = board_of(tmp_path, make_record(utility=(0.5,), metrics={"forget_rouge": (0.3, 0.2, 0.4), "dose": (0.07,)}))
    main, details = markdown(board).split("**Details**")
    assert "| Method | Model utility ↑ | Minutes | Status |" in main
    assert "| Method | Dose ↓ | Forget ROUGE → |" in details and "| npo | 0.07 | 0.300 |" in details
    assert r"\label{tab:quick-details}" in latex(board)


def test_markdown_of_a_small_board(tmp_path):
    assert markdown(three_rows(tmp_path)) == MARKDOWN


def test_splits_have_a_column_and_lines_between_them(tmp_path):
    board = board_of(
        tmp_path,
        make_record("b", quality=(0.5, 0.4, 0.6), partial=True),
        make_record("c", quality=(0.4, 0.3, 0.5), split="forget05"),
    )
    text = markdown(board)
    assert "| b‡ | forget10 |" in text and "| c | forget05 |" in text
    assert latex(board).count(r"\midrule") == 2  # below the head, and between the splits


def test_numbers():
    shown = [number("forget_quality", p) for p in (1.0, 0.534, 0.01, 0.00999, 1.23e-8, 3e-120, 0.0, None)]
    assert shown == ["1.00", "0.53", "0.01", "1.0e-2", "1.2e-8", "3.0e-120", "<1e-300", "–"]
    assert number("model_utility", 0.62345) == "0.623"
    assert [number("residual", x) for x in (-0.001, -0.01, 0.0)] == ["0.00", "-0.01", "0.00"]


def test_terminal_table_fits_80_columns(tmp_path):
    numbers = {name: (0.123, 0.1, 0.2) for name in metrics.ORDER} | {"forget_quality": (1.2e-120, 1e-130, 1e-9)}
    numbers |= {"distance_largest": (123.45, 100.0, 150.0), "residual": (-1.23, -2.0, 0.0), "utility_kept": (0.951,)}
    label = config(lr=3e-4, epochs=2)
    board = board_of(
        tmp_path,
        *yardstick(),
        compared("long_name+rt", 1.0, metrics=numbers, dirty=True),
        compared("long_name+rt", 1.0, metrics=numbers, key="x", day=2, config=label),
        make_record("collapsed", metrics=numbers, status="diverged", partial=True),
    )
    out = StringIO()
    Console(file=out, width=80, legacy_windows=False).print(terminal_table(board))
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert "…" not in out.getvalue()  # nothing is cut off
    for head in ("Dist-", "Resi-", "Ranks", "Kept", "quality", "Util-"):
        assert head in out.getvalue()
    assert out.getvalue().count("1.2e-120") == 3 and out.getvalue().count("123.45") == 3
    assert "diverged+" in out.getvalue() and "* made by code with uncommitted changes." in " ".join(
        out.getvalue().split()
    )
    assert "long_name+rt " in out.getvalue() and "1-2" in out.getvalue()  # common names are not folded


def test_test_authors_has_a_column_where_it_was_measured(tmp_path):
    halves = {"forget_quality_test_authors": (0.0123, 0.001, 0.2)}
    board = board_of(tmp_path, make_record(quality=(0.5, 0.4, 0.6), metrics=halves), make_record("dpo"))
    _, details = markdown(board).split("**Details**")
    assert "| Method | Forget quality, test authors ↑ |" in details and "| npo | 0.01 |" in details
    assert r"Forget quality, test authors $\uparrow$" in latex(board)


def test_how_hyperparameters_were_chosen_is_shown(tmp_path):
    edge, unusable = ({"tuning": {"trials": 7, "edge": True}}, {"tuning": {"trials": 7, "usable": False}})
    board = board_of(
        tmp_path,
        make_record("dpo", quality=(0.9, 0.8, 1.0), config=CONFIG | unusable),
        make_record("npo", quality=(0.5, 0.4, 0.6), config=CONFIG | edge),
        make_record("rkld", quality=(0.4, 0.3, 0.5)),
    )
    names = [entry.method for entry in board.rows]
    assert names == ["npo", "rkld", "dpo"]  # what is not usable has no place among the others, however high its quality
    text = markdown(board)
    assert "| npo§ | 0.50 |" in text and "| dpo | 0.90 | – | no usable setting |" in text
    assert "§ the choice of its hyperparameters lies at an end of what was tried." in text
    assert r"npo$^\S$" in latex(board)
