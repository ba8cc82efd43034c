"""How a greedy answer begins, known from teacher forcing.

As long as each token of an answer is the model's most likely one, greedy decoding writes the same tokens. So the pass
that scores the answers to a question also tells how its greedy answer begins, as far as that follows one of them. Often
this is the whole answer: where the model knows it, nothing is left to decode.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from benchmark.models.tokenization import TokenizedExample


def greedy_beginning(prompt: Sequence[int], answers: Iterable[tuple[TokenizedExample, np.ndarray]]) -> list[int]:
    """The longest known beginning of the greedy answer to a prompt.

    Args:
        prompt: the token ids that an answer is generated from.
        answers: encoded answers, each with [L] bool, whether its tokens were the most likely ones. Passed over are
            those whose first token the tokenizer merged with the prompt's end.

    Returns:
        Token ids; they end with EOS where the whole answer is known.
    """
    longest: list[int] = []
    for row, is_greedy in answers:
        followed = leading(is_greedy)
        if followed > len(longest) and row.ids[: row.start] == list(prompt):
            longest = row.ids[row.start : row.start + followed]
    return longest


def leading(is_greedy: np.ndarray) -> int:
    """How many entries of ``is_greedy`` [L] come before the first False."""
    return len(is_greedy) if is_greedy.all() else int(is_greedy.argmin())
