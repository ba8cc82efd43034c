"""What a training step's time is set against: its products, counted; the rest is shares of a whole."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmark.config.load import load_preset
from benchmark.data import fictitious
from benchmark.data.types import question_answer_pairs
from benchmark.models import tiny
from benchmark.models.forward import collate
from benchmark.models.tokenization import PromptTokenizer
from benchmark.speed.step_parts import PRODUCTS, StepParts, product_flops, step_parts
from methods.base import nll

SMALL = ["dataset.authors=20", "model.tiny.layers=1", "model.tiny.hidden=32", "model.tiny.mlp=48"]


def test_products_are_counted_as_torch_counts_them():
    dataset = fictitious.load(authors=20)
    tokenizer = tiny.train_tokenizer(dataset, 600)
    model = tiny.build(tiny.TinyLlama(layers=2, hidden=32), len(tokenizer), tokenizer.eos_token_id, "mkl")
    rows = PromptTokenizer(tokenizer, "{question}\n").encode(question_answer_pairs(dataset.full[:6]))
    tokens = collate(rows, 0)
    with FlopCounterMode(display=False) as counter:
        nll(model, tokens).backward()
    counts = counter.get_flop_counts()["Global"]
    assert product_flops(model, tokens.input_ids.numel(), rows) == counts[torch.ops.aten.mm]


def test_shares_are_of_one_step(monkeypatch):
    monkeypatch.setattr("benchmark.speed.step_parts.STEPS", 3)
    monkeypatch.setattr("benchmark.speed.step_parts.SECONDS", 0.01)
    found = step_parts(load_preset("quick", SMALL))
    assert sum(found.shares.values()) == pytest.approx(1) and all(share > 0 for share in found.shares.values())
    assert 0 < found.padding < 0.5 and found.seconds > 0 and found.reached > 0


def test_bound_is_of_products_at_the_ceiling_without_padding():
    assert StepParts(0.1, {PRODUCTS: 0.5}, padding=0.2, reached=0.5).bound == pytest.approx(5)
