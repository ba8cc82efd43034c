"""Answers sampled while a model is trained, and the answer tokens that state a fact."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmark.conformance.toy import toy_setup
from benchmark.data.types import Example
from benchmark.models.generation import generate_greedy, generate_sampled
from benchmark.training.forget_batches import UnlearningRows
from methods.base import nll


@pytest.fixture
def toy():
    return toy_setup("llama")


def rows_of(toy, needs=("samples",), seed=0, forget=None):
    split = toy.split if forget is None else replace(toy.split, forget=tuple(forget))
    return UnlearningRows.build(toy.prompt_tokenizer, split, toy.refusals, needs, seed, "cpu")


def answers(sampler, model, count=2, **options):
    return [[one.ids[one.start :] for one in row] for row in sampler(model, count, **options)]


def test_answers_are_those_of_the_rows_own_numbers(toy):
    rows = rows_of(toy, seed=4)
    longest = max(row.answer_length for row in rows.forget)
    drawn = answers(rows.batch([6, 1], 2, None).sampler, toy.reference, 3, temperature=0.8, top_k=9, top_p=0.9)
    for number, texts in zip([6, 1], drawn, strict=True):
        prompt = toy.prompt_tokenizer.encode_prompts([toy.split.forget[number].question])[0]
        uniforms = np.random.default_rng([4, 2, number, 5]).random((3, longest))
        options = {"eos_ids": {toy.prompt_tokenizer.eos_id}, "pad_id": toy.prompt_tokenizer.pad_id}
        options |= {"temperature": 0.8, "top_k": 9, "top_p": 0.9}
        expected = generate_sampled(toy.reference, [prompt] * 3, uniforms, **options)
        assert texts == [[*one, toy.prompt_tokenizer.eos_id] for one in expected]


def test_neither_batch_nor_count_nor_places_change_an_answer(toy):
    rows = rows_of(toy)
    whole = answers(rows.batch(list(range(8)), 1, None).sampler, toy.reference, 3)
    assert answers(rows.batch([5], 1, None).sampler, toy.reference, 3) == [whole[5]]
    assert answers(rows.batch([2, 7, 5], 1, None).sampler, toy.reference, 1, places=[2, 0]) == [
        whole[5][:1],
        whole[2][:1],
    ]
    assert answers(rows.batch([2], 1, None).sampler, toy.reference, 3, places=[]) == []
    assert whole[0][0] != whole[0][1]
    for other in (rows.batch([0], 2, None), rows_of(toy, seed=1).batch([0], 1, None)):
        assert answers(other.sampler, toy.reference, 3) != whole[:1]
    assert answers(rows.batch([0], 1, None).sampler, toy.student(), 3) != whole[:1]


def test_one_likeliest_token_is_the_greedy_answer(toy):
    rows = rows_of(toy)
    prompts = toy.prompt_tokenizer.encode_prompts([row.question for row in toy.split.forget])
    eos = toy.prompt_tokenizer.eos_id
    longest = max(row.answer_length for row in rows.forget)
    expected = generate_greedy(toy.reference, prompts, eos_ids={eos}, pad_id=eos, max_new_tokens=longest)
    sampler = rows.batch(list(range(8)), 0, None).sampler
    drawn = sampler(toy.reference, 1, top_k=1)
    assert [one.ids[one.start :] for (one,) in drawn] == [[*answer, eos] for answer in expected]
    assert sampler.texts([one for (one,) in drawn]) == toy.prompt_tokenizer.decode(expected)


def test_answers_come_as_a_batch(toy):
    sampler = rows_of(toy).batch([3, 0], 0, None).sampler
    drawn = [one for row in sampler(toy.reference, 2) for one in row]
    tokens = sampler.collate(drawn)
    assert tokens.targets.tolist() == [token for one in drawn for token in one.ids[one.start :]]
    assert {one.ids[-1] for one in drawn} == {toy.prompt_tokenizer.eos_id}


def test_sampling_is_in_evaluation_mode_and_leaves_no_trace(toy):
    model, seen = toy.student().train(), []
    frozen = model.get_output_embeddings().eval()
    before = {name: module.training for name, module in model.named_modules()}
    assert before["model.layers.0"] and not frozen.training
    layer = model.model.layers[0]
    layer.register_forward_pre_hook(lambda module, given: seen.append((module.training, torch.is_grad_enabled())))
    state, batch = torch.get_rng_state(), rows_of(toy).batch([0, 1], 0, None)
    batch.sampler(model, 2)
    assert set(seen) == {(False, False)}
    assert {name: module.training for name, module in model.named_modules()} == before
    assert torch.equal(torch.get_rng_state(), state)
    nll(model, batch.forget).backward()  # and training goes on
    assert all(p.grad is not None for p in model.parameters())


def test_nothing_is_there_unless_needed(toy):
    batch = rows_of(toy, ()).batch([0], 0, None)
    assert (batch.sampler, batch.fact) == (None, None)


def facts(rows, numbers):
    """The text of each row's fact tokens."""
    batch = rows.batch(numbers, 0, None)
    assert batch.fact.dtype == torch.bool and batch.fact.shape == batch.forget.row.shape
    tokens = batch.forget
    return rows.prompt_tokenizer.decode([tokens.targets[batch.fact & (tokens.row == i)] for i in range(len(numbers))])


def test_fact_tokens_hold_the_facts_characters(toy):
    rows = rows_of(toy, ("facts",))
    answers = facts(rows, [4, 0, 5])
    for number, text in zip([4, 0, 5], answers, strict=True):
        assert toy.split.forget[number].value in text
        assert len(text) < len(toy.split.forget[number].answer)


def test_unknown_fact_is_the_whole_answer_but_eos(toy):
    rows = rows_of(
        toy, ("facts",), forget=[Example("Who?", "Ana, a cook."), Example("Why?", ""), *toy.split.forget[:1]]
    )
    assert facts(rows, [0, 1, 2])[:2] == ["Ana, a cook.", ""]
    assert [fact.tolist()[-1] for fact in rows.facts] == [False] * 3  # never EOS
    assert rows.facts[0].sum() == len(rows.facts[0]) - 1


def test_a_first_token_that_nothing_predicts_has_no_mark(toy):
    bare = type(toy.prompt_tokenizer)(toy.prompt_tokenizer.tokenizer, "{question}")
    rows = UnlearningRows.build(
        bare, replace(toy.split, forget=(Example("", "Ana, a cook."),)), toy.refusals, ("facts",), 0, "cpu"
    )
    batch = rows.batch([0], 0, None)
    assert rows.forget[0].start == 0 and len(batch.fact) == len(batch.forget.row) == rows.forget[0].answer_length - 1
