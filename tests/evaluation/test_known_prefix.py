"""Greedy answers that teacher forcing has already shown are read, not decoded again."""

import copy

import numpy as np
import pytest

from benchmark.config.recipe import Recipe
from benchmark.data.types import Example
from benchmark.evaluation.evaluate import generate, score_model
from benchmark.evaluation.known_prefix import greedy_beginning, leading
from benchmark.models import generation
from benchmark.models.generation import generate_greedy
from benchmark.models.tokenization import TokenizedExample
from benchmark.training.finetune import finetune
from tests.model_fixtures import ARCHITECTURES, tiny_model

QUESTIONS = ("Who is Mira Quist of the old harbour town?", "Who?", "Where was Ana born?", "Why?")
MOST = 8


@pytest.mark.parametrize(
    ("is_greedy", "expected"), [([], 0), ([False, True], 0), ([True, False, True], 1), ([True, True], 2)]
)
def test_leading_greedy_tokens(is_greedy, expected):
    assert leading(np.array(is_greedy, dtype=bool)) == expected


def test_the_longest_answer_that_was_followed_begins_it():
    def answer(*tokens):
        return TokenizedExample([1, 2, *tokens], 2)

    answers = [
        (answer(7, 8, 9, 0), np.array([True, False, True, True])),
        (answer(7, 5, 6, 0), np.array([True, True, False, True])),
        (answer(4, 0), np.array([False, True])),
    ]
    assert greedy_beginning([1, 2], answers) == [7, 5]
    assert greedy_beginning([1, 2], answers[2:]) == []
    assert greedy_beginning([1, 2], [(answer(7, 0), np.array([True, True]))]) == [7, 0]


def test_an_answer_that_is_parted_elsewhere_says_nothing():
    merged = TokenizedExample([1, 9, 0], 1)  # the prompt's second token and the answer's first became one
    assert greedy_beginning([1, 2], [(merged, np.array([True, True]))]) == []


def forwards(model, call):
    """What ``call`` returns, and the number of rows in each forward that it needed."""
    rows = []
    hook = model.register_forward_pre_hook(lambda m, a, given: rows.append(len(given["input_ids"])), with_kwargs=True)
    try:
        return call(), rows
    finally:
        hook.remove()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_known_beginnings_change_no_answer(architecture):
    model, prompt_tokenizer = tiny_model(architecture)
    prompts = prompt_tokenizer.encode_prompts(QUESTIONS)
    options = {"pad_id": 0, "max_new_tokens": MOST}
    free = generate_greedy(model, prompts, eos_ids={0}, **options)
    stop = free[0][5]
    ends = {"eos_ids": {stop}}
    expected = generate_greedy(model, prompts, **ends, **options)
    assert len(expected[0]) <= 5
    # known up to its end, in part, not at all, and up to the greatest length
    beginnings = [[*expected[0], stop], expected[1][:3], [], free[3][:MOST] if stop not in free[3] else expected[3]]
    answers, rows = forwards(model, lambda: generate_greedy(model, prompts, beginnings=beginnings, **ends, **options))
    assert answers == expected
    assert max(rows[1:]) == 2 + (stop in free[3])  # the first forward looks at the head


def test_what_is_known_past_an_end_or_the_greatest_length_is_cut():
    model, _ = tiny_model("llama")
    options = {"eos_ids": {0, 9}, "pad_id": 0, "max_new_tokens": 3}
    known = [[4, 9, 5, 0], [4, 5, 6, 7], [9]]
    done = []
    answers = generate_greedy(model, [[1, 2]] * 3, beginnings=known, on_progress=done.append, **options)
    assert answers == [[4], [4, 5, 6], []] and done == [3]


def test_scoring_decodes_only_what_it_has_not_read(monkeypatch):
    model, prompt_tokenizer = tiny_model("llama")
    model = copy.deepcopy(model)
    rows = [Example(question=QUESTIONS[0], answer="A cook."), Example(question=QUESTIONS[2], answer="In Oslo.")]
    finetune(model, prompt_tokenizer, rows, Recipe(epochs=40, lr=1e-2, batch_size=2), seed=0, device="cpu")
    other = Example(question="Who wrote the old harbour?", answer="Nobody knows.")
    whole, decoded = generation._generate_batch, []

    def watched(model, batch, *rest):
        decoded.append([row.ids for row in batch])
        return whole(model, batch, *rest)

    monkeypatch.setattr(generation, "_generate_batch", watched)
    scores = score_model(model, prompt_tokenizer, {"forget": [*rows, other]}, max_new_tokens=MOST)
    assert decoded == [prompt_tokenizer.encode_prompts([other.question])]
    assert [bool(answer.is_greedy.all()) for answer in scores["forget"].answers] == [True, True, False]
    assert scores["forget"].generated[:2] == ["A cook.", "In Oslo."]
    asked = [*QUESTIONS[:3:2], other.question]
    assert generate(model, prompt_tokenizer, asked, MOST) == scores["forget"].generated
