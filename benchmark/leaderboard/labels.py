"""Places for the names of points in a plot, so that names cover neither points nor one another.

Coordinates are those of the canvas (pixels). Nothing is random: the same points give the same places.
The package adjustText (1.4.0) was tried instead on boards of 18 and 43 names: whatever its forces, names lay on points
or on one another, and it took 2 to 30 seconds where this takes 0.4.
"""

from __future__ import annotations

import numpy as np

ANGLES = np.arange(24) * (2 * np.pi / 24)
SWEEPS = 8  # each label is placed again, given all the others, at most so often
# What a fault costs, beside the distance from point to name in units of a name's height.
OVERLAP, COVERED_POINT, PIERCED_POINT, CROSSING = 1000.0, 120.0, 20.0, 8.0
# Another's point nearer than its own costs a name little where it stands apart from all points, with a line to its own. It
# costs more than the longest way where that point is so close that the name would be read as its: 40 in its place leave one
# name in ten so on a board of 60.
NEARER_TO_ANOTHER, TAKEN_FOR_ANOTHERS = 8.0, 100.0


def place(points: np.ndarray, sizes: np.ndarray, bounds: tuple, radius: float, blocked: np.ndarray) -> np.ndarray:
    """Lower left corners [n, 2] of the names.

    Args:
        points: [n, 2] what is named.
        sizes: [n, 2] width and height of each name.
        bounds: (left, bottom, right, top) that names stay within where they can.
        radius: of a point's marker.
        blocked: [m, 4] boxes (left, bottom, right, top) that names should leave free.
    """
    if not len(points):
        return np.zeros((0, 2))
    height = float(sizes[:, 1].max())
    reaches = radius + height * np.concatenate([np.arange(0.15, 3, 0.35), np.arange(3, 24, 0.7)])
    markers = np.column_stack([points - radius, points + radius])
    candidates = [_around(point, size, reaches, bounds) for point, size in zip(points, sizes, strict=True)]
    crowding = (np.abs(points[:, None] - points[None]).max(axis=2) < 6 * height).sum(axis=1)
    order = np.lexsort((points[:, 0], -points[:, 1], -crowding))  # the most crowded choose first
    boxes = np.full((len(points), 4), np.nan)  # NaN: not yet placed
    for _ in range(SWEEPS):
        before = boxes.copy()
        for i in order:
            corners, distance = candidates[i]
            tried = np.concatenate([corners, corners + sizes[i]], axis=1)
            others = np.delete(boxes, i, axis=0)
            cost = distance / height
            cost = cost + OVERLAP * _overlaps(tried, np.concatenate([others, blocked]))
            cost = cost + _mistakable(tried, distance, np.delete(points, i, axis=0), height)
            cost = cost + COVERED_POINT * _overlaps(tried, markers)
            cost = cost + PIERCED_POINT * _pierced(points[i], tried, np.delete(points, i, axis=0), radius)
            cost = cost + CROSSING * _crossings(points[i], tried, np.delete(points, i, axis=0), others)
            boxes[i] = tried[np.argmin(cost)]
        if np.array_equal(before, boxes):
            break
    return boxes[:, :2]


def leader_end(point: np.ndarray, box: np.ndarray) -> np.ndarray:
    """The nearest point of a box to ``point``: where the line from a point to its name ends. Both may be stacked."""
    return np.clip(point, box[..., :2], box[..., 2:])


def _around(point: np.ndarray, size: np.ndarray, reaches: np.ndarray, bounds: tuple) -> tuple[np.ndarray, np.ndarray]:
    """Corners [k, 2] of the places around a point, and how far its name's nearest edge is from it [k]."""
    x, y = np.cos(ANGLES), np.sin(ANGLES)
    anchor = point + (reaches[:, None, None] * np.stack([x, y], axis=-1)).reshape(-1, 2)
    # Beside the point a name is centred on its height, above and below it on its width.
    shift = np.column_stack([(np.clip(1.4 * x, -1, 1) - 1) / 2, (np.clip(1.4 * y, -1, 1) - 1) / 2])
    corners = anchor + np.tile(shift, (len(reaches), 1)) * size
    left, bottom, right, top = bounds
    inside = (corners >= (left, bottom)).all(axis=1) & (corners + size <= (right, top)).all(axis=1)
    if not inside.any():  # a name as wide as the panel
        corners = np.clip(corners, (left, bottom), np.maximum((left, bottom), np.array([right, top]) - size))
        inside[:] = True
    corners = corners[inside]
    ends = leader_end(point, np.concatenate([corners, corners + size], axis=1))
    return corners, np.hypot(*(ends - point).T)


def _overlaps(tried: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """[k] how many boxes [m, 4] each tried box [k, 4] touches; boxes not yet placed touch none."""
    low = np.maximum(tried[:, None, :2], boxes[None, :, :2])
    high = np.minimum(tried[:, None, 2:], boxes[None, :, 2:])
    return ((high - low) > 0).all(axis=2).sum(axis=1)


def _mistakable(tried: np.ndarray, distance: np.ndarray, points: np.ndarray, height: float) -> np.ndarray:
    """[k] cost of the other points [m, 2] that are about as near to a tried name [k, 4] as its own, at ``distance`` [k]."""
    ends = leader_end(points[None], tried[:, None])
    gaps = np.hypot(*np.moveaxis(ends - points[None], -1, 0))
    nearer = np.clip((distance[:, None] + 0.6 * height - gaps) / height, 0, 1)
    close = np.clip(2 - gaps / height, 0, 1)  # all of it up to one height from the name, none beyond two
    return np.asarray((nearer * (NEARER_TO_ANOTHER + TAKEN_FOR_ANOTHERS * close)).sum(axis=1))


def _pierced(point: np.ndarray, tried: np.ndarray, points: np.ndarray, radius: float) -> np.ndarray:
    """[k] how many other points [m, 2] the line from a point to each tried name [k, 4] runs through."""
    line = leader_end(point, tried) - point
    length = np.maximum((line**2).sum(axis=1), 1e-9)
    x, y = (points - point).T
    u, v = line[:, :1], line[:, 1:]
    along = np.clip((u * x + v * y) / length[:, None], 0, 1)  # [k, m]
    return np.asarray((np.hypot(x - along * u, y - along * v) < radius).sum(axis=1))


def _crossings(point: np.ndarray, tried: np.ndarray, points: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """[k] how often the line to each tried box crosses others' lines, or passes through others' names."""
    placed = ~np.isnan(boxes[:, 0])
    points, boxes = points[placed], boxes[placed]
    if not len(boxes):
        return np.zeros(len(tried))
    mine, ends = leader_end(point, tried)[:, None], leader_end(points, boxes)[None]
    lines = _cross(point, mine, points[None], ends)
    a, b = boxes[:, :2], boxes[:, 2:]
    corner = np.column_stack([a[:, 0], b[:, 1]]), np.column_stack([b[:, 0], a[:, 1]])
    through = _cross(point, mine, a[None], b[None]) | _cross(point, mine, corner[0][None], corner[1][None])
    # And the others' lines through this name.
    c, d = tried[:, None, :2], tried[:, None, 2:]
    under = _cross(c, d, points[None], ends)
    return (lines | through).sum(axis=1) + 4 * (under.sum(axis=1)) + 3 * through.sum(axis=1)


def _cross(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Do the segments a-b and c-d cross (broadcast over [..., 2])."""

    def side(p: np.ndarray, q: np.ndarray, r: np.ndarray) -> np.ndarray:
        return (q[..., 0] - p[..., 0]) * (r[..., 1] - p[..., 1]) - (q[..., 1] - p[..., 1]) * (r[..., 0] - p[..., 0])

    return (side(a, b, c) * side(a, b, d) < 0) & (side(c, d, a) * side(c, d, b) < 0)
