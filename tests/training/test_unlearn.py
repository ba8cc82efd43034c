"""The rows that a method sees: paired examples, prepared values, and the closed form."""

import copy
from dataclasses import dataclass, replace
from typing import ClassVar

import pytest
import torch

from benchmark.config.recipe import Recipe
from benchmark.conformance.toy import toy_setup
from benchmark.models.forward import collate
from benchmark.training.forget_batches import PREPARE_BATCH, UnlearningRows
from benchmark.training.unlearn import collapse_probe, epoch_steps, unlearn
from methods import load_method
from methods.base import NEEDS, Method, Models, nll


@pytest.fixture(scope="module")
def toy():
    toy = toy_setup("llama")
    split = replace(toy.split, forget=(toy.split.forget * 5)[: 2 * PREPARE_BATCH + 3])  # three batches of preparation
    return replace(toy, split=split)


def build(toy, needs=NEEDS, seed=0):
    return UnlearningRows.build(toy.prompt_tokenizer, toy.split, toy.refusals, needs, seed, "cpu")


def drawn(rows, epoch):
    """(retain rows, refusals) that come with all forget rows, whatever the batches."""
    batch = rows.batch(list(range(len(rows.forget))), epoch, None)
    return batch.retain.index.tolist(), texts(rows, batch.refusal)


def texts(rows, tokens):
    """The answers of a batch, row by row."""
    return rows.prompt_tokenizer.decode([tokens.targets[tokens.row == i] for i in range(len(tokens.input_ids))])


def test_companions_come_from_seed_and_epoch(toy):
    first = drawn(build(toy), 0)
    assert drawn(build(toy), 0) == first
    for other in (drawn(build(toy), 1), drawn(build(toy, seed=1), 0)):
        assert other[0] != first[0]
        assert other[1] != first[1]
    assert first[0] != [k % len(toy.split.retain) for k in range(35)]


def test_epochs_do_not_hang_on_what_was_asked_before(toy):
    rows = build(toy)
    for epoch in (0, 1, 0):
        assert drawn(rows, epoch) == drawn(build(toy), epoch)


def test_retain_rows_and_refusals_are_drawn_apart(toy):
    rows = build(toy)
    assert rows.draw_paired(1000, 0, 1).tolist() != rows.draw_paired(1000, 0, 2).tolist()


def test_companions_stay_with_their_row_whatever_the_batch(toy):
    rows = build(toy)
    retain, refusals = drawn(rows, 2)
    for numbers in ([7], [34, 0, 12], list(range(35))[::-1]):
        batch = rows.batch(numbers, 2, None)
        assert batch.retain.index.tolist() == [retain[i] for i in numbers]
        assert texts(rows, batch.refusal) == [refusals[i] for i in numbers]
        assert batch.forget.index.tolist() == batch.refusal.index.tolist() == numbers


def test_companions_do_not_depend_on_what_else_is_needed(toy):
    retain, refusals = drawn(build(toy), 1)
    everyone = list(range(35))
    assert build(toy, ("retain",)).batch(everyone, 1, None).retain.index.tolist() == retain
    alone = build(toy, ("refusals",))
    assert texts(alone, alone.batch(everyone, 1, None).refusal) == refusals


def test_refusals_answer_the_rows_own_question(toy):
    rows = build(toy)
    batch = rows.batch([3, 9], 0, None)
    for i, number in enumerate([3, 9]):
        prompt = rows.prompt_tokenizer.encode_prompts([toy.split.forget[number].question])[0]
        assert batch.refusal.input_ids[i, : len(prompt)].tolist() == prompt
    assert set(texts(rows, batch.refusal)) <= set(toy.refusals)


def test_every_refusal_and_retain_row_gets_its_turn(toy):
    rows = build(toy)
    seen = [drawn(rows, epoch) for epoch in range(20)]
    assert {i for retain, _ in seen for i in retain} == set(range(len(toy.split.retain)))
    assert len({text for _, refusals in seen for text in refusals}) == len(toy.refusals)


def test_nothing_comes_that_was_not_asked_for(toy):
    rows = build(toy, ())
    batch = rows.batch([0, 1], 0, None)
    assert (batch.retain, batch.refusal, batch.reference, batch.cached) == (None, None, None, {})
    assert rows.retain == [] and rows.refusals == ()


@dataclass(frozen=True)
class Recorder(Method):
    """Prepares what tells rows apart, and checks in every loss that the right values came back."""

    prepared: ClassVar[list] = []

    def prepare(self, models, tokens):
        assert not torch.is_grad_enabled()
        self.prepared.extend(tokens.index.tolist())
        wide = torch.stack([tokens.targets.float(), tokens.column.float()], dim=1)  # [N, 2]
        return {"number": tokens.index, "wide": wide}

    def loss(self, model, batch):
        tokens = batch.forget
        assert batch.cached["number"].tolist() == tokens.index.tolist()
        assert batch.cached["wide"][:, 0].tolist() == tokens.targets.tolist()
        assert batch.cached["wide"][:, 1].tolist() == tokens.column.tolist()
        return sum(p.sum() for p in model.parameters()) * 0


def test_prepared_once_a_row_and_handed_back_in_order(toy):
    Recorder.prepared.clear()
    model = copy.deepcopy(toy.reference)
    recipe = Recipe(epochs=3, batch_size=6, micro_batch_size=4)
    outcome = unlearn(Recorder(), model, Models(toy.reference), build(toy, ()), recipe)
    assert sorted(Recorder.prepared) == list(range(35))
    assert outcome.steps == 18


def test_prepared_values_of_another_length_are_refused(toy):
    class Short(Method):
        def prepare(self, models, tokens):
            return {"s": torch.zeros(3)}

    with pytest.raises(ValueError, match=r"Short.prepare returned 's' of length 3.*one entry a row \(16\)"):
        build(toy).prepare(Short(), Models(toy.reference))


@pytest.mark.parametrize(("name", "given"), [("npo", False), ("npo+kl", True), ("dpo", True), ("rkld", False)])
def test_reference_goes_live_only_where_it_is_needed(toy, name, given):
    seen = []
    method = load_method(name)

    class Watched(type(method)):
        def loss(self, model, batch):
            seen.append(batch.reference is toy.reference)
            return super().loss(model, batch)

    watched = Watched(retain=method.retain)
    model, models = copy.deepcopy(toy.reference), Models(toy.reference, toy.reinforced)
    unlearn(watched, model, models, build(toy, method.required()), Recipe(epochs=1, batch_size=32))
    assert seen == [given] * 2


def test_ascent_forgets(toy):
    forget = collate(build(toy).forget, toy.prompt_tokenizer.pad_id)
    model = copy.deepcopy(toy.reference)
    unlearn(
        load_method("grad_ascent"),
        model,
        Models(toy.reference),
        build(toy, ()),
        Recipe(epochs=2, lr=1e-3, batch_size=8),
    )
    assert nll(model, forget) > nll(toy.reference, forget) + 0.1


def test_closed_form_copies_its_weights_and_is_probed(toy):
    model = copy.deepcopy(toy.reference)
    models = Models(toy.reference, toy.reinforced)
    outcome = unlearn(load_method("task_vector", scale=-1.0), model, models, build(toy, ()), Recipe())
    assert (outcome.steps, outcome.diverged_at) == (0, None)
    for mine, theirs in zip(model.parameters(), toy.reinforced.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs)
    probe = collapse_probe(toy.prompt_tokenizer, toy.split.retain, "cpu")
    outcome = unlearn(load_method("task_vector", scale=1e6), model, models, build(toy, ()), Recipe(), probe=probe)
    assert outcome.diverged_at == 0
    assert "collapsed" in outcome.reason


def test_closed_form_reads_every_forget_row_once_and_in_the_same_order(toy):
    rows, recipe = build(toy), Recipe(batch_size=8, micro_batch_size=3)
    orders = []

    class Reads(Method):
        trains = False

        def unlearn(self, models, steps):
            for _ in range(2):
                shares = [[(batch.forget.index.tolist(), share) for batch, share in batches()] for batches in steps()]
                orders.append(shares)
            return super().unlearn(models, steps)

    unlearn(Reads(), copy.deepcopy(toy.reference), Models(toy.reference), rows, recipe)
    assert orders[0] == orders[1]
    assert sorted(i for step in orders[0] for numbers, _ in step for i in numbers) == [*range(len(rows.forget))]
    assert all(sum(share for _, share in step) == pytest.approx(1) for step in orders[0])
    assert [len(numbers) for numbers, _ in orders[0][0]] in ([3, 3, 2], [3])  # a step of eight, or the last of three
    other = [*epoch_steps(build(toy, seed=1), recipe, None)]
    assert [[b.forget.index.tolist() for b, _ in batches()] for batches in other] != [
        [numbers for numbers, _ in step] for step in orders[0]
    ]


def test_method_is_called_after_each_step_with_the_batches_of_that_step(toy):
    seen, steps = [], []

    class Watched(type(load_method("grad_ascent"))):
        def gradient(self, model, batches, backward):
            self.note("gradient", model, batches)
            return super().gradient(model, batches, backward)

        def after_step(self, model, batches):
            self.note("after", model, batches)

        def note(self, when, model, batches):
            weight = next(model.parameters()).detach().clone()
            seen.append((when, [batch.forget.index.tolist() for batch, _ in batches()], weight))

    recipe = Recipe(epochs=1, lr=1e-3, batch_size=16, micro_batch_size=5, warmup_epochs=0)
    model = copy.deepcopy(toy.reference)
    unlearn(Watched(), model, Models(toy.reference), build(toy, ()), recipe, on_step=lambda *step: steps.append(step))
    assert [when for when, _, _ in seen] == ["gradient", "after"] * 3
    assert [total for _, total in steps] == [3] * 3
    for (_, before, start), (_, after, moved) in zip(seen[::2], seen[1::2], strict=True):
        assert before == after
        assert not torch.equal(start, moved)
    assert torch.equal(seen[-1][2], next(model.parameters()))
