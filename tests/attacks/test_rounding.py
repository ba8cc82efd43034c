"""Rounded weights, against plain loops and the published levels."""

import numpy as np
import pytest
import torch
from torch import nn
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from benchmark.attacks.base import linear_layers, rounded_copy
from benchmark.attacks.int8 import round_rows
from benchmark.attacks.nf4 import BLOCK, levels, round_blocks

# QLoRA, arXiv 2305.14314, appendix E
PUBLISHED = [
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
]  # fmt: skip


def weights(rows=5, columns=200):
    return torch.from_numpy(np.random.default_rng(0).standard_normal((rows, columns)).astype(np.float32))


def llama():
    torch.manual_seed(0)
    sizes = {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 2}
    return LlamaForCausalLM(LlamaConfig(vocab_size=50, tie_word_embeddings=False, **sizes)).eval()


def test_the_levels_are_those_that_were_published():
    assert levels() == pytest.approx(PUBLISHED, abs=5e-7)  # there with another digit of the tail


def test_eight_bits_by_a_plain_loop():
    weight = weights()
    rounded = round_rows(weight)
    for row, own in zip(weight.tolist(), rounded.tolist(), strict=True):
        step = max(map(abs, row)) / 127
        assert own == pytest.approx([round(x / step) * step for x in row], rel=1e-5, abs=1e-7)
    assert (rounded - weight).abs().max() <= weight.abs().max() / 254 * 1.001


def test_four_bits_by_a_plain_loop():
    weight = weights()
    rounded = round_blocks(weight).tolist()
    for row, own in zip(weight.tolist(), rounded, strict=True):
        for start in range(0, len(row), BLOCK):
            block = row[start : start + BLOCK]
            largest = max(map(abs, block))
            nearest = [min(PUBLISHED, key=lambda level: abs(x / largest - level)) * largest for x in block]
            assert own[start : start + BLOCK] == pytest.approx(nearest, abs=1e-5)


@pytest.mark.parametrize("rounded", [round_rows, round_blocks])
def test_what_is_on_the_grid_stays_and_zeros_are_no_fault(rounded):
    weight = weights()
    weight[2] = 0
    once = rounded(weight)
    assert torch.allclose(rounded(once), once, atol=1e-6) and not once[2].any()
    assert torch.isfinite(once).all()


def test_every_linear_layer_but_the_head_is_rounded_and_the_model_stays():
    model = llama()
    before = {name: p.clone() for name, p in model.named_parameters()}
    other = dict(rounded_copy(model, round_rows).named_parameters())
    assert all(torch.equal(p, before[name]) for name, p in model.named_parameters())
    changed = {name for name, p in other.items() if not torch.equal(p, before[name])}
    assert changed == {f"{name}.weight" for name, _, _ in linear_layers(model)}
    assert len(changed) == 14 and not any("embed" in name or "lm_head" in name or "norm" in name for name in changed)
    layer = "model.layers.0.mlp.up_proj.weight"
    assert torch.equal(other[layer], round_rows(before[layer]))


def test_layers_that_hold_their_weights_the_other_way_round():
    torch.manual_seed(0)
    model = GPT2LMHeadModel(GPT2Config(vocab_size=50, n_embd=64, n_layer=1, n_head=2, n_positions=16)).eval()
    other = rounded_copy(model, round_rows)
    weight, rounded = model.transformer.h[0].mlp.c_fc.weight, other.transformer.h[0].mlp.c_fc.weight
    assert torch.equal(rounded, round_rows(weight.T).T) and torch.equal(other.lm_head.weight, model.lm_head.weight)


def test_adapters_are_merged_before_rounding():
    from peft import LoraConfig, get_peft_model

    model = get_peft_model(llama(), LoraConfig(r=2, target_modules=["up_proj"], init_lora_weights=False))
    layer = model.base_model.model.model.layers[0].mlp.up_proj
    whole = layer.base_layer.weight + layer.get_delta_weight("default")
    other = rounded_copy(model, round_rows)
    assert torch.allclose(other.model.layers[0].mlp.up_proj.weight, round_rows(whole.detach()), atol=1e-6)
    assert isinstance(layer.base_layer, nn.Linear) and hasattr(layer, "lora_A")  # the given model is as it was
