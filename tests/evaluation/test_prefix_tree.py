"""Answers packed behind their common beginning."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from benchmark.evaluation.prefix_tree import build_tree, collate_trees, tree_size
from benchmark.models.tokenization import TokenizedExample

# 1 2 is the prompt; 3 is common to two answers; the last answer is asked twice; 9 closes each.
ROWS = [
    TokenizedExample([1, 2, 3, 5, 9], 2),
    TokenizedExample([1, 2, 3, 4, 9], 2),
    TokenizedExample([1, 2, 9], 2),
    TokenizedExample([1, 2, 9], 2),
]


def test_tree_by_hand():
    tree = build_tree(ROWS)
    assert tree.ids == [1, 2, 3, 4, 5]  # depth first, in order of the tokens; closing tokens are not given
    assert tree.depth == [0, 1, 2, 3, 3]
    assert tree.end == [5, 5, 5, 4, 5]
    assert tree.queries == [(1, 3), (1, 9), (2, 4), (2, 5), (3, 9), (4, 9)]
    assert tree.answers == [[0, 3, 5], [0, 2, 4], [1], [1]]
    assert tree_size(ROWS) == 5


def test_prompts_that_differ_are_two_trees_in_one():
    tree = build_tree([TokenizedExample([1, 2, 9], 1), TokenizedExample([3, 9], 0)])
    assert (tree.ids, tree.depth, tree.end) == ([1, 2, 3], [0, 1, 0], [2, 2, 3])
    assert tree_size([TokenizedExample([1, 2, 9], 1), TokenizedExample([3, 9], 0)]) == 3
    assert tree.queries == [(0, 2), (1, 9), (2, 9)]


@given(st.lists(st.lists(st.integers(0, 3), max_size=6), min_size=1, max_size=8))
def test_size_is_the_trees(sequences):
    rows = [TokenizedExample([*ids, 1], 0) for ids in sequences]  # the closing token comes inside sequences too
    assert (
        tree_size(rows)
        == len(build_tree(rows).ids)
        == len({tuple(s[:i]) for s in sequences for i in range(1, 7)[: len(s)]})
    )


def test_mask_allows_ancestors_only():
    inputs, queries = collate_trees(
        [build_tree(ROWS), build_tree([TokenizedExample([7, 9], 1)])], 0, torch.float32, "cpu"
    )
    assert inputs["input_ids"].tolist() == [[1, 2, 3, 4, 5, 0, 0, 0], [7, 0, 0, 0, 0, 0, 0, 0]]
    assert inputs["position_ids"].tolist() == [[0, 1, 2, 3, 3, 0, 0, 0], [0] * 8]
    allowed = inputs["attention_mask"][:, 0] == 0
    seen = [row.nonzero()[:, 0].tolist() for row in allowed[0]]
    assert seen == [[0], [0, 1], [0, 1, 2], [0, 1, 2, 3], [0, 1, 2, 4], [5], [6], [7]]
    assert [row.nonzero()[:, 0].tolist() for row in allowed[1]] == [[i] for i in range(8)]
    assert inputs["attention_mask"][~allowed[:, None]].unique().tolist() == [torch.finfo(torch.float32).min]
    assert list(zip(queries.row.tolist(), queries.column.tolist(), strict=True)) == [
        (0, 1),
        (0, 2),
        (0, 3),
        (0, 4),
        (1, 0),
    ]
    assert queries.source.tolist() == [0, 0, 1, 1, 2, 3, 4]
    assert queries.targets.tolist() == [3, 9, 4, 5, 9, 9, 9]
    assert queries.with_mean_std.all()


def test_mean_and_std_are_read_along_an_answer_that_wants_them():
    trees = [build_tree(ROWS, [False, True, False, False]), build_tree([TokenizedExample([7, 9], 1)], [False])]
    _, queries = collate_trees(trees, 0, torch.float32, "cpu")
    # 1 2 3 4 9 wants them, so they are read at the prompt's end, at 3 and at 4, but neither at 5 nor at 7.
    assert queries.with_mean_std.tolist() == [True, True, True, False, False]
