"""The speed command's ceilings: the work of a model worked by hand, and the shares that the report prints."""

import json
import math
from dataclasses import replace

import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from benchmark.config.schema import TinyLlama
from benchmark.models import cuda_graphs as replay
from benchmark.models import onednn as products
from benchmark.models.decoding import Prefilled
from benchmark.models.tiny import build
from benchmark.speed import ceilings as module
from benchmark.speed.ceilings import Ceilings, measure, shares
from benchmark.speed.compare import PHASES, Comparison
from benchmark.speed.report import as_json, markdown
from benchmark.speed.watch import Cost, TimedPromptTokenizer, Watch
from benchmark.speed.work import Work
from tests.model_fixtures import tiny_model

COST = Cost(seconds=2.0, positions=30, projections=10, steps=4, cached=600)
WORK = Work(trunk=1000, head=500, weights=6000, key_values=10)
CEILINGS = Ceilings(matmul=70_000.0, bandwidth=60_000.0)


@pytest.mark.parametrize("dtype, size", [(torch.float32, 4), (torch.bfloat16, 2)])
def test_work_of_a_llama(dtype, size):
    """2 layers of: queries and output 8 x 8, keys and values 4 x 8 (one head of two), three of 16 x 8."""
    model = build(TinyLlama(layers=2, hidden=8, heads=2, key_value_heads=1, mlp=16, vocabulary=300), 300, 0).to(dtype)
    trunk, head = 2 * (64 + 32 + 32 + 64 + 3 * 128), 300 * 8  # 1152; tied to the embedding
    assert Work.from_model(model) == Work(trunk, head, (trunk + head) * size, 2 * 2 * 4 * size)


def test_work_of_a_gpt2():
    """Its weights lie the other way round, and the embedding of positions is a matrix without a product."""
    model = GPT2LMHeadModel(GPT2Config(vocab_size=10, n_positions=16, n_embd=8, n_layer=1, n_head=2))
    trunk = 8 * 24 + 8 * 8 + 8 * 32 + 32 * 8
    assert Work.from_model(model) == Work(trunk, 80, 4 * (trunk + 80), 2 * 8 * 4)


def test_flops_bytes_and_shares():
    assert WORK.flops(COST) == 2 * (1000 * 30 + 500 * 10) == 70_000
    assert WORK.bytes(COST) == 6000 * 4 + 10 * 600 == 30_000
    assert shares("teacher forcing", COST, WORK, CEILINGS) == {"matmul": 0.5}
    assert shares("generation", COST, WORK, CEILINGS) == {"matmul": 0.5, "bandwidth": 0.25}
    nothing = shares("generation", Cost(), WORK, CEILINGS)  # all answers were known already
    assert nothing == {"matmul": 0.0, "bandwidth": 0.0}


@torch.inference_mode()
def test_forwards_and_keys_are_counted():
    model, prompt_tokenizer = tiny_model("llama")
    watch = Watch(model, TimedPromptTokenizer(prompt_tokenizer.tokenizer, prompt_tokenizer.template), "cpu")
    ids, mask = torch.ones(3, 5, dtype=torch.long), torch.ones(3, 6, dtype=torch.long)
    with watch.phase("decoding"):
        cache = model(input_ids=ids, attention_mask=mask[:, :5], use_cache=True).past_key_values
        model(input_ids=ids[:, :1], attention_mask=mask, past_key_values=cache, use_cache=True)
    with watch.phase("reading"):
        model(input_ids=ids[:2], use_cache=False)
        four = {"attention_mask": torch.zeros(2, 1, 5, 5), "position_ids": torch.arange(5).expand(2, 5)}
        model(input_ids=ids[:2], use_cache=False, **four)
    decoding, reading = watch.costs["decoding"], watch.costs["reading"]
    assert (decoding.steps, decoding.cached, decoding.positions) == (2, 3 * 5 + 3 * 6, 3 * 5 + 3)
    assert (reading.steps, reading.cached, reading.positions) == (2, 2 * 5 + 2 * 5, 2 * 5 + 2 * 5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_ceilings_are_measured(monkeypatch, dtype):
    monkeypatch.setitem(module.SIZES, "cpu", (64, 128))
    monkeypatch.setitem(module.BUFFER, "cpu", 2**20)
    measured = measure("cpu", dtype, seconds=0.0)  # one repetition of each
    assert all(math.isfinite(value) and value > 0 for value in (measured.matmul, measured.bandwidth))


def test_without_the_private_product(monkeypatch):
    monkeypatch.setitem(module.SIZES, "cpu", (64,))
    monkeypatch.setattr(products, "available", lambda: False)
    monkeypatch.delattr(products, "product")
    assert module.matmul_ceiling("cpu", torch.float32, 0.0) > 0


def test_the_fastest_of_all_counts(monkeypatch):
    """A call of 0.5 s whatever it does: the largest product, and the one buffer."""
    monkeypatch.setitem(module.SIZES, "cpu", (10, 20))
    monkeypatch.setitem(module.BUFFER, "cpu", 4096)
    monkeypatch.setattr(module, "_best", lambda call, kind, seconds: 0.5)
    assert measure("cpu", torch.float32) == Ceilings(2 * 20**3 / 0.5, 4096 / 0.5)


def test_a_gpu_is_waited_for(monkeypatch):
    """After the warm-up, and after calls enough to hide their launch."""
    done = []
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: done.append("wait"))
    module._best(lambda: done.append("call"), "cuda", seconds=0.0)
    assert done == ["call", "wait", *["call"] * module.TOGETHER["cuda"], "wait"]


def test_report():
    twice = Cost(seconds=1.0, positions=30, projections=10, steps=4, cached=600)
    others = {name: Cost(seconds=1.0) for name in PHASES}
    comparison = Comparison(
        plain=others | {"teacher forcing": COST, "generation": COST},
        ours=others | {"teacher forcing": twice, "generation": twice},
        metric="m", metric_difference=0.0, answer_difference=0.0, texts=1, texts_that_differ=0, metrics_compared=1,
        weights=1, batch=None, work=WORK,
    )  # fmt: skip
    lines = markdown("a model", comparison, None, CEILINGS).splitlines()
    assert lines.count("| … share of the measured matmul ceiling (7e-08 TFLOP/s) | 50.0% | 100.0% |") == 2
    assert lines.count("| … share of the measured memory-bandwidth ceiling (6e-05 GB/s) | 25.0% | 50.0% |") == 1
    written = json.loads(json.dumps(as_json("a model", comparison, None, CEILINGS)))
    assert written["ceilings"] == {"matmul": 70_000.0, "bandwidth": 60_000.0}
    assert written["work"] == {"trunk": 1000, "head": 500, "weights": 6000, "key_values": 10}
    assert written["shares"]["plain"]["generation"] == {"matmul": 0.5, "bandwidth": 0.25}
    assert written["shares"]["ours"]["teacher forcing"] == {"matmul": 1.0}
    assert "ceiling" not in markdown("a model", comparison, None)
    assert as_json("a model", comparison, None)["shares"] is None
    assert "CUDA graphs" not in markdown("a model", comparison, None)
    replayed = replace(comparison, generation_without_graphs=3.21)
    assert "| … without CUDA graphs |  | 3.2 |  |" in markdown("a model", replayed, None).splitlines()


def test_replayed_steps_are_counted(monkeypatch):
    """Each replay as a forward of the batch's rows over all slots."""
    model, prompt_tokenizer = tiny_model("llama")
    watch = Watch(model, TimedPromptTokenizer(prompt_tokenizer.tokenizer, prompt_tokenizer.template), "cpu")
    head = model.get_output_embeddings()
    rows = [Prefilled([3, 4, 5], ()), Prefilled([6], ())]
    never = torch.tensor([model.config.vocab_size])
    monkeypatch.setattr(replay, "warm_up", lambda step: step())
    monkeypatch.setattr(replay, "capture", lambda step: lambda: None)  # a graph's replay calls no hook
    monkeypatch.setattr(replay, "SHORTEST", 1)
    with torch.inference_mode(), watch.phase("decoding"):
        decoding = replay.SlotDecoding(model, rows, lambda logits, *_: logits.argmax(-1), never, 0, 6, "cpu", head)
        decoding.step()
        replay.decode_by_replay(decoding)
    cost = watch.costs["decoding"]
    slots = 16  # for 3 tokens read and 5 to come
    assert (cost.steps, cost.positions) == (1 + 5, 2 * 3 + 5 * 2)
    assert cost.projections == 2 * (1 + 2) + 4 * 2  # the forwards before the capture make one position's logits too
    assert cost.cached == 2 * 3 + 5 * 2 * slots
