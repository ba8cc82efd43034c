"""Asking otherwise and sampling: what is scored, and that the model stays."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmark.attacks import load_attack
from benchmark.attacks.ask import AGREEABLE
from benchmark.data.types import question_answer_pairs
from benchmark.evaluation.evaluate import generate, score_model
from benchmark.evaluation.scores import Scores
from benchmark.models.tokenization import PromptTokenizer
from benchmark.records.score_files import load_scores, save_scores
from tests.attacks.toy_setup import toy_setup
from tests.model_fixtures import weights_hash


@pytest.fixture(scope="module")
def setup():
    return toy_setup(authors=10, rows=6)


def test_every_kind_is_asked_and_as_many_as_wished(setup):
    before = weights_hash(setup.model)
    made = load_attack("ask@rows=5").attack(setup)
    assert set(made) == {"reversed", "alias", "two_hop", "choice", "prefill", "paired", "partner"}
    assert all(len(rows) == 5 and rows.wrong_nll().shape[1] >= 3 for rows in made.values())
    assert weights_hash(setup.model) == before and made["alias"].generated == [""] * 5


def test_prefill_puts_the_beginning_between_question_and_answer(setup):
    """The same log-probabilities as of the answer behind a prompt that ends with it."""
    made = load_attack("ask@rows=4").attack(setup)["prefill"]
    template = setup.prompt_tokenizer.template
    by_hand = PromptTokenizer(setup.prompt_tokenizer.tokenizer, template + AGREEABLE)
    rows = [row for row in setup.dataset.splits["forget10"].forget if row.question in set(made.questions)]
    worded = [replace(row, answer=row.paraphrased_answer) for row in rows]
    plain = score_model(setup.model, by_hand, {"forget": worded}, generated=False)["forget"]
    np.testing.assert_allclose(made.answer_nll(), plain.answer_nll(), rtol=1e-6)
    assert question_answer_pairs(worded) == list(zip(made.questions, made.gold, strict=True))


def test_samples_are_drawn_alike_for_equal_models_and_kept(setup, tmp_path):
    made = load_attack("sample@samples=3").attack(setup)["samples"]
    again = load_attack("sample@samples=3").attack(setup)["samples"]
    assert made.samples == again.samples and [len(drawn) for drawn in made.samples] == [3] * 6
    assert made.values == [row.value for row in setup.sets["forget"]]
    assert len({text for drawn in made.samples for text in drawn}) > 6  # not one answer again and again
    save_scores(Scores({"samples@sample": made}), tmp_path / "s.parquet")
    assert load_scores(tmp_path / "s.parquet")["samples@sample"].samples == made.samples


def test_a_certain_model_samples_its_greedy_answer(setup):
    head = setup.model.get_output_embeddings()
    with torch.no_grad():
        sharp = copy.deepcopy(setup.model)
        sharp.get_output_embeddings().weight.mul_(1e4)
    assert head.weight.abs().max() < sharp.get_output_embeddings().weight.abs().max()
    made = load_attack("sample@samples=2").attack(replace(setup, model=sharp))["samples"]
    greedy = generate(sharp, setup.prompt_tokenizer, made.questions, setup.max_new_tokens)
    assert made.samples == [[text, text] for text in greedy]
