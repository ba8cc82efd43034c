"""The scores of a model that answers with one refusal, whatever it is asked. No model is run for them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from benchmark.controls.base.control import ControlSetup
from benchmark.data.types import Example, question_answer_pairs
from benchmark.evaluation.scores import AnswerScores, SetScores
from benchmark.evaluation.teacher_forcing import encode_answers

# The probability that is left for all but the refusal's next token. It is not 0, because log 0 would leave truth ratios
# and min-k++ undefined; it is small, because the model means to refuse. No conclusion hangs on its size: it is spread
# evenly, so that any two answers are equally probable per token whatever it is.
LEAK = 1e-4


def refusal_scores(setup: ControlSetup) -> dict[str, SetScores]:
    """All of the setup's sets, as answered with the dataset's first refusal.

    The next token is the refusal's with probability 1 - LEAK; LEAK is spread evenly over the V tokens of the fine-tuned
    model's vocabulary. A token of any other answer has log-probability log(LEAK / V), also where it happens to be the
    refusal's, and is never the most likely one. The holdout set's questions are not asked.

    Raises:
        UserError: a question with its answer is longer than the model's context.
    """
    refusal = setup.dataset.refusals[0]
    scored = _answers(setup, refusal)
    questions = {name: () if name == "holdout" else rows for name, rows in setup.sets.items()}
    return {
        name: SetScores.of_examples(rows, scored, {row.question: refusal for row in questions[name]})
        for name, rows in setup.sets.items()
    }


def _answers(setup: ControlSetup, refusal: str) -> dict[tuple[str, str], AnswerScores]:
    """The scores by (question, answer) of all answers in the sets."""
    pairs, gold = _pairs(setup.sets)
    vocabulary = setup.finetuned.config.vocab_size
    encoded = encode_answers(setup.finetuned, setup.prompt_tokenizer, pairs)
    lengths = [len(row.ids) - max(row.start, 1) for row in encoded]
    return {
        pair: _answer(length, vocabulary, pair[1] == refusal, pair in gold)
        for pair, length in zip(pairs, lengths, strict=True)
    }


def _pairs(sets: Mapping[str, Sequence[Example]]) -> tuple[list[tuple[str, str]], set[tuple[str, str]]]:
    """The distinct (question, answer) pairs, and those of them that are gold."""
    rows = [row for part in sets.values() for row in part]
    others = [(row.question, text) for row in rows for text in (row.paraphrased_answer, *row.perturbed_answers)]
    gold = question_answer_pairs(rows)
    return list(dict.fromkeys([*gold, *((q, text) for q, text in others if text is not None)])), set(gold)


def _answer(length: int, vocabulary: int, is_refusal: bool, with_mean_std: bool) -> AnswerScores:
    """``length`` tokens of one kind; mean and standard deviation are those of the distribution, in nats."""
    each = LEAK / vocabulary
    p = np.array([1 - LEAK + each, each])  # the refusal's next token, any other one
    weights, logs = p * [1, vocabulary - 1], np.log(p)
    mean = float(weights @ logs)
    std = math.sqrt(weights @ (logs - mean) ** 2)

    def filled(value: float, size: int = length) -> np.ndarray:
        return np.full(size, value, dtype=np.float32)

    wanted = length if with_mean_std else 0
    return AnswerScores(
        filled(logs[0] if is_refusal else logs[1]),
        np.full(length, is_refusal),
        filled(mean, wanted),
        filled(std, wanted),
    )
