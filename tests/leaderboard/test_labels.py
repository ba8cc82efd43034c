import numpy as np

from benchmark.leaderboard.labels import place


def overlap(a, b):
    return min(a[2], b[2]) > max(a[0], b[0]) and min(a[3], b[3]) > max(a[1], b[1])


def placed(points, sizes, blocked):
    corners = place(points, sizes, (0, 0, 1000, 800), 6.0, blocked)
    return corners, [(*c, *(c + s)) for c, s in zip(corners, sizes, strict=True)]


def test_places_do_not_overlap_and_keep_off_points_and_blocked_boxes():
    rng = np.random.default_rng(3)
    points = np.concatenate([rng.uniform((100, 100), (900, 700), (15, 2)), rng.normal((700, 600), 40, (25, 2))])
    sizes = np.column_stack([rng.uniform(30, 90, 40), np.full(40, 14.0)])
    blocked = np.array([[650.0, 640.0, 800.0, 660.0]])
    corners, boxes = placed(points, sizes, blocked)
    markers = [(x - 6, y - 6, x + 6, y + 6) for x, y in points]
    for i, box in enumerate(boxes):
        assert box[0] >= 0 and box[1] >= 0 and box[2] <= 1000 and box[3] <= 800
        assert not any(overlap(box, other) for other in boxes[:i])
        assert not any(overlap(box, other) for other in [*markers, *blocked])
    assert np.array_equal(corners, placed(points, sizes, blocked)[0])


def test_a_lone_name_stands_beside_its_point():
    _, ((left, bottom, right, top),) = placed(np.array([[500.0, 400.0]]), np.array([[60.0, 14.0]]), np.zeros((0, 4)))
    gap = max(left - 500, 500 - right, bottom - 400, 400 - top)
    assert 5 <= gap <= 12
    assert place(np.zeros((0, 2)), np.zeros((0, 2)), (0, 0, 1, 1), 1.0, np.zeros((0, 4))).shape == (0, 2)


def test_a_name_wider_than_the_panel_is_placed_all_the_same():
    corners, _ = placed(np.array([[500.0, 400.0]]), np.array([[1200.0, 14.0]]), np.zeros((0, 4)))
    assert corners[0, 0] == 0 and 0 <= corners[0, 1] <= 786
