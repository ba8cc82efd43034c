"""Measuring a model on a dataset: one teacher-forced pass over all answers, one greedy pass over all questions.

What comes out (benchmark/evaluation/scores.py) is all that metrics see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from torch import nn

from benchmark.data.types import Example, question_answer_pairs
from benchmark.evaluation.known_prefix import greedy_beginning
from benchmark.evaluation.scores import Scores, SetScores
from benchmark.evaluation.teacher_forcing import encode_answers, score_answers
from benchmark.models.generation import generate_greedy
from benchmark.models.tokenization import PromptTokenizer, TokenizedExample

Progress = Callable[[int], None]


def score_model(
    model: nn.Module,
    prompt_tokenizer: PromptTokenizer,
    sets: Mapping[str, Sequence[Example]],
    *,
    max_new_tokens: int = 200,
    generated: bool = True,
    device: str = "cpu",
    meta: dict[str, Any] | None = None,
    on_progress: Progress | None = None,
) -> Scores:
    """Score a model on evaluation sets. Each distinct question and answer is scored once.

    Args:
        sets: examples by set name.
        max_new_tokens: longest greedy answer (TOFU: 200).
        generated: False: no question is asked, and generated answers are empty.
        on_progress: called with the number of units just done; there are ``scoring_units(sets)`` in all.

    Raises:
        UserError: a question with its answer is longer than the model's context.
    """
    pairs = _pairs(sets.values())
    # Mean and standard deviation are taken for gold answers only: no metric reads those of others.
    gold = {pair for examples in sets.values() for pair in question_answer_pairs(examples)}
    encoded = encode_answers(model, prompt_tokenizer, pairs)
    answers = score_answers(
        model,
        prompt_tokenizer,
        pairs,
        encoded=encoded,
        with_mean_std=[pair in gold for pair in pairs],
        device=device,
        on_progress=on_progress,
    )
    already_read: dict[str, list[tuple[TokenizedExample, np.ndarray]]] = {}
    for (question, _), row, answer in zip(pairs, encoded, answers, strict=True):
        already_read.setdefault(question, []).append((row, answer.is_greedy))
    questions = _asked(sets) if generated else []
    texts = (
        generate(model, prompt_tokenizer, questions, max_new_tokens, device, on_progress, already_read=already_read)
        if questions
        else []
    )
    scored, answered = dict(zip(pairs, answers, strict=True)), dict(zip(questions, texts, strict=True))
    made = {name: SetScores.of_examples(examples, scored, answered) for name, examples in sets.items()}
    return Scores(made, meta or {})


def scoring_units(sets: Mapping[str, Sequence[Example]]) -> int:
    """Units of work that ``score_model`` reports: distinct answers with their questions, and questions asked."""
    return len(_pairs(sets.values())) + len(_asked(sets))


def _pairs(sets: Iterable[Sequence[Example]]) -> list[tuple[str, str]]:
    """The distinct (question, answer) pairs: gold, paraphrased and wrong answers."""
    return list(
        dict.fromkeys(
            (example.question, answer)
            for examples in sets
            for example in examples
            for answer in (example.answer, example.paraphrased_answer, *example.perturbed_answers)
            if answer is not None
        )
    )


def _asked(sets: Mapping[str, Sequence[Example]]) -> list[str]:
    """The distinct questions to generate answers to: all but the holdout set's, of which only likelihoods are read."""
    return list(dict.fromkeys(row.question for name, rows in sets.items() if name != "holdout" for row in rows))


def generate(
    model: nn.Module,
    prompt_tokenizer: PromptTokenizer,
    questions: Sequence[str],
    max_new_tokens: int,
    device: str = "cpu",
    on_progress: Progress | None = None,
    already_read: Mapping[str, Sequence[tuple[TokenizedExample, np.ndarray]]] | None = None,
) -> list[str]:
    """Greedy answers to questions, as text.

    Args:
        on_progress: called with the number of questions just answered.
        already_read: by question, the answers that this model has read, as ``greedy_beginning`` takes them.
    """
    prompts = prompt_tokenizer.encode_prompts(questions)
    answers_read = [() if already_read is None else already_read.get(question, ()) for question in questions]
    ids = generate_greedy(
        model,
        prompts,
        beginnings=[greedy_beginning(*given) for given in zip(prompts, answers_read, strict=True)],
        eos_ids=eos_ids(model, prompt_tokenizer),
        pad_id=prompt_tokenizer.pad_id,
        max_new_tokens=max_new_tokens,
        device=device,
        on_progress=on_progress,
    )
    return prompt_tokenizer.decode(ids)


def eos_ids(model: nn.Module, prompt_tokenizer: PromptTokenizer) -> set[int]:
    """All tokens that end an answer: the tokenizer's EOS and those of the model's generation config."""
    config = getattr(getattr(model, "generation_config", None), "eos_token_id", None)
    more = config if isinstance(config, (list, tuple)) else [] if config is None else [config]
    return {prompt_tokenizer.eos_id, *more}
