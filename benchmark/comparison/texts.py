"""The words and numbers of a comparison, for all of its tables."""

from __future__ import annotations

from benchmark.common.rank_correlation import RankCorrelation
from benchmark.comparison.compare import HEADLINE, Comparison, RowPair
from benchmark.comparison.difference import Difference, Kind
from benchmark.comparison.order import Order, Places
from benchmark.leaderboard.headings import DETAILS, MAIN, words
from benchmark.leaderboard.numbers import UNKNOWN, number

MOST = 12  # names or settings that one line spells out


def difference_text(column: str, difference: Difference | None, between: str = " ") -> str:
    """ "x1.02 [0.95, 1.10]" of a ratio, "+0.01 [-0.10, 0.12]" of a difference, "+0.5 decades" of p-values."""
    if difference is None or difference.value is None:
        return UNKNOWN
    text = value_text(column, difference) + (" decades" if difference.kind == "decades" else "")
    if difference.low is None or difference.high is None:
        return text
    low, high = (_plain(column, difference.kind, end) for end in (difference.low, difference.high))
    return f"{text}{between}[{low}, {high}]"


def value_text(column: str, difference: Difference) -> str:
    """The difference alone, without limits and without the word "decades"."""
    if difference.value is None:
        return UNKNOWN
    text = _plain(column, difference.kind, difference.value)
    return f"×{text}" if difference.kind == "ratio" else _signed(text)


def _plain(column: str, kind: Kind, value: float) -> str:
    if kind == "ratio":
        return f"{value:.2f}"
    return _decimal(value) if kind == "decades" else number(column, value)


def _signed(text: str) -> str:
    return text if text.startswith("-") or not text.strip("0.") else f"+{text}"


def _decimal(value: float) -> str:
    """One digit after the point, without a sign where that is zero."""
    text = f"{value:.1f}"
    return text.lstrip("-") if not text.strip("-0.") else text


def places_text(places: Places | None) -> str:
    """ "3 → 2"; the sets that tests leave open, and whether they meet."""
    if places is None:
        return UNKNOWN
    text = f"{places.a:g} → {places.b:g}"
    if places.set_a is None or places.set_b is None:
        return text
    return f"{text} ({_set(places.set_a)}; {_set(places.set_b)}{'' if places.overlap else '; apart'})"


def _set(places: tuple[int, int]) -> str:
    return str(places[0]) if places[0] == places[1] else f"{places[0]}–{places[1]}"


def order_lines(order: Order) -> list[str]:
    """What there is to say of a split's two orders."""
    moved, count = order.moved, len(order.places)
    lines = [
        f"{order.split}: {count} methods are ranked on both boards, by {words(order.by)}. Kendall's tau-b "
        f"{correlation_text(order.tau)}; Spearman's rho {correlation_text(order.rho)}.",
        f"{order.split}: {len(moved)} of {count} change places"
        + (f" ({names(moved)})" if moved else "")
        + f"; {overlap_text(order)}.",
    ]
    if order.left_out:
        lines.append(f"{order.split}: ranked on one of the boards only, and not counted: {names(order.left_out)}.")
    return lines


def overlap_text(order: Order) -> str:
    """Whether the places that tests over authors leave open meet, without a capital and a full stop."""
    if apart := [m for m, places in order.places.items() if places.overlap is False]:
        return f"beyond what tests over authors leave open: {names(apart)}"
    if untested := sum(places.overlap is None for places in order.places.values()):
        return f"{untested} have no tests on one of the boards"
    return "the places that tests over authors leave open overlap for all of them"


def heading_of(column: str) -> str:
    """What stands above a column in documents."""
    known = {**MAIN, **DETAILS}
    return known[column].document if column in known else column


def agreement_rows(comparison: Comparison) -> list[list[str]]:
    """Column (with its split where there are several), methods, Kendall's tau-b and Spearman's rho; the header first."""
    several = len({own.split for own in comparison.agreements}) > 1
    return [
        ["Order by", "Methods", "Kendall's tau-b", "Spearman's rho"],
        *(
            [
                f"{heading_of(own.column)}{f' ({own.split})' if several else ''}",
                str(own.methods),
                correlation_text(own.tau),
                correlation_text(own.rho),
            ]
            for own in comparison.agreements
        ),
    ]


def correlation_text(correlation: RankCorrelation) -> str:
    """ "0.93 [0.80, 0.98], p 1.0e-4"."""
    p = "" if correlation.value is None else f", p {number('p_retrained', correlation.p)}"
    return correlation.text + p


def how(comparison: Comparison) -> list[str]:
    """Which columns are paired over forget authors, and which are not."""
    lines, both = [], comparison.columns(HEADLINE)
    for column in both:
        known = [row.differences[column] for row in comparison.rows if column in row.differences]
        pairs = sum(d.is_paired for d in known)
        apart = sum(d.covers == "unpaired" for d in known)
        same = sum("the same on both boards" in d.covers for d in known)
        parts = [(pairs, "paired over forget authors"), (apart, "unpaired, from both intervals"),
                 (same, "the same author by author"), (len(known) - pairs - apart - same, "without an interval")]  # fmt: skip
        lines.append(f"{column}: " + ", ".join(f"{n} row{'s' * (n > 1)} {text}" for n, text in parts if n))
    lone = [c for c in HEADLINE if c not in both and any(c in r.differences for r in comparison.rows)]
    return [*lines, *([f"on one of the boards only: {', '.join(lone)}"] if lone else [])]


def telling(comparison: Comparison) -> tuple[list[str], int]:
    """Rows and columns whose interval excludes no difference, and how many intervals there are."""
    known = [
        (f"{row_name(row, comparison)} {column}", row.differences[column])
        for row in comparison.rows
        for column in HEADLINE
        if column in row.differences and row.differences[column].low is not None
    ]
    return [name for name, difference in known if difference.excludes_none], len(known)


def row_name(row: RowPair, comparison: Comparison) -> str:
    """The method, with its split where the boards have several."""
    several = len({r.a.split for r in comparison.rows}) > 1
    return f"{row.a.method} {row.a.split}" if several else row.a.method


def names(known: list[str] | tuple[str, ...]) -> str:
    """The first so many names, and how many more there are."""
    more = len(known) - MOST
    return ", ".join(known[:MOST]) + (f" and {more} more" if more > 0 else "")


def summary(comparison: Comparison) -> list[str]:
    """The lines above the tables."""
    name_a, name_b = comparison.names
    outside, count = telling(comparison)
    lines = [line for order in comparison.orders for line in order_lines(order)]
    if count:
        told = f"{len(outside)} of {count} intervals exclude no difference{f' ({names(outside)})' if outside else ''}"
        lines.append(f"{told}; of as many equal ones about {count / 20:.0f} would by chance.")
    if changed := [row_name(row, comparison) for row in comparison.rows if row.settings]:
        lines.append(f"{len(changed)} rows have other settings or seeds of their own: {names(changed)}.")
    for name, entries in ((name_a, comparison.only_a), (name_b, comparison.only_b)):
        if entries:
            lines.append(f"only in {name}: {names([f'{entry.method} {entry.split}' for entry in entries])}")
    return lines
