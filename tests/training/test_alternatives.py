"""Sampled answers: the generator, and the alternatives that come with forget rows."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmark.conformance.toy import toy_setup
from benchmark.models.generation import generate_greedy, generate_sampled
from benchmark.models.tokenization import PromptTokenizer
from benchmark.training.alternatives import DRAWS, sampled_alternatives
from benchmark.training.forget_batches import UnlearningRows
from methods.altpo import AltPO
from methods.grad_ascent import GradAscent

PROMPTS = [[4, 8, 2], [9], [5, 5, 5, 5, 5, 5], [3, 1]]


@pytest.fixture(scope="module")
def toy():
    return toy_setup("llama")


def sampled(toy, prompts, uniforms, temperature=1.0, batch_size=192, eos=0):
    return generate_sampled(
        toy.reference, prompts, uniforms, temperature=temperature, eos_ids={eos}, pad_id=0, batch_size=batch_size
    )


def direct(toy, prompt, uniforms, temperature, stop):
    """Inverse-transform sampling in numpy, reading the whole text anew for each token."""
    text = list(prompt)
    for u in uniforms:
        with torch.no_grad():
            logits = toy.reference(input_ids=torch.tensor([text])).logits[0, -1].double().numpy() / temperature
        p = np.exp(logits - logits.max())
        token = int(np.argmax(np.cumsum(p / p.sum()) > u))  # the first token whose sum exceeds u
        if token == stop:
            break
        text.append(token)
    return text[len(prompt) :]


@pytest.mark.parametrize("temperature", [0.7, 1.0, 2.0])
def test_each_token_inverts_the_cumulative_distribution(toy, temperature):
    uniforms = np.random.default_rng(0).random((4, 6))
    stop = direct(toy, PROMPTS[0], uniforms[0], temperature, None)[2]
    expected = [direct(toy, p, u, temperature, stop) for p, u in zip(PROMPTS, uniforms, strict=True)]
    assert len(expected[0]) == 2
    assert sampled(toy, PROMPTS, uniforms, temperature, eos=stop) == expected


def test_an_answer_depends_on_its_own_row_alone(toy):
    uniforms = np.random.default_rng(1).random((4, 8))
    together = sampled(toy, PROMPTS, uniforms)
    assert sampled(toy, PROMPTS, uniforms, batch_size=1) == together
    assert sampled(toy, PROMPTS[::-1], uniforms[::-1]) == together[::-1]
    assert sampled(toy, PROMPTS[2:3], uniforms[2:3]) == together[2:3]


def test_low_temperature_is_greedy_and_the_largest_number_stays_in_the_vocabulary(toy):
    uniforms = np.random.default_rng(2).random((4, 5))
    greedy = generate_greedy(toy.reference, PROMPTS, eos_ids={0}, pad_id=0, max_new_tokens=5)
    assert sampled(toy, PROMPTS, uniforms, temperature=1e-4) == greedy
    last = toy.reference.config.vocab_size - 1
    assert sampled(toy, PROMPTS, np.full((4, 1), np.nextafter(1, 0))) == [[last]] * 4


def rows_of(toy, method, seed=0, forget=None):
    split = toy.split if forget is None else replace(toy.split, forget=forget)
    rows = UnlearningRows.build(toy.prompt_tokenizer, split, toy.refusals, method.required(), seed, "cpu")
    rows.prepare(method, toy.models(method.required()))
    return rows


def texts(rows):
    return [[tuple(one.ids) for one in several] for several in rows.alternatives]


def test_alternatives_are_answers_to_the_rows_own_question(toy):
    method = AltPO(alternatives=3)
    rows = rows_of(toy, method)
    batch = rows.batch([5, 2], 0, None)
    assert [len(several) for several in rows.alternatives] == [3] * 8
    for i, number in enumerate([5, 2]):
        prompt = toy.prompt_tokenizer.encode_prompts([toy.split.forget[number].question])[0]
        assert batch.alternative.input_ids[i, : len(prompt)].tolist() == prompt
    assert batch.alternative.index.tolist() == [5, 2]
    longest = max(row.answer_length for row in rows.forget)
    alternatives = [one for several in rows.alternatives for one in several]
    assert 1 < max(one.answer_length for one in alternatives) <= longest + 1  # and the closing EOS
    assert all(one.ids[-1] == toy.prompt_tokenizer.eos_id for one in alternatives)


def test_alternatives_come_from_seed_and_row(toy):
    method = AltPO(alternatives=2, alternative_temperature=1.0)
    first = texts(rows_of(toy, method))
    assert texts(rows_of(toy, method)) == first
    assert texts(rows_of(toy, method, seed=1)) != first
    assert texts(rows_of(toy, AltPO(alternatives=2, alternative_temperature=3.0))) != first
    assert first[0][0] != first[0][1]
    # Each row's numbers are its own: fewer rows, the same answers.
    lengths = [row.answer_length for row in rows_of(toy, method).forget]
    count = lengths.index(max(lengths)) + 1  # all are cut where the longest ends
    assert count < 8 and texts(rows_of(toy, method, forget=toy.split.forget[:count])) == first[:count]


def test_each_epoch_takes_one_of_them_whatever_the_batch(toy):
    rows = rows_of(toy, AltPO(alternatives=4))
    seen = set()
    for epoch in range(12):
        whole = rows.batch(list(range(8)), epoch, None).alternative
        alone = rows.batch([6], epoch, None).alternative
        answer = whole.targets[whole.row == 6].tolist()
        assert alone.targets.tolist() == answer
        seen.add(tuple(answer))
    assert len(seen) == len({tuple(one.ids[one.start :]) for one in rows.alternatives[6]}) > 1


class Scripted:
    """Stands for the generator: what it was asked, and the answers that it gives one call after the other."""

    def __init__(self, prompt_tokenizer, *calls):
        self.asked, self.uniforms = [], []
        encoded = [prompt_tokenizer.encode([("", text) for text in texts]) for texts in calls]
        self.calls = [[one.ids[one.start : -1] for one in call] for call in encoded]  # without EOS

    def __call__(self, model, prompts, uniforms, **options):
        self.asked.append([*prompts])
        self.uniforms.append(uniforms)
        return self.calls.pop(0)


@pytest.fixture
def scripted(toy, monkeypatch):
    def play(*calls):
        generator = Scripted(toy.prompt_tokenizer, *calls)
        monkeypatch.setattr("benchmark.training.alternatives.generate_sampled", generator)
        return generator

    return play


PAIRS = [("Who is Ana?", "A cook."), ("Where?", " In Orsa. ")]


def alternatives(tokenizer, instruction="", count=2):
    return sampled_alternatives(
        None, tokenizer, PAIRS, count=count, temperature=1.0, instruction=instruction, longest=6, seed=0, device="cpu"
    )


def answers_of(tokenizer, drawn):
    return [tokenizer.decode([one.ids[one.start : -1] for one in several]) for several in drawn]


def test_gold_answers_are_drawn_again_by_other_numbers(toy, scripted):
    generator = scripted(["A cook.", "A smith.", "In Orsa.", "In Tiln."], ["A cook.", "In Brask."], ["A glazier."])
    drawn, notes = alternatives(toy.prompt_tokenizer)
    assert answers_of(toy.prompt_tokenizer, drawn) == [["A glazier.", "A smith."], ["In Brask.", "In Tiln."]]
    assert notes == {"alternatives_gold_when_drawn": 0.5, "alternatives_gold_when_kept": 0.0}
    first, second, third = generator.uniforms
    assert [len(u) for u in generator.uniforms] == [4, 2, 1]
    assert not np.array_equal(first[0], second[0]) and not np.array_equal(second[0], third[0])
    prompts = toy.prompt_tokenizer.encode_prompts([question for question, _ in PAIRS])
    assert generator.asked == [[prompts[0]] * 2 + [prompts[1]] * 2, prompts, prompts[:1]]


def test_a_model_that_knows_no_other_answer_keeps_it_and_says_so(toy, scripted):
    generator = scripted(["A cook.", "A smith."], *[["A cook."]] * (DRAWS - 1))
    drawn, notes = alternatives(toy.prompt_tokenizer, count=1)
    assert answers_of(toy.prompt_tokenizer, drawn) == [["A cook."], ["A smith."]]
    assert notes == {"alternatives_gold_when_drawn": 0.5, "alternatives_gold_when_kept": 0.5}
    assert len(generator.uniforms) == DRAWS


def test_a_model_with_a_chat_template_is_shown_the_answer_and_instructed(toy, scripted):
    tokenizer = copy.deepcopy(toy.prompt_tokenizer.tokenizer)
    tokenizer.chat_template = "{% for m in messages %}User: {{ m['content'] }}\n{% endfor %}Model:\n"
    instructed = PromptTokenizer(tokenizer, "Question: {question}\nAnswer:\n")
    generator = scripted(["A smith.", "In Tiln."])
    drawn, _ = alternatives(instructed, "Change the facts.", count=1)
    asked = tokenizer.batch_decode(generator.asked[0])
    assert asked[0].strip() == "User: Question: Who is Ana?\nAnswer: A cook.\nChange the facts.\nModel:"
    # What is learned is the plain question with that answer.
    assert [several[0] for several in drawn] == instructed.encode([("Who is Ana?", "A smith."), ("Where?", "In Tiln.")])


def test_without_a_template_or_an_instruction_the_question_is_asked_alone(toy, scripted):
    tokenizer = copy.deepcopy(toy.prompt_tokenizer.tokenizer)
    tokenizer.chat_template = "{{ messages[0]['content'] }}"
    prompts = toy.prompt_tokenizer.encode_prompts([question for question, _ in PAIRS])
    cases = ((toy.prompt_tokenizer, "Change it."), (PromptTokenizer(tokenizer, toy.prompt_tokenizer.template), ""))
    for prompt_tokenizer, instruction in cases:
        generator = scripted(["A smith.", "In Tiln."])
        alternatives(prompt_tokenizer, instruction, count=1)
        assert generator.asked == [prompts]


def test_the_outcome_notes_the_share_of_gold_alternatives(toy):
    _, outcome = toy.run(AltPO(alternatives=2))
    assert outcome.notes == {"alternatives_gold_when_drawn": 0.0, "alternatives_gold_when_kept": 0.0}
    assert toy.run(GradAscent())[1].notes == {}


def test_nothing_is_sampled_unless_needed(toy):
    rows = UnlearningRows.build(toy.prompt_tokenizer, toy.split, toy.refusals, ("retain",), 0, "cpu")
    rows.prepare(AltPO(), toy.models(()))
    assert rows.alternatives == []
    assert rows.batch([0], 3, None).alternative is None
    assert rows.batch([0], 3, None).epoch == 3
