"""Answers packed behind their common beginning: each distinct prefix of a question's answers is read once.

The encoded answers to one question form a tree of tokens: they share the prompt, and often the first words of the
answer. The tree becomes one row of the batch. A token attends to its ancestors only, and its depth is its position, so
that its hidden state is the same as in the plain sequence. Answers may part anywhere, so a tokenizer that merges prompt
and answer at their boundary needs no special case.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from benchmark.models.batching import to_device
from benchmark.models.lm_head import Head, TokenQueries, read_tokens
from benchmark.models.ranks import agreed, in_group
from benchmark.models.tokenization import TokenizedExample

ALIGNED = 8  # widths are multiples of it, which a GPU's fast attention demands of a mask
PAYS_BELOW = 0.9  # tokens of the trees as a share of the plain way's; above it plain causal attention is faster


@dataclass(frozen=True)
class Tree:
    """Sequences with common beginnings, depth first: a node's descendants follow it up to ``end``."""

    ids: list[int]  # T tokens; a sequence's closing token is scored, but never given to the model
    depth: list[int]  # T: the position in the plain sequence
    end: list[int]  # T: one past the last descendant
    queries: list[tuple[int, int]]  # distinct (node, token that follows it), sorted by node
    answers: list[list[int]]  # for each sequence, in the given order: its answer tokens' numbers in ``queries``
    with_mean_std: list[bool]  # for each sequence: whether mean and std at its answer tokens are wanted


def tree_size(rows: Sequence[TokenizedExample]) -> int:
    """The number of tokens in the tree of these sequences."""
    given = sorted(row.ids[:-1] for row in rows)
    return sum(map(len, given)) - sum(_common(a, b) for a, b in pairwise(given))


def _common(a: Sequence[int], b: Sequence[int]) -> int:
    """Length of the common beginning."""
    differ = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), None)
    return min(len(a), len(b)) if differ is None else differ


def build_tree(rows: Sequence[TokenizedExample], with_mean_std: Sequence[bool] | None = None) -> Tree:
    """The tree of these sequences; ``with_mean_std`` as in the tree, None: wanted for all."""
    ids: list[int] = []
    depth: list[int] = []
    end: list[int] = []
    paths: list[list[int]] = [[] for _ in rows]  # nodes of each sequence
    before: list[int] = []  # the sequence before, and its nodes
    nodes: list[int] = []
    # In lexicographic order every sequence shares with the one before it all that it shares with any earlier one.
    for number in sorted(range(len(rows)), key=lambda i: rows[i].ids):
        given = rows[number].ids[:-1]
        common = _common(given, before)
        for node in nodes[common:]:
            end[node] = len(ids)
        nodes = [*nodes[:common], *range(len(ids), len(ids) + len(given) - common)]
        ids += given[common:]
        depth += range(common, len(given))
        end += [0] * (len(given) - common)
        paths[number], before = nodes, given
    for node in nodes:
        end[node] = len(ids)
    wanted = [
        [(path[k - 1], row.ids[k]) for k in range(max(row.start, 1), len(row.ids))]  # nothing predicts the first token
        for row, path in zip(rows, paths, strict=True)
    ]
    queries = sorted({pair for pairs in wanted for pair in pairs})
    number_of = {pair: i for i, pair in enumerate(queries)}
    answers = [[number_of[pair] for pair in pairs] for pairs in wanted]
    return Tree(ids, depth, end, queries, answers, [True] * len(rows) if with_mean_std is None else list(with_mean_std))


def collate_trees(
    trees: Sequence[Tree], pad_id: int, dtype: torch.dtype, device: str
) -> tuple[dict[str, Tensor], TokenQueries]:
    """A batch of trees as the model's inputs, and the trees' queries, tree after tree.

    ``attention_mask`` is [B, 1, T, T], added to the attention's scores: 0 at a token's ancestors and itself.
    """
    width = -(-max(1, *(len(tree.ids) for tree in trees)) // ALIGNED) * ALIGNED

    def padded(rows: Sequence[list[int]], fill: Sequence[int]) -> Tensor:
        return to_device(torch.tensor([[*row, *fill[len(row) :]] for row in rows]), device)  # [B, T]

    # Padding attends to itself: a row of the mask without any allowed token would become NaN.
    end = padded([tree.end for tree in trees], range(1, width + 1))[:, None]  # [B, 1, T]
    at = torch.arange(width, device=device)
    allowed = (at <= at[:, None]) & (at[:, None] < end)  # [B, T, T]: at [b, i, j] whether j is an ancestor of i
    mask = torch.zeros(allowed.shape, dtype=dtype, device=device).masked_fill_(~allowed, torch.finfo(dtype).min)
    inputs = {
        "input_ids": padded([tree.ids for tree in trees], [pad_id] * width),
        "attention_mask": mask[:, None],
        "position_ids": padded([tree.depth for tree in trees], [0] * width),
        "use_cache": False,
    }
    pairs = [(b, node, token) for b, tree in enumerate(trees) for node, token in tree.queries]
    row, column, targets = torch.tensor(pairs, dtype=torch.long).reshape(-1, 3).unbind(1)
    positions, source = torch.unique_consecutive(torch.stack([row, column]), dim=1, return_inverse=True)
    with_mean_std = torch.zeros(positions.shape[1], dtype=torch.bool)
    with_mean_std[source[_queries_with_mean_std(trees)]] = True
    return inputs, TokenQueries(positions[0], positions[1], source, targets.contiguous(), with_mean_std)


def _queries_with_mean_std(trees: Sequence[Tree]) -> list[int]:
    """Numbers, counted from tree to tree, of the queries of those answers whose mean and std are wanted."""
    numbers, first = [], 0
    for tree in trees:
        chosen = (answer for answer, wanted in zip(tree.answers, tree.with_mean_std, strict=True) if wanted)
        numbers += [first + i for answer in chosen for i in answer]
        first += len(tree.queries)
    return numbers


def read_trees(model: nn.Module, trees: Sequence[Tree], pad_id: int, device: str, head: Head | None) -> Tensor:
    """[4, M] what ``read_tokens`` says to the trees' queries, tree after tree."""
    inputs, queries = collate_trees(trees, pad_id, next(model.parameters()).dtype, device)
    return read_tokens(model, inputs, queries, head)


def sharing_is_exact(
    model: nn.Module,
    groups: Sequence[Sequence[TokenizedExample]],
    sizes: Sequence[int],
    plain: Callable[[Sequence[TokenizedExample]], Tensor],
    pad_id: int,
    device: str,
    head: Head | None,
) -> bool:
    """Whether the model reads trees as it reads plain sequences.

    An architecture that cannot take the mask (state-space models, ALiBi, sliding windows) gives other numbers or an
    error. It is tried on the two trees that demand most: the largest, and the one with the longest sequence.

    Args:
        groups: the sequences of each tree.
        sizes: each tree's ``tree_size``.
        plain: sequences -> [4, tokens] ``read_tokens`` of their answers' tokens, answer after answer, each sequence
            read by itself, with mean and std.
    """
    numbers = range(len(groups))
    longest = max(numbers, key=lambda i: max(len(row.ids) for row in groups[i]))
    narrow = next(model.parameters()).dtype != torch.float32
    for number in {max(numbers, key=lambda i: sizes[i]), longest}:
        tree = build_tree(groups[number])
        try:
            shared = read_trees(model, [tree], pad_id, device, head)
        except (TypeError, ValueError, RuntimeError) as error:
            if isinstance(error, torch.OutOfMemoryError) or in_group():  # a sharded model cannot go on after an error
                raise
            return False
        expected = plain(groups[number])[:3]
        columns = [i for answer in tree.answers for i in answer]
        # Only rounding is allowed for: with a wrong mask or position the difference is far larger.
        tolerance = {"rtol": 0.1, "atol": 0.1} if narrow else {"rtol": 1e-5, "atol": 1e-5}
        if not agreed(torch.allclose(shared[:3, columns], expected, **tolerance, equal_nan=True)):
            return False
    return True
