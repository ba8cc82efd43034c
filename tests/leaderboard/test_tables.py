from io import StringIO

from rich.console import Console

import metrics
from benchmark.leaderboard.latex import escape, latex
from benchmark.leaderboard.markdown import markdown
from benchmark.leaderboard.numbers import number
from benchmark.leaderboard.terminal import terminal_table
from tests.leaderboard.made_records import CONFIG, board_of, config, make_record, three_rows
from tests.metrics.factory import forget_scores


def test_caption_says_what_intervals_cover(tmp_path):
    covers = "retain: authors; real_authors: rows"
    runs = [make_record(utility=(0.5, 0.4, 0.6, 40, covers)), make_record("dpo", quality=(0.5, 0.4, 0.6))]
    text = markdown(board_of(tmp_path, *runs))
    assert "forget quality over authors, model utility over authors of retain, rows of real_authors." in text


MARKDOWN = """\
**quick**: n = 40 forget rows (forget10); 1 seed a row. Brackets: 95 % intervals, forget quality over \
authors, model utility over authors. ↑ higher is better, ↓ lower is better, → nearer to retrained is \
better. Bold: best method.

| Method | Forget quality ↑ | D ↓ | Model utility ↑ | Forget prob. → | Forget ROUGE → | \
Forget truth ratio → | Retain prob. ↑ | Retain ROUGE ↑ | Status |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |
| finetuned | 1.2e-8 [1.0e-12, 4.0e-3] | – | 0.620 [0.580, 0.660] | – | – | – | – | – | ok |
| grad_ascent† | 0.90 [0.50, 1.00] | – | 0.700 [0.600, 0.800] | – | – | – | – | – | diverged |
| npo+rt | **0.53** [0.21, 0.84] | 0.100 | **0.500** [0.450, 0.550] | – | – | – | – | – | ok |

† made by code with uncommitted changes.
"""

LATEX = (
    r"""% board: quick
% commits: abc123
% uncommitted changes: False, True
% packages: torch 2.13.0
% hardware: processor some CPU, cores 2
\begin{table}[t]
\centering
\caption{quick: n = 40 forget rows (forget10); 1 seed a row. Brackets: 95 \% intervals, """
    r"""forget quality over authors, model utility over authors. $\uparrow$ higher is better, """
    r"""$\downarrow$ lower is better, $\rightarrow$ nearer to retrained is better. Bold: best method. """
    r"""$^\dagger$ made by code with uncommitted changes.}
\label{tab:quick}
\footnotesize
\setlength{\tabcolsep}{3pt}
\begin{tabular}{lrrrrrrrrl}
\toprule
 &  &  &  & \multicolumn{3}{c}{Forget} & \multicolumn{2}{c}{Retain} &  \\
\cmidrule(lr){5-7}\cmidrule(lr){8-9}
Method & Forget quality $\uparrow$ & $D$ $\downarrow$ & Model utility $\uparrow$ & Prob. $\rightarrow$ & """
    r"""ROUGE $\rightarrow$ & Truth ratio $\rightarrow$ & Prob. $\uparrow$ & ROUGE $\uparrow$ & Status \\
\midrule
finetuned & 1.2e$-$8 {\scriptsize [1.0e$-$12, 4.0e$-$3]} & -- & 0.620 {\scriptsize [0.580, 0.660]} & """
    r"""-- & -- & -- & -- & -- & ok \\
\midrule
grad\_ascent$^\dagger$ & 0.90 {\scriptsize [0.50, 1.00]} & -- & 0.700 {\scriptsize [0.600, 0.800]} & """
    r"""-- & -- & -- & -- & -- & diverged \\
npo+rt & \textbf{0.53} {\scriptsize [0.21, 0.84]} & 0.100 & \textbf{0.500} {\scriptsize [0.450, 0.550]} & """
    r"""-- & -- & -- & -- & -- & ok \\
\bottomrule
\end{tabular}
\end{table}
"""
)


def test_caption_says_once_where_seeds_are_covered(tmp_path):
    runs = [make_record("npo", seed=s, quality=(q, q / 2, 2 * q)) for s, q in enumerate((0.1, 0.2, 0.3))]
    scores = {s: forget_scores([0.0]) for s in range(3)}
    text = markdown(board_of(tmp_path, make_record("dpo", quality=(0.3, 0.2, 0.4)), *runs, scores=scores))
    assert "forget quality over authors (and seeds, where a row has several)" in text.splitlines()[0]


def test_markdown_of_a_small_board(tmp_path):
    assert markdown(three_rows(tmp_path)) == MARKDOWN


def test_latex_of_a_small_board(tmp_path):
    assert latex(three_rows(tmp_path)) == LATEX


def test_best_is_found_in_each_split_and_leaves_partial_runs_out(tmp_path):
    board = board_of(
        tmp_path,
        make_record("a", quality=(0.9, 0.8, 1.0), partial=True),
        make_record("b", quality=(0.5, 0.4, 0.6)),
        make_record("c", quality=(0.4, 0.3, 0.5), split="forget05"),
    )
    text = markdown(board)
    assert "**0.50**" in text and "**0.40**" in text and "**0.90**" not in text
    assert "| b | forget10 |" in text and "a‡" in text
    assert latex(board).count(r"\midrule") == 2  # below the head, and between the splits


def test_numbers():
    shown = [number("forget_quality", p) for p in (1.0, 0.534, 0.01, 0.00999, 1.23e-8, 3e-120, 0.0, None)]
    assert shown == ["1.00", "0.53", "0.01", "1.0e-2", "1.2e-8", "3.0e-120", "<1e-300", "–"]
    assert number("model_utility", 0.62345) == "0.623"


def test_escape():
    assert escape("grad_ascent [a=1%] #2 {x} a&b $") == r"grad\_ascent [a=1\%] \#2 \{x\} a\&b \$"
    assert escape("\\~^") == r"\textbackslash{}\textasciitilde{}\textasciicircum{}"


def test_terminal_table_fits_100_columns(tmp_path):
    numbers = {name: (0.123, 0.1, 0.2) for name in metrics.ORDER} | {"forget_quality": (1.2e-120, 1e-130, 1e-9)}
    label = config(lr=3e-4, epochs=2)
    board = board_of(
        tmp_path,
        make_record("a_long_name+retain", metrics=numbers, dirty=True, partial=True, status="diverged"),
        make_record("a_long_name+retain", metrics=numbers, key="x", day=2, config=label),
        make_record("finetuned", metrics=numbers, split="forget05"),
    )
    out = StringIO()
    Console(file=out, width=100, legacy_windows=False).print(terminal_table(board))
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= 100
    assert "…" not in out.getvalue()  # nothing is cut off
    for head in ("Quality", "Utility", "Forget  Forget  Forget", "prob   ROUGE   truth"):
        assert head in out.getvalue()
    assert out.getvalue().count("1.2e-120") == 3
    assert "diverged*+" in out.getvalue() and "* made by code with uncommitted changes." in out.getvalue()
    assert "finetuned" in out.getvalue()  # common names are not folded


def test_test_authors_has_a_column_where_it_was_measured(tmp_path):
    halves = {"forget_quality_test_authors": (0.0123, 0.001, 0.2)}
    board = board_of(tmp_path, make_record(quality=(0.5, 0.4, 0.6), metrics=halves), make_record("dpo"))
    text = markdown(board)
    assert "| Method | Forget quality ↑ | Test authors ↑ | D ↓ |" in text
    assert "| npo | **0.50** [0.40, 0.60] | 0.01 | – |" in text and "no sweep has read" in text
    lines = latex(board).splitlines()
    assert r"\begin{tabular}{lrrrrrrrrrl}" in lines
    assert r"\cmidrule(lr){6-8}\cmidrule(lr){9-10}" in lines
    (heads,) = [line for line in lines if line.startswith("Method &")]
    assert [text.strip() for text in heads.split("&")].index(r"Prob. $\rightarrow$") == 5  # the sixth column


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
    assert "| npo§ | **0.50**" in text and "| dpo | 0.90" in text and "| no usable setting |" in text
    assert "§ the choice of its hyperparameters lies at an end of what was tried." in text
    assert r"npo$^\S$" in latex(board)
