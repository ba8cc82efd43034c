"""A board as LaTeX: the text itself, and what TeX makes of it."""

import shutil
import subprocess

import pytest

from benchmark.leaderboard.latex import escape, latex
from tests.conftest import ROOT
from tests.leaderboard.made_records import three_rows, whole_board

LATEX = (
    r"""% needs \usepackage{booktabs,adjustbox}
% board: quick
% commits: abc123
% uncommitted changes: False, True
% packages: torch 2.13.0
% hardware: processor some CPU, cores 2
\begin{table}[t]
\centering
\setlength{\belowcaptionskip}{4pt}
\caption{quick: n = 40 forget rows (forget10); 1 seed a method. Brackets: 95 \% intervals, model utility over authors. """
    r"""$\uparrow$ higher is better, $\downarrow$ lower is better, $\rightarrow$ nearer to retrained is """
    r"""better. $^\dagger$ made by code with uncommitted changes.}
\label{tab:quick}
\footnotesize
\setlength{\tabcolsep}{3pt}
\begin{adjustbox}{max width=\linewidth, max totalheight=0.6\textheight}
\begin{tabular}{lrrrl}
\toprule
Method & Forget quality (TOFU) $\uparrow$ & Model utility $\uparrow$ & Min. & Status \\
\midrule
\multicolumn{5}{l}{\emph{models}} \\
finetuned & 1.2e$-$8 & 0.620 {\scriptsize [0.580, 0.660]} & -- & ok \\
\midrule
\multicolumn{5}{l}{\emph{methods}} \\
npo+rt & 0.53 & 0.500 {\scriptsize [0.450, 0.550]} & -- & ok \\
\midrule
\multicolumn{5}{l}{\emph{not ranked}} \\
grad\_ascent$^\dagger$ & 0.90 & 0.700 {\scriptsize [0.600, 0.800]} & -- & diverged \\
\bottomrule
\end{tabular}
\end{adjustbox}
\end{table}

\begin{table}[t]
\centering
\setlength{\belowcaptionskip}{4pt}
\caption{quick: details.}
\label{tab:quick-details}
\footnotesize
\setlength{\tabcolsep}{3pt}
\begin{adjustbox}{max width=\linewidth, max totalheight=0.6\textheight}
\begin{tabular}{lr}
\toprule
Method & D $\downarrow$ \\
\midrule
\multicolumn{2}{l}{\emph{models}} \\
finetuned & -- \\
\midrule
\multicolumn{2}{l}{\emph{methods}} \\
npo+rt & 0.100 \\
\midrule
\multicolumn{2}{l}{\emph{not ranked}} \\
grad\_ascent$^\dagger$ & -- \\
\bottomrule
\end{tabular}
\end{adjustbox}
\end{table}
"""
)


def test_latex_of_a_board_with_distances(tmp_path):
    text = latex(whole_board(tmp_path))
    residual, kept = r"$-$0.20 {\scriptsize [$-$0.50, 0.10]}", r"0.950 {\scriptsize [0.920, 0.990]}"
    best = r"\textbf{1.25} {\scriptsize [0.62, 2.50]}"
    assert rf"npo & {best} & 4.0e$-$3 & {residual} & 1--2 & {kept} & 1.5 & ok \\" in text
    assert "-details" not in text  # nothing to show there


def test_latex_of_a_small_board(tmp_path):
    assert latex(three_rows(tmp_path)) == LATEX


def test_escape():
    assert escape("grad_ascent [a=1%] #2 {x} a&b $") == r"grad\_ascent [a=1\%] \#2 \{x\} a\&b \$"
    assert escape("\\~^") == r"\textbackslash{}\textasciitilde{}\textasciicircum{}"


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex here")
@pytest.mark.parametrize("name", ["quick", "authors-100-seeds"])  # wide; three splits, higher than a page
def test_a_published_table_fits_a_page(tmp_path, name):
    table = ROOT / "results" / "published" / name / "leaderboard.tex"
    text = rf"\documentclass{{article}}\usepackage{{booktabs,adjustbox}}\begin{{document}}\input{{{table}}}\end{{document}}"
    (tmp_path / "page.tex").write_text(text)
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "page.tex"]
    made = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    missing = f"page.tex needs what this TeX lacks: {made.stdout[-500:]}"
    assert made.returncode == 0, missing
    assert "Overfull" not in made.stdout and "too large" not in made.stdout
