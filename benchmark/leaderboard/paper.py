"""A paper's figure and table: chosen rows and columns of a board, with what a reader must know to find them again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmark.common.errors import UserError, unknown_name
from benchmark.common.files import write_text
from benchmark.leaderboard.board import Board
from benchmark.leaderboard.captions import covered, footnotes, span
from benchmark.leaderboard.distance_view import DistanceView
from benchmark.leaderboard.entries import BELOW, METHODS, UNRANKED, Entry
from benchmark.leaderboard.figure import compose, save, view_of
from benchmark.leaderboard.headings import DETAILS, MAIN, RANK, RANK_WORST, RANKS, Heading, shown, words
from benchmark.leaderboard.latex import FITTED, comments, label, plain, table
from benchmark.leaderboard.markdown import escaped, main_table
from benchmark.leaderboard.quality_view import QualityView
from benchmark.leaderboard.standing import standing_sentence
from benchmark.leaderboard.view import View
from metrics.calibration.headline import DISTANCE, P

SHORT = 10  # characters of a commit
SCALES = {
    DISTANCE: "Distance: from the retrained models, 1 = like one more of them, by the farthest of three statistics.",
    "residual": "Residual: share of fine-tuning's effect on the forget rows that is left, 0 as retrained, 1 as never unlearned.",
    P: "p: of being one more retrained model, by all three.",
}


@dataclass(frozen=True)
class Paper:
    """What is shown of a board."""

    board: Board  # with the chosen rows alone; ranks and their tests are those of the whole board
    columns: dict[str, Heading]
    methods: dict[str, int]  # split -> the methods of the whole board that are ranked
    retrained: dict[str, int]  # split -> retrained models
    authors: dict[str, int]  # split -> forget authors, where the records say


def choose(
    board: Board,
    methods: Sequence[str] | None,
    metrics: Sequence[str] | None,
    split: str | None,
    best: int | None = None,
) -> Paper:
    """The chosen rows and columns, in the board's order of rows and the given order of columns.

    Args:
        methods: rows by their name on the board, or by the method's name for all of its rows; None: all.
        metrics: columns by name, "rank" and "rank_worst" too; None: those of the board's main table.
        split: one alone; None: all.
        best: of the methods only the first so many of every split, of those that keep enough of utility; None: all.

    Raises:
        UserError: the board lacks a split, row or column of that name, or has no value of a column in these rows.
    """
    if split is not None and split not in board.splits:
        raise unknown_name("split", split, board.splits)
    rows = [entry for entry in board.rows if split in (None, entry.split)]
    known = {entry.method for entry in rows} | {entry.name for entry in rows}
    for name in methods or ():
        if name not in known:
            raise unknown_name("method", name, known)
    chosen = [entry for entry in rows if methods is None or entry.method in methods or entry.name in methods]
    if best is not None:
        left_out = {id(entry) for split in board.splits for entry in _after_the_best(chosen, split, best)}
        chosen = [entry for entry in chosen if id(entry) not in left_out]
    part = replace(board, rows=chosen)
    headings = MAIN | DETAILS
    for metric in metrics or ():
        if metric not in board.columns and metric not in RANKS:
            raise unknown_name("metric", metric, [*board.columns, *RANKS])
    columns = {m: headings.get(m, Heading(m.replace("_", " "))) for m in metrics or MAIN}
    if metrics and (empty := [metric for metric in metrics if metric not in shown(part, columns)]):
        why = next(
            (entry.cells[empty[0]].covers for entry in chosen if empty[0] in entry.cells), "none of them is ranked"
        )
        raise UserError(f"{board.name} has no {empty[0]} in these rows ({why}): leave it out of --metrics")
    splits = {entry.split for entry in chosen}
    return Paper(
        part,
        columns,
        {s: sum(e.split == s and e.rank is not None for e in board.rows) for s in splits},
        {s: max((len(e.seeds) for e in board.rows if e.split == s and e.name == "retrained"), default=0) for s in splits},
        {s: max((len(set(r.forget_rows.get("author", ()))) for r in board.records if r.split == s), default=0) for s in splits},
    )  # fmt: skip


def _after_the_best(rows: Sequence[Entry], split: str, best: int) -> list[Entry]:
    """A split's methods that are not among the first ``best`` of their block, and all that stand below it."""
    of_split = [entry for entry in rows if entry.split == split]
    ranked = [entry for entry in of_split if entry.block == METHODS]
    return ranked[best:] + [entry for entry in of_split if entry.block in (BELOW, UNRANKED)]


def write_paper(folder: Path, paper: Paper) -> list[Path]:
    """Write paper.tex (a table, and a figure that includes paper.pdf), paper.md (the table), .pdf and .png; the files."""
    write_text(folder / "paper.tex", tex(paper))
    write_text(folder / "paper.md", f"{escaped(caption(paper))}\n\n{main_table(paper.board, paper.columns)}\n")
    save(compose(paper.board, _view(paper)), folder / "paper.png")
    return [folder / f"paper.{kind}" for kind in ("tex", "md", "pdf", "png")]


def tex(paper: Paper) -> str:
    r"""A ``table`` and a ``figure``, for a document with ``\usepackage{booktabs,adjustbox}``."""
    board, view = paper.board, _view(paper)
    front = ", dashes: the Pareto front of the rows shown" if isinstance(view, DistanceView) else ""
    axes = f"{words(view.y)} against {words(view.x)}"
    figure = f"{board.name}: {axes}; bars: 95 % intervals{front}. {provenance(paper)}"
    lines = [
        *comments(board),
        *table(board, paper.columns, caption(paper), suffix="-paper", with_interval=list(paper.columns)),
        "",
        r"\begin{figure}[t]",
        r"\centering",
        FITTED,
        r"\includegraphics{paper.pdf}",
        r"\end{adjustbox}",
        rf"\caption{{{plain(figure)}}}",
        rf"\label{{fig:{label(board)}-paper}}",
        r"\end{figure}",
    ]
    return "\n".join(lines) + "\n"


def caption(paper: Paper) -> str:
    """What is counted, what brackets and ranks are, and where the numbers are from."""
    board = paper.board
    parts = [f"{board.name}, {', '.join(board.splits)}.", *(text for m, text in SCALES.items() if m in paper.columns)]
    if RANK in paper.columns:
        ranked = ", ".join(f"{count} ({split})" for split, count in paper.methods.items())
        parts.append(f"Ranks: places that paired tests over authors leave open among all ranked methods, {ranked}.")
    if RANK_WORST in paper.columns:
        parts.append("Ranks, worst attack: the same by the residual under the attack that brings most back.")
    units = {heading.document: covered(board, m) for m, heading in paper.columns.items() if m not in RANKS}
    if brackets := [f"{name} over {over}" for name, over in units.items() if over]:
        parts.append(f"Brackets: 95 % intervals, {'; '.join(brackets)}.")
    if any(entry.is_best for entry in board.rows) and DISTANCE in paper.columns:
        parts.append("Bold: nearer than some method of the board by these tests, and none is nearer.")
    return " ".join([*parts, provenance(paper), *footnotes(board), standing_sentence(board)]).rstrip()


def provenance(paper: Paper) -> str:
    """Board, rows, authors, seeds, retrained models and commits, in a sentence or two."""
    board = paper.board
    counts = [
        f"{span(e.n for e in board.rows if e.split == split)} forget rows"
        + (f" of {paper.authors[split]} authors" if paper.authors[split] else "")
        + f" and {paper.retrained[split]} retrained models ({split})"
        for split in board.splits
    ]
    seeds = sorted({seed for entry in board.rows if entry.role == "method" for seed in entry.seeds})
    commits = dict.fromkeys(commit[:SHORT] for entry in board.rows for commit in entry.commits)
    made = f"commit {', '.join(commits)}" if commits else "no known commit"
    trained = f"; seeds {', '.join(map(str, seeds))}" if seeds else ""
    return f"Board {board.name} at {made}: {', '.join(counts)}{trained}."


def _view(paper: Paper) -> View:
    """TOFU's own axes where its two columns are chosen and distance is not."""
    if DISTANCE not in paper.columns and {QualityView.x, QualityView.y} <= paper.columns.keys():
        return QualityView()
    return view_of(paper.board)
