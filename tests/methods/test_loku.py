"""LoKU's Fisher initialisation of adapters (Cha et al. 2024, arXiv 2408.06621)."""

import copy

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmark.config.recipe import LoRA
from benchmark.conformance.toy import TWO_STEPS, toy_setup
from benchmark.training.loop import add_lora
from methods import load_method
from methods.base import nll, token_logprobs
from methods.loku import LoKU, initialise, squared_gradients, weighted_factors


def test_factors_are_the_best_weighted_approximation():
    rng = np.random.default_rng(0)
    weight, importance, rank = rng.normal(size=(7, 5)), rng.uniform(0.1, 4, size=7), 2
    u, s, v = np.linalg.svd(importance[:, None] * weight)
    best = (u[:, :rank] * s[:rank]) @ v[:rank] / importance[:, None]
    b, a = weighted_factors(torch.tensor(weight).float(), torch.tensor(importance).float(), rank)
    assert (b.shape, a.shape) == ((7, 2), (2, 5))
    np.testing.assert_allclose(b @ a, best, atol=1e-4)


def test_rank_one_by_hand():
    # Rows (3, 0) and (0, 1) with weights 1 and 6: the second, 6, is the larger, so the first is dropped.
    b, a = weighted_factors(torch.tensor([[3.0, 0.0], [0.0, 1.0]]), torch.tensor([1.0, 6.0]), 1)
    np.testing.assert_allclose(b @ a, [[0, 0], [0, 1]], atol=1e-4)


def token_mean(model, rows):
    return -token_logprobs(model, rows).mean()


def test_squared_gradients_are_averaged_over_batches_by_their_tokens():
    toy, method = toy_setup("llama"), load_method("loku")
    weight = toy.reference.get_parameter("model.layers.0.mlp.up_proj.weight")
    batches = [toy.batch(method, numbers).forget for numbers in ([0, 1, 2], [3])]
    counts = [len(rows.row) for rows in batches]
    assert counts[0] != counts[1]
    grads = [torch.autograd.grad(token_mean(toy.reference, rows), weight)[0] for rows in batches]
    expected = sum(n * g**2 for n, g in zip(counts, grads, strict=True)) / sum(counts)
    (squared,) = squared_gradients(toy.reference, [weight], iter(batches))
    np.testing.assert_allclose(squared, expected, rtol=1e-4, atol=1e-12)


def test_initialisation_does_not_depend_on_how_a_step_is_split():
    # At learning rate 0 the adapters are all that training leaves in the weights, moved by rounding alone.
    seen = []
    for size in (1, 3, None):
        toy, adapters = toy_setup("llama"), {}

        class Watched(LoKU):
            def gradient(self, model, batches, backward, adapters=adapters):
                adapters |= {n: p.detach().clone() for n, p in model.named_parameters() if "lora_" in n}
                return super().gradient(model, batches, backward)

        recipe = TWO_STEPS.model_copy(update={"lr": 0.0, "lora": LoRA(rank=2), "micro_batch_size": size})
        toy.run(Watched(), recipe)
        seen.append(adapters)
    assert seen[0] and all(p.any() for n, p in seen[0].items() if "lora_B" in n)
    for other in seen[1:]:
        assert all(torch.equal(p, other[n]) for n, p in seen[0].items())


def test_importance_is_taken_over_all_forget_rows_in_fours(monkeypatch):
    taken = []

    def read(model, batches, epsilon):
        taken.extend(batch.forget.index.tolist() for batch in batches())

    monkeypatch.setattr("methods.loku.initialise", read)
    toy_setup("llama").run(LoKU())
    assert [len(rows) for rows in taken] == [4, 4] and sorted(sum(taken, [])) == list(range(8))


@pytest.mark.parametrize("architecture", ["llama", "gpt-neox"])
def test_initialisation_moves_weight_into_the_adapters(architecture):
    toy = toy_setup(architecture)
    batch = toy.batch(load_method("loku"))
    model = add_lora(copy.deepcopy(toy.reference), LoRA(rank=2, alpha=6)).eval()
    before = nll(model, batch.forget).item()
    initialise(model, lambda: iter([batch]), 1e-5)
    assert nll(model, batch.forget).item() == pytest.approx(before, abs=1e-5)
    assert not any(p.requires_grad for n, p in model.named_parameters() if "base_layer" in n)
    originals = dict(toy.reference.named_parameters())
    for name, module in model.named_modules():
        if not hasattr(module, "lora_A"):
            continue
        product = 3 * module.lora_B["default"].weight @ module.lora_A["default"].weight  # alpha / rank
        original = originals[name.removeprefix("base_model.model.") + ".weight"]
        assert product.norm() > 0.1 * original.norm()
        np.testing.assert_allclose((module.get_base_layer().weight + product).detach(), original.detach(), atol=1e-5)


def test_importance_is_forget_over_retain():
    toy, name, epsilon = toy_setup("llama"), "model.layers.0.mlp.up_proj", 1e-7
    batch = toy.batch(load_method("loku"))
    weight, squared = toy.reference.get_parameter(f"{name}.weight"), []
    for tokens in (batch.forget, batch.retain):
        squared.append(torch.autograd.grad(token_mean(toy.reference, tokens), weight)[0].double().numpy() ** 2)
    importance = np.sqrt((squared[0] / (squared[1] + epsilon)).sum(1))[:, None]
    u, s, v = np.linalg.svd(importance * weight.detach().numpy())
    best = (u[:, :2] * s[:2]) @ v[:2] / importance
    model = add_lora(copy.deepcopy(toy.reference), LoRA(rank=2, alpha=6)).eval()
    initialise(model, lambda: iter([batch]), epsilon)
    module = model.get_submodule(f"base_model.model.{name}")
    product = (3 * module.lora_B["default"].weight @ module.lora_A["default"].weight).detach().numpy()
    assert np.linalg.norm(product - best) < 0.02 * np.linalg.norm(best)


def test_only_the_first_step_initialises(monkeypatch):
    calls = []
    monkeypatch.setattr("methods.loku.initialise", lambda *args: calls.append(args))
    toy = toy_setup("llama")
    _, outcome = toy.run(load_method("loku"), TWO_STEPS.model_copy(update={"epochs": 2}))
    assert outcome.steps == 4
    assert len(calls) == 1


def test_learning_rate_zero_leaves_the_function():
    toy = toy_setup("llama")
    model, _ = toy.run(load_method("loku"), TWO_STEPS.model_copy(update={"lr": 0.0, "lora": LoRA(rank=2)}))
    for new, old in zip(model.parameters(), toy.reference.parameters(), strict=True):
        np.testing.assert_allclose(new.detach(), old.detach(), atol=1e-6)


def test_without_adapters_it_is_the_inverted_hinge_loss():
    toy = toy_setup("llama")
    gradients: list[list[Tensor]] = []
    for name in ("loku", "ihl"):
        method, student = load_method(name), toy.student()
        batch = toy.batch(method)
        method.gradient(student, lambda batch=batch: iter([(batch, 1.0)]), Tensor.backward)
        gradients.append([p.grad for p in student.parameters()])
    assert all(map(torch.equal, *gradients))
