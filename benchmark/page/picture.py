"""Distance against utility kept as a small SVG: points with titles and links to their rows, names, band and front.

The numbers of the axes are those of the board's printed figure (leaderboard/view.py), so that both show the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from benchmark.leaderboard.board import Board
from benchmark.leaderboard.distance_view import UTILITY_TICKS, DistanceView
from benchmark.leaderboard.entries import Entry
from benchmark.leaderboard.figure import view_of
from benchmark.leaderboard.labels import leader_end, place
from benchmark.leaderboard.numbers import number
from benchmark.leaderboard.view import View
from metrics.utility_kept import KEPT

WIDTH, HEIGHT = 880, 500
LEFT, RIGHT, TOP, BOTTOM = 62, 862, 26, 446  # of the panel
LETTER, LINE = 6.3, 14.0  # pixels that a letter of a name takes on average, and a name's height
LONGEST = 26  # letters of a name in the picture; its title has all


@dataclass(frozen=True)
class Point:
    """A row in the picture, in pixels."""

    id: str
    name: str
    title: str
    kind: str  # its class: method, control, finetuned, retrained, base
    x: float
    y: float
    across: tuple[float, float] | None  # interval of utility
    upright: tuple[float, float] | None
    under: bool  # beyond the end of the axis
    front: bool
    label: tuple[float, float]  # where the name stands
    leader: tuple[float, float] | None  # end of the line to it


@dataclass(frozen=True)
class Picture:
    """A split's picture."""

    split: str
    x_label: str
    y_label: str
    x_ticks: list[tuple[float, str]]
    y_ticks: list[tuple[float, str]]
    points: list[Point]
    band: tuple[float, float] | None  # top and height of the retrained models' range
    enough: tuple[float, float] | None  # left end and width of utility from 90 % on
    stairs: str  # points of the front's line


def pictures(board: Board, ids: dict[tuple[str, str], str]) -> list[Picture]:
    """One for each split that has a row with both numbers."""
    view = view_of(board)
    shown = [entry for entry in board.rows if view.is_defined(entry)]
    panels = {split: [e for e in shown if e.split == split] for split in board.splits}
    return [_picture(split, entries, view, view.across(shown), ids) for split, entries in panels.items() if entries]


def fronts(board: Board) -> set[tuple[str, str]]:
    """(split, row) of the rows on their split's Pareto front."""
    view = view_of(board)
    shown = [entry for entry in board.rows if view.is_defined(entry)]
    panels = [[entry for entry in shown if entry.split == split] for split in board.splits]
    return {(e.split, e.method) for panel in panels for e, on in zip(panel, view.front(panel), strict=True) if on}


def _picture(
    split: str, entries: list[Entry], view: View, across: tuple[float, float], ids: dict[tuple[str, str], str]
) -> Picture:
    bottom, top = view.limits(entries)

    def at_x(value: float) -> float:
        stretched = float(view.stretched(np.array([value]))[0])
        return _within(LEFT + (stretched - across[0]) / (across[1] - across[0]) * (RIGHT - LEFT), LEFT, RIGHT)

    def at_y(height: float) -> float:
        return _within(BOTTOM - (height - bottom) / (top - bottom) * (BOTTOM - TOP), TOP, BOTTOM)

    places = [view.place(entry) for entry in entries]
    front = view.front(entries)
    xy = np.array([(at_x(x), at_y(y)) for x, y in places])
    band = view.yardsticks.get(split) if isinstance(view, DistanceView) else None
    ticks = UTILITY_TICKS if isinstance(view, DistanceView) else tuple(i / 10 for i in range(16))
    low, high = (across[0], across[1])
    inside = [t for t in ticks if low <= float(view.stretched(np.array([t]))[0]) <= high]
    points = _points(entries, xy, front, view, (at_x, at_y), ids)
    return Picture(
        split=split,
        x_label=view.x_label,
        y_label=view.y_label,
        x_ticks=[(at_x(t), f"{t:g}") for t in inside],
        y_ticks=[(at_y(t), _plain(text)) for t, text in zip(*view.ticks(bottom, top), strict=True)],
        points=points,
        band=_span(at_y(view.height(band[0])), at_y(view.height(band[1]))) if band else None,
        enough=_span(at_x(KEPT), RIGHT) if isinstance(view, DistanceView) else None,
        stairs=_stairs([(float(x), float(y)) for (x, y), on in zip(xy, front, strict=True) if on]),
    )


def _points(entries: list[Entry], xy: np.ndarray, front: list[bool], view: View, at: tuple, ids: dict) -> list[Point]:
    names = [e.method if len(e.method) <= LONGEST else e.method[: LONGEST - 1] + "…" for e in entries]
    sizes = np.array([(LETTER * len(name) + 4, LINE) for name in names])
    corners = place(xy, sizes, (LEFT, TOP, RIGHT, BOTTOM), 5.0, np.zeros((0, 4)))
    at_x, at_y = at
    made = []
    for entry, name, (x, y), corner, size, on in zip(entries, names, xy, corners, sizes, front, strict=True):
        utility, other = entry.cells[view.x], entry.cells[view.y]
        end = leader_end(np.array([x, y]), np.concatenate([corner, corner + size]))
        far = float(np.hypot(*(end - (x, y)))) > 9
        made.append(
            Point(
                id=ids[entry.split, entry.method],
                name=name,
                title=_title(entry, view),
                kind=entry.name if entry.role == "model" and entry.name in ("finetuned", "retrained", "base") else entry.role,
                x=float(x),
                y=float(y),
                across=None if utility.low is None or utility.high is None else (at_x(utility.low), at_x(utility.high)),
                upright=None if other.low is None or other.high is None
                else (at_y(view.height(other.low)), at_y(view.height(other.high))),
                under=view.is_under(entry),
                front=on,
                label=(float(corner[0]) + 2, float(corner[1]) + LINE - 3.5),
                leader=(float(end[0]), float(end[1])) if far else None,
            )
        )  # fmt: skip
    return made


def _title(entry: Entry, view: View) -> str:
    """What the pointer shows: the name, both numbers with their intervals, and the settings that were searched."""
    lines = [entry.method]
    for column in (view.y, view.x):
        cell = entry.cells[column]
        limits = "" if cell.low is None else f" [{number(column, cell.low)}, {number(column, cell.high)}]"
        lines.append(f"{column.replace('_', ' ')} {number(column, cell.value)}{limits}")
    training, own = entry.config.get("training") or {}, entry.config.get("method") or {}
    settings = {key: training[key] for key in ("lr", "epochs") if entry.role == "method" and key in training} | own
    lines += [", ".join(f"{key} = {value}" for key, value in settings.items())] if settings else []
    return "\n".join(lines)


def _stairs(points: list[tuple[float, float]]) -> str:
    """The edge of what the front's points beat: from the left edge to the best of them, down to the bottom."""
    if not points:
        return ""
    ordered = sorted(points, key=lambda point: (point[0], point[1]))
    corners = [(float(LEFT), ordered[0][1])]
    for x, y in ordered:
        corners += [(corners[-1][0], y), (x, y)]
    corners.append((corners[-1][0], float(BOTTOM)))
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)


def _span(low: float, high: float) -> tuple[float, float]:
    return min(low, high), abs(high - low)


def _within(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def _plain(text: str) -> str:
    """A tick of the printed figure without its mathematics: ``$\\leq 10^{-10}$`` is "≤ 1e-10"."""
    return re.sub(r"10\^\{(-?\d+)\}", r"1e\1", text.replace("$", "").replace("\\leq", "≤"))
