"""RepSelect: one step along the directions that are the forget rows' own (arXiv 2606.17168)."""

import copy
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.func import functional_call

from benchmark.common.errors import UserError
from benchmark.conformance.toy import TWO_STEPS, toy_setup
from benchmark.training.unlearn import epoch_steps
from methods.base import Models
from methods.repselect import RepSelect, adapted, furthest


@pytest.mark.parametrize("shape", [(16, 24), (24, 16)])
def test_large_components_are_divided_on_both_sides(shape):
    # Of 16 an eighth: two. s = 8 and 2: the first is divided by 8 / 2 twice, the second by 1; the others stay.
    rng = np.random.default_rng(0)
    u, v = (np.linalg.qr(rng.normal(size=(n, 16)))[0] for n in shape)
    rest = 0.01 * rng.uniform(size=14)
    gradient, expected = (u * [*first, *rest] @ v.T for first in ((8, 2), (0.5, 2)))
    method = RepSelect()
    np.testing.assert_allclose(method.collapsed(torch.tensor(gradient).float()), expected, atol=1e-5)
    one = RepSelect(components=1).collapsed(torch.tensor(gradient).float())
    np.testing.assert_allclose(one, gradient, atol=1e-5)  # the first is its own smallest
    assert not method.collapsed(torch.zeros(shape)).any()


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e5])
def test_step_is_the_longest_within_the_budget(scale):
    step = furthest(lambda step: (scale * step) ** 2 if scale * step < 3 else math.nan, 0.01)
    assert 0.95 * 0.01 <= (scale * step) ** 2 <= 0.01
    with pytest.raises(UserError, match="no step"):
        furthest(lambda step: 0.0, 0.01)


def test_search_by_hand():
    tried = []
    step = furthest(lambda step: tried.append(step) or step, 0.97)
    # 0.05, 0.4, 3.2 is beyond; then geometric means: sqrt(0.4 * 3.2) = 1.13, sqrt(0.4 * 1.13) = 0.673 ...
    assert tried == pytest.approx([0.05, 0.4, 3.2, 1.1314, 0.6727, 0.8724, 0.9935, 0.9310], abs=1e-4)
    assert step == tried[-1]


def row_nll(logits, tokens, row):
    """Mean over one row's answer tokens."""
    at = tokens.column[tokens.row == row]
    return -logits[row, at - 1].log_softmax(-1).gather(1, tokens.input_ids[row, at][:, None]).mean()


def test_whole_method_against_merged_weights():
    """Adapters are merged into the weights: dL/dA = B^T dL/dW and dL/dB = dL/dW A^T."""
    toy, method = toy_setup("llama"), RepSelect(adapter_lr=0.5, adapter_rank=3)
    rows, before = toy.rows(method, method.required()), copy.deepcopy(toy.reference)
    steps = [[*batches()] for batches in epoch_steps(rows, TWO_STEPS, toy.reference)]
    new = method.unlearn(toy.models(method.required()), lambda: epoch_steps(rows, TWO_STEPS, toy.reference))

    weights = {n: p.detach() for n, p in before.named_parameters() if ".mlp." in n and p.dim() == 2}
    assert len(weights) == 6
    generator = torch.Generator().manual_seed(0)
    a = {n: (torch.rand(3, w.shape[1], generator=generator) * 2 - 1) / w.shape[1] ** 0.5 for n, w in weights.items()}
    b = {n: torch.zeros(w.shape[0], 3) for n, w in weights.items()}

    def slopes(tokens):
        merged = {n: (w + b[n] @ a[n]).requires_grad_() for n, w in weights.items()}
        inputs = {"input_ids": tokens.input_ids, "attention_mask": tokens.attention_mask}
        logits = functional_call(before, merged, kwargs=inputs).logits
        loss = sum(row_nll(logits, tokens, row) for row in range(len(tokens.index))) / len(tokens.index)
        return dict(zip(merged, torch.autograd.grad(loss, [*merged.values()]), strict=True))

    for [(batch, _)] in steps:
        for n, slope in slopes(batch.forget).items():
            a[n], b[n] = a[n] - 0.5 * b[n].T @ slope, b[n] - 0.5 * slope @ a[n].T
    assert max(part.abs().max() for part in b.values()) > 1e-3
    total = {n: -sum(slopes(batch.forget)[n] for [(batch, _)] in steps) for n in weights}
    directions = torch.cat([method.collapsed(total[n]).view(-1) for n in weights])
    changes = torch.cat([(weights[n] - new[n]).view(-1) for n in weights])
    step = (changes @ directions / (directions @ directions)).item()
    assert step > 0
    torch.testing.assert_close(changes, step * directions, rtol=1e-3, atol=1e-3 * changes.abs().max().item())

    kls = []
    for [(batch, _)] in steps:
        tokens = batch.retain
        with torch.no_grad():
            inputs = {"input_ids": tokens.input_ids, "attention_mask": tokens.attention_mask}
            q, p = functional_call(before, new, kwargs=inputs).logits.log_softmax(-1), before(**inputs).logits
            p = p.log_softmax(-1)
        at = (p.exp() * (p - q)).sum(-1)
        kls += [at[row, tokens.column[tokens.row == row] - 1].mean().item() for row in range(len(tokens.index))]
    assert 0.95 * 0.01 <= np.mean(kls) <= 0.01 + 1e-6
    for name, parameter in before.named_parameters():
        assert name in weights or torch.equal(new[name], parameter), name
        assert torch.equal(toy.reference.get_parameter(name), parameter), name


@pytest.mark.parametrize("architecture", ["llama", "gpt-neox"])
def test_micro_batches_change_nothing(architecture):
    toy, method = toy_setup(architecture), RepSelect(adapter_lr=0.5)
    rows = toy.rows(method, method.required())

    def unlearned(size):
        recipe = TWO_STEPS.model_copy(update={"micro_batch_size": size})
        return method.unlearn(toy.models(method.required()), lambda: epoch_steps(rows, recipe, toy.reference))

    whole, parts = unlearned(None), unlearned(3)
    changed = [name for name, value in whole.items() if not torch.equal(value, toy.reference.get_parameter(name))]
    assert changed and all(".mlp." in name and name.endswith("weight") for name in changed)
    for name in changed:
        start = toy.reference.get_parameter(name).detach()
        error = ((parts[name] - whole[name]).norm() / (whole[name] - start).norm()).item()
        assert error < 1e-2, name


def test_adapters_start_at_zero_and_come_off():
    layer, inputs = nn.Linear(3, 2), torch.randn(4, 3)
    plain = layer(inputs)
    with adapted([layer], 8) as (a, b):
        assert torch.equal(layer(inputs), plain)
        with torch.no_grad():
            b += 1
        torch.testing.assert_close(layer(inputs), plain + (inputs @ a.T).sum(-1, keepdim=True))
    assert torch.equal(layer(inputs), plain)


def test_state_of_random_numbers_stays():
    before = torch.get_rng_state()
    RepSelect().collapsed(torch.ones(16, 16))
    assert torch.equal(torch.get_rng_state(), before)


def test_model_without_mlp_matrices_is_refused(toy):
    with pytest.raises(UserError, match="Bigram has no matrices named mlp"):
        RepSelect().unlearn(Models(toy.Bigram(toy.original)), list)
