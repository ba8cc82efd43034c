"""Looks at a model while it is trained: when they come, and that they leave no trace in the weights."""

import copy
import time

import pytest
import torch
from torch import nn

from benchmark.config.recipe import LoRA, Recipe
from benchmark.conformance.toy import toy_setup
from benchmark.evaluation.evaluate import score_model
from benchmark.training.forget_batches import UnlearningRows
from benchmark.training.looks import Looks, look_epochs, undisturbed
from benchmark.training.loop import by_loss, train
from benchmark.training.unlearn import unlearn
from methods import load_method


class Weights(nn.Module):
    """One number."""

    def __init__(self):
        super().__init__()
        self.vector = nn.Parameter(torch.full((2,), 10.0))


def fit(looks=None, **recipe):
    loss = by_loss(lambda model, numbers, epoch: (model.vector**2).mean())
    settings = {"lr": 0.1, "batch_size": 4, "epochs": 5, "warmup_epochs": 0, **recipe}
    return train(Weights(), loss, [1] * 8, Recipe(**settings), seed=0, looks=looks)


@pytest.mark.parametrize(("every", "epochs"), [(1, [1, 2, 3, 4, 5]), (2, [2, 4, 5]), (5, [5]), (9, [5])])
def test_looks_come_every_so_many_epochs_and_after_the_last(every, epochs):
    seen = []
    fit(Looks(every, lambda model, epoch, step: seen.append((epoch, step))))
    assert seen == [(epoch, 2 * epoch) for epoch in epochs]
    assert look_epochs(every, 5) == epochs and look_epochs(None, 5) == []


def test_a_broken_run_is_not_looked_at():
    seen = []
    looks = Looks(1, lambda model, epoch, step: seen.append(epoch))

    def loss(model, numbers, epoch):
        return model.vector.mean() * (float("inf") if epoch == 2 else 1.0)

    outcome = train(Weights(), by_loss(loss), [1] * 8, Recipe(lr=0.1, batch_size=4, epochs=5), seed=0, looks=looks)
    assert outcome.diverged_at == 5 and seen == [1, 2]


def test_the_time_of_looks_is_not_that_of_training(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])

    def see(model, epoch, step):
        clock[0] += 100.0

    looks = Looks(1, see)
    assert fit(looks).seconds == 0.0 and looks.seconds == 500.0


def test_modes_and_random_streams_are_put_back():
    model = nn.Sequential(nn.Dropout(), nn.Dropout())
    model[1].eval()
    expected = torch.Generator().manual_seed(3)
    torch.manual_seed(3)
    with pytest.raises(RuntimeError, match="mine"), undisturbed(model):
        assert not any(part.training for part in model.modules())
        torch.rand(7)
        raise RuntimeError("mine")
    assert [part.training for part in model.modules()] == [True, True, False]
    assert torch.equal(torch.rand(4), torch.rand(4, generator=expected))


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("rkld", {}),
        ("npo+rt", {"lora": LoRA(dropout=0.5)}),  # dropout draws from torch's stream at every step
        ("npo+rt", {"gradient_checkpointing": True}),
        ("uld", {}),
    ],
)
def test_the_weights_are_the_same_to_the_last_bit(name, changes):
    toy = toy_setup("llama")
    recipe = Recipe(**{"lr": 1e-2, "batch_size": 4, "epochs": 3, "warmup_epochs": 0, **changes})
    method, sets = load_method(name), {"forget": toy.split.forget, "retain": toy.split.retain}

    def trained(looks):
        torch.manual_seed(1)
        models = toy.models(method.required())
        model = copy.deepcopy(models.reference)
        rows = UnlearningRows.build(toy.prompt_tokenizer, toy.split, toy.refusals, method.required(), 0, "cpu")
        unlearn(method, model, models, rows, recipe, looks=looks(method, models))
        return model.state_dict()

    seen = []

    def looks(method, models):
        def see(model, epoch, step):
            torch.rand(5)
            scores = score_model(method.deploy(model, models), toy.prompt_tokenizer, sets, generated=False)
            seen.append(scores["forget"].answer_nll().mean())

        return Looks(1, see)

    without, given = trained(lambda method, models: None), trained(looks)
    assert without.keys() == given.keys() and all(torch.equal(without[key], given[key]) for key in without)
    assert len(seen) == 3 and len(set(seen)) == 3  # the model was read while it changed
