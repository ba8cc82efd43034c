"""RMU: hidden states and the layers that learn (arXiv 2403.03218)."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

import methods.rmu
from benchmark.config.recipe import LoRA
from benchmark.conformance.toy import TWO_STEPS, toy_setup
from benchmark.models.forward import collate
from methods import load_method
from methods.base import Batch, Models
from methods.rmu import RMU, unit_vector


class Hidden(nn.Module):
    """Hidden states of two dimensions: a table of tokens, then two matrices. Layer 1 is table @ first."""

    def __init__(self, table, first):
        super().__init__()
        self.table = nn.Parameter(torch.tensor(table, dtype=torch.float32))
        self.first = nn.Parameter(torch.tensor(first, dtype=torch.float32))
        self.config = SimpleNamespace(num_hidden_layers=2)

    def get_output_embeddings(self):
        return None

    def forward(self, input_ids, **options):
        start = self.table[input_ids]
        return SimpleNamespace(hidden_states=(start, start @ self.first, 0 * start))


TABLE = np.array([[1.0, 0.5], [-0.5, 2.0], [0.25, -1.0], [0.0, 1.5]])
FIRST, FROZEN = np.array([[0.5, -1.0], [1.0, 0.25]]), np.array([[1.0, 0.5], [0.0, -1.0]])


def mean(toy, kind, at):
    """Mean over rows of the mean over positions of a function of the token that predicts the answer."""
    return np.mean([np.mean([at(a) for a, _ in toy.pairs(row)]) for row in toy.rows[kind]])


def run(toy, method):
    model, reference = Hidden(TABLE, FIRST), Hidden(TABLE, FROZEN)
    tokens = {kind: collate(rows, 3) for kind, rows in toy.rows.items()}
    with torch.no_grad():
        cached = method.prepare(Models(reference), tokens["forget"])
    loss = method.loss(model, Batch(**tokens, reference=reference, cached=cached))
    loss.backward()
    return loss.item(), model.first.grad.double().numpy()


def formula(toy, length, weight, u):
    """``length``: of the target after token a."""

    def loss(first):
        away = mean(toy, "forget", lambda a: ((TABLE[a] @ first - length(a) * u) ** 2).sum())
        kept = mean(toy, "retain", lambda a: ((TABLE[a] @ first - TABLE[a] @ FROZEN) ** 2).sum())
        return away + weight * kept

    return loss


@pytest.mark.parametrize(("c", "weight"), [(2.0, 1.0), (6.5, 0.0)])
def test_loss_and_gradient_follow_the_formula(toy, c, weight):
    u = unit_vector(2, 0).double().numpy()
    expected = formula(toy, lambda a: c, weight, u)
    loss, grad = run(toy, RMU(steering=c, retain_weight=weight))
    assert loss == pytest.approx(expected(FIRST), rel=1e-5)
    np.testing.assert_allclose(grad, toy.slope(expected, FIRST), rtol=1e-3, atol=1e-4)


def test_one_position_by_hand(toy):
    # h = (0.5, -1) + 0.5 * (1, 0.25) = (1, -0.875) after token 0; the target is 0, so the loss is 1 + 0.765625.
    from benchmark.models.tokenization import TokenizedExample

    tokens = collate([TokenizedExample([0, 1], 1)], 3)
    model = Hidden(TABLE, FIRST)
    batch = Batch(tokens, retain=tokens, reference=model)  # the model is its own reference: no retain loss
    assert RMU(steering=0.0).loss(model, batch).item() == pytest.approx(1.765625)


def test_rows_do_not_mix(toy):
    # Public code once divided norms [b] by counts [b, 1], which gives [b, b]: each row by every row's count.
    from benchmark.models.tokenization import TokenizedExample

    rows = [TokenizedExample([0, 1, 3], 1), TokenizedExample([1, 3], 1)]
    model, method = Hidden(TABLE, FIRST), RMU()

    def loss(some):
        tokens = collate(some, 3)
        return method.loss(model, Batch(tokens, retain=tokens, reference=model)).item()

    assert loss(rows) == pytest.approx((loss(rows[:1]) + loss(rows[1:])) / 2, rel=1e-6)


def test_direction_is_fixed_positive_and_of_length_one():
    u = unit_vector(64, 0)
    assert torch.equal(u, unit_vector(64, 0)) and not torch.equal(u, unit_vector(64, 1))
    assert u.norm().item() == pytest.approx(1) and (u >= 0).all()


NAMES = (
    "model.layers.{}.mlp.down_proj.weight", "gpt_neox.layers.{}.mlp.dense_4h_to_h.weight",
    "transformer.h.{}.mlp.c_proj.weight", "model.decoder.layers.{}.fc2.weight",
)  # fmt: skip
# The paper steers Zephyr-7B's 32 blocks after 8 and trains the last three of these.
BLOCKS = [(32, None, {5, 6, 7}), (30, None, {5, 6, 7}), (16, None, {1, 2, 3}), (2, None, {0}), (32, 16, {13, 14, 15})]


@pytest.mark.parametrize(("layers", "layer", "blocks"), BLOCKS)
@pytest.mark.parametrize("name", NAMES)
def test_three_blocks_up_to_the_steered_one_learn(name, layers, layer, blocks):
    method = RMU(layer=layer)
    assert {i for i in range(layers) if method.trains_parameter(name.format(i), layers)} == blocks
    for other in ("model.embed_tokens.weight", "lm_head.weight", "model.norm.weight"):
        assert not method.trains_parameter(other, layers)


def test_one_matrix_of_a_block_learns_or_all_of_it():
    others = ("mlp.down_proj.bias", "mlp.up_proj.weight", "self_attn.c_proj.weight", "input_layernorm.weight")
    for name in (f"model.layers.7.{rest}" for rest in others):
        assert not RMU().trains_parameter(name, 32)
        assert RMU(trained="blocks").trains_parameter(name, 32)


def changed_by(toy, method, recipe=TWO_STEPS):
    model, outcome = toy.run(method, recipe)
    assert outcome.diverged_at is None
    before = dict(toy.reference.named_parameters())
    return {name for name, p in model.named_parameters() if not torch.equal(p, before[name])}


@pytest.mark.parametrize("lora", [None, LoRA(rank=2)], ids=["full", "lora"])
@pytest.mark.parametrize(("architecture", "matrix"), [("llama", "down_proj"), ("gpt-neox", "dense_4h_to_h")])
@pytest.mark.parametrize("name", ["rmu", "adaptive_rmu"])
def test_only_the_chosen_matrix_changes(architecture, matrix, name, lora):
    toy = toy_setup(architecture)
    (changed,) = changed_by(toy, load_method(name), TWO_STEPS.model_copy(update={"lora": lora}))
    assert changed.endswith(f".layers.0.mlp.{matrix}.weight")


def test_whole_blocks_change_where_they_are_asked_for():
    toy = toy_setup("llama")
    changed = changed_by(toy, RMU(trained="blocks"))
    assert changed == {name for name, _ in toy.reference.named_parameters() if ".layers.0." in name}


def test_bf16_run_computes_in_bf16_and_steers_in_float32(monkeypatch):
    toy, kinds, states = toy_setup("llama"), [], []
    weight = torch.nn.Linear.forward

    def linear(self, x):
        kinds.append((out := weight(self, x)).dtype)
        return out

    hidden = methods.rmu.answer_hidden

    def seen(*args):
        states.append((out := hidden(*args)).dtype)
        return out

    monkeypatch.setattr(torch.nn.Linear, "forward", linear)
    monkeypatch.setattr("methods.rmu.answer_hidden", seen)
    toy.run(RMU(), TWO_STEPS.model_copy(update={"precision": "bf16"}))
    assert {*kinds} == {torch.bfloat16} and {*states} == {torch.float32}


@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_nothing_pulls_at_retain_rows_before_the_model_moves(precision):
    # Were the frozen model read in another precision, the difference alone would weigh.
    recipe = TWO_STEPS.model_copy(update={"precision": precision, "lr": 0.0})
    without, weighed = (toy_setup("llama").run(RMU(retain_weight=w), recipe)[1].losses for w in (0.0, 1e6))
    assert without == weighed
