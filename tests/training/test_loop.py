"""The training loop: order of rows, learning rates, what is decayed, how it stops."""

import math
import re

import numpy as np
import pytest
import torch
from torch import nn

from benchmark.common.errors import UserError
from benchmark.config.recipe import LoRA, Recipe
from benchmark.conformance.toy import toy_setup
from benchmark.data.types import question_answer_pairs
from benchmark.models.forward import collate
from benchmark.training.finetune import finetune
from benchmark.training.loop import batch_order, by_loss, train
from benchmark.training.unlearn import collapse_probe
from methods.base import nll


class Weights(nn.Module):
    """A matrix and a vector."""

    def __init__(self):
        super().__init__()
        self.matrix = nn.Parameter(torch.full((2, 2), 10.0))
        self.vector = nn.Parameter(torch.full((2,), 10.0))


def fit(row_loss, rows=8, model=None, **recipe):
    model = model or Weights()
    settings = {"lr": 0.1, "batch_size": 2, "epochs": 1, "warmup_epochs": 0, "weight_decay": 0.0, **recipe}
    return model, train(model, by_loss(row_loss), [1] * rows, Recipe(**settings), seed=0)


@pytest.mark.parametrize(("rows", "size"), [(20, 4), (23, 4), (3, 8), (100, 1)])
def test_batch_order_covers_each_row_once(rows, size):
    batches = batch_order(list(range(rows)), size, np.random.default_rng(1))
    assert sorted(i for batch in batches for i in batch) == list(range(rows))
    assert len(batches) == math.ceil(rows / size)
    assert all(1 <= len(batch) <= size for batch in batches)


def test_batch_order_is_decided_by_the_generator_and_groups_lengths():
    lengths = np.random.default_rng(0).integers(5, 100, size=256).tolist()

    def padding(batches):
        return sum(max(lengths[i] for i in b) * len(b) - sum(lengths[i] for i in b) for b in batches)

    orders = [batch_order(lengths, 8, np.random.default_rng(seed)) for seed in (3, 3, 4)]
    assert orders[0] == orders[1] != orders[2]
    chance = np.random.default_rng(0).permutation(256).reshape(-1, 8).tolist()
    assert padding(orders[0]) < padding(chance) / 2
    firsts = [lengths[batch[0]] for batch in orders[0]]
    assert firsts != sorted(firsts)  # batches of one window come in random order


def test_each_epoch_sees_each_row_once_in_an_order_of_its_own():
    seen = {}

    def row_loss(model, rows, epoch):
        seen.setdefault(epoch, []).extend(rows)
        return model.matrix.sum()

    _, outcome = fit(row_loss, rows=9, epochs=3)
    assert {epoch: sorted(rows) for epoch, rows in seen.items()} == dict.fromkeys(range(3), list(range(9)))
    assert seen[0] != seen[1]
    assert outcome.steps == len(outcome.losses) == 15
    assert outcome.diverged_at is None and outcome.seconds > 0


def test_learning_rate_warms_up_and_decays_to_zero():
    # A constant gradient makes each Adam step as long as the learning rate: the weight shows the schedule.
    values = []

    def row_loss(model, rows, epoch):
        values.append(model.vector[0].item())
        return model.vector.sum()

    model, _ = fit(row_loss, epochs=3, warmup_epochs=1)  # 4 steps an epoch
    rates = -np.diff([*values, model.vector[0].item()])
    expected = [0, 0.25, 0.5, 0.75, 1, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125]
    np.testing.assert_allclose(rates, 0.1 * np.array(expected), atol=1e-5)


def test_weight_decay_is_for_matrices():
    model, _ = fit(lambda model, rows, epoch: 0 * (model.matrix.sum() + model.vector.sum()), weight_decay=0.5)
    assert model.vector.tolist() == [10.0, 10.0]
    # four steps at 0.1, 0.075, 0.05, 0.025: 10 * (1 - 0.05) (1 - 0.0375) (1 - 0.025) (1 - 0.0125) = 8.80371
    assert model.matrix[0, 0].item() == pytest.approx(8.80371, abs=1e-4)


@pytest.mark.parametrize(("rows", "made"), [(8, 4), (80, 32)])
def test_training_stops_soon_after_a_loss_that_is_no_number(rows, made):
    calls = []

    def row_loss(model, rows, epoch):
        calls.append(epoch)
        return model.matrix.sum() * (math.nan if len(calls) == 3 else 1)

    _, outcome = fit(row_loss, rows=rows, epochs=5)  # losses are read every 32 steps and after an epoch
    assert outcome.diverged_at == 3
    assert outcome.reason == "the loss became nan"
    assert outcome.steps == len(calls) == made


def test_gradient_that_is_not_finite_is_divergence_too():
    _, outcome = fit(lambda model, rows, epoch: (model.vector - 10).abs().sqrt().sum(), epochs=3)
    assert outcome.losses[0] == 0
    assert outcome.diverged_at == 1
    assert outcome.reason.startswith("the gradient norm became")


def test_probe_ends_training_after_its_epoch():
    answers = iter([None, "gone", None])
    outcome = train(
        Weights(),
        by_loss(lambda model, rows, epoch: model.matrix.sum()),
        [1] * 8,
        Recipe(epochs=3, batch_size=2),
        seed=0,
        probe=lambda model: next(answers),
    )
    assert (outcome.steps, outcome.diverged_at, outcome.reason) == (8, 8, "gone")


def test_collapse_probe_compares_with_guessing():
    toy = toy_setup("llama")
    model = toy.reinforced
    probe = collapse_probe(toy.prompt_tokenizer, toy.split.retain, "cpu")
    finetune(model, toy.prompt_tokenizer, toy.split.retain, Recipe(epochs=3, lr=1e-2), seed=0)
    assert probe(model) is None
    guess = math.log(model.config.vocab_size)
    with torch.no_grad():
        model.lm_head.weight *= -20  # what it learned, turned round
    assert re.match(rf"the model collapsed: [\d.]+ nats .*, {guess:.1f} by guessing", probe(model))
    with torch.no_grad():
        model.lm_head.weight[0] = math.nan
    assert "nan nats" in probe(model)


def test_steps_are_reported():
    steps = []
    model = Weights()
    recipe = Recipe(epochs=2, batch_size=4)
    train(model, by_loss(lambda m, r, e: m.matrix.sum()), [1] * 8, recipe, seed=0, on_step=lambda *s: steps.append(s))
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]


@pytest.mark.parametrize("recipe", [Recipe(epochs=0), Recipe(epochs=3)], ids=["no epochs", "no rows"])
def test_nothing_to_do(recipe):
    outcome = train(Weights(), by_loss(lambda m, r, e: 1 / 0), [1] * 8 if recipe.epochs == 0 else [], recipe, seed=0)
    assert outcome.steps == 0 and outcome.diverged_at is None


def test_overfits_eight_rows():
    toy = toy_setup("llama")
    recipe = Recipe(epochs=60, lr=1e-2, batch_size=8)
    outcome = finetune(toy.reference, toy.prompt_tokenizer, toy.split.forget, recipe, seed=0)
    assert outcome.losses[0] > 4
    assert outcome.losses[-1] < 0.1
    assert not toy.reference.training


@pytest.mark.parametrize(
    "change",
    [{"micro_batch_size": 3}, {"gradient_checkpointing": True}],
    ids=["micro-batches", "checkpointing"],
)
def test_ways_to_save_memory_train_the_same_model(change):
    losses = []
    for recipe in ({}, change):
        toy = toy_setup("llama")
        recipe = Recipe(epochs=4, lr=1e-2, batch_size=8, warmup_epochs=0, **recipe)
        losses.append(finetune(toy.reference, toy.prompt_tokenizer, toy.split.retain, recipe, seed=0).losses)
    assert len(losses[0]) == 8
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-4)


def test_bf16_follows_float32_closely():
    losses = []
    for precision in ("float32", "bf16"):
        toy = toy_setup("llama")
        recipe = Recipe(epochs=3, lr=1e-3, batch_size=8, precision=precision)
        losses.append(finetune(toy.reference, toy.prompt_tokenizer, toy.split.forget, recipe, seed=0).losses)
        assert next(toy.reference.parameters()).dtype == torch.float32
    assert losses[0] != losses[1]
    np.testing.assert_allclose(losses[1], losses[0], rtol=0.02)


def test_lora_trains_adapters_only_and_merges_them():
    toy = toy_setup("llama")
    before = {name: value.clone() for name, value in toy.reference.state_dict().items()}
    recipe = Recipe(epochs=5, lr=1e-2, batch_size=4, lora=LoRA(rank=2, targets=["q_proj", "down_proj"]))
    outcome = finetune(toy.reference, toy.prompt_tokenizer, toy.split.forget, recipe, seed=0)
    assert outcome.losses[-1] < outcome.losses[0]
    after = toy.reference.state_dict()
    assert list(after) == list(before)
    for name, value in after.items():
        change = value - before[name]
        if "q_proj" in name or "down_proj" in name:
            assert torch.linalg.matrix_rank(change, rtol=1e-3) == 2
        else:
            assert not change.any()
    assert all(p.requires_grad for p in toy.reference.parameters())
    assert "lora" not in str(toy.reference).lower()


def test_of_the_adapters_those_beside_a_trained_parameter_are_trained():
    toy = toy_setup("llama")
    before = {name: value.clone() for name, value in toy.reference.named_parameters()}
    rows = toy.prompt_tokenizer.encode(question_answer_pairs(toy.split.forget))

    def row_loss(model, numbers, epoch):
        return nll(model, collate([rows[i] for i in numbers], 0))

    recipe = Recipe(epochs=2, lr=1e-2, batch_size=4, warmup_epochs=0, lora=LoRA(rank=2))
    chosen = re.compile(r"model\.layers\.1\.mlp\.(up|down)_proj\.weight")
    train(toy.reference, by_loss(row_loss), [1] * 8, recipe, seed=0, trained_names=lambda n: bool(chosen.fullmatch(n)))
    changed = {name for name, value in toy.reference.named_parameters() if not torch.equal(value, before[name])}
    assert changed == {name for name in before if chosen.fullmatch(name)} and len(changed) == 2


def test_adapters_beside_nothing_that_is_trained_are_refused():
    recipe = Recipe(lora=LoRA(targets=["q_proj"]))
    with pytest.raises(UserError, match=r"no adapter on \['q_proj'\] stands beside a parameter that the method trains"):
        train(toy_setup("llama").reference, by_loss(None), [1] * 8, recipe, seed=0, trained_names=lambda n: "down" in n)


@pytest.mark.parametrize("lora", [None, LoRA(rank=2, dropout=0.5)], ids=["full", "lora"])
def test_fine_tuning_repeats_with_its_seed(lora):
    def run(seed):
        model, prompt_tokenizer = toy_setup("llama").reference, toy_setup("llama").prompt_tokenizer
        recipe = Recipe(epochs=1, batch_size=4, lr=1e-2, lora=lora)
        finetune(model, prompt_tokenizer, toy_setup("llama").split.retain, recipe, seed=seed)
        return model.model.layers[0].mlp.up_proj.weight

    torch.manual_seed(1)
    first = run(0)
    torch.manual_seed(2)  # what else the process draws plays no part
    assert torch.equal(first, run(0))
    assert not torch.equal(first, run(1))


def test_recipe_refuses_what_it_does_not_know():
    with pytest.raises(ValueError, match="learning_rate"):
        Recipe(learning_rate=1e-5)
    with pytest.raises(ValueError, match="batch_size"):
        Recipe(batch_size=0)
