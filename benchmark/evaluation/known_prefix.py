"""What teacher forcing has already shown of greedy answers.

Where the answer's tokens are the model's most likely ones, one after another from the first on, greedy decoding
writes that answer too. So the passes that score answers tell how the greedy answer begins, as far as it follows
any answer of its question, and often all of it: a model that knows the answer leaves nothing to decode.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from benchmark.models.tokenization import TokenizedExample


def greedy_beginning(prompt: Sequence[int], answers: Iterable[tuple[TokenizedExample, np.ndarray]]) -> list[int]:
    """The longest known beginning of the greedy answer to a prompt.

    Args:
        prompt: the token ids that an answer is generated from.
        answers: encoded answers with, [L] bool of each, whether a token was the most likely one. One whose tokenizer
            parted prompt and answer elsewhere says nothing.

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
