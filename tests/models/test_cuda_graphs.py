"""Decoding with slots, as CUDA graphs need them, writes what decoding without writes. Graphs themselves need a GPU."""

import pytest
import torch
from transformers import MistralConfig, MistralForCausalLM

from benchmark.models import cuda_graphs as replay
from benchmark.models import decoding as module
from benchmark.models import generation
from benchmark.models.cuda_graphs import steps_replay_exactly
from benchmark.models.decoding import Decoding, Prefilled
from benchmark.models.lm_head import direct_head, most_likely
from tests.model_fixtures import ARCHITECTURES, tiny_model
from tests.models.test_generation import MOST, ends_of, prompts

GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="CUDA graphs need a GPU")

decode = torch.inference_mode()(module.decode)
decode_by_replay = torch.inference_mode()(replay.decode_by_replay)


@torch.inference_mode()
def batch(model, ends, device="cpu"):
    rows = [Prefilled(prompt, prompt[: i % 3]) for i, prompt in enumerate(prompts(model))]  # some answers have begun
    stops = torch.tensor(sorted(ends), device=device)
    head = direct_head(model)
    decoding = Decoding(model, rows, lambda logits, *_: most_likely(logits), stops, 0, MOST, device, head)
    decoding.step()
    return decoding


def twice(step):
    """Stands for a capture: the step is done once, and can be done again."""
    step()
    return step


@pytest.fixture
def graphs(monkeypatch):
    """No GPU, but steps of a few tokens' slots."""
    monkeypatch.setattr(replay, "capture", twice)
    monkeypatch.setattr(replay, "BLOCK", 4)
    monkeypatch.setattr(replay, "FEW", 2)
    monkeypatch.setattr(replay, "SHORTEST", 1)
    monkeypatch.setattr(replay, "_capturing_works", True)
    monkeypatch.setitem(replay.POLL_EVERY, "cuda", 3)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_slots_change_no_answer(architecture, graphs):
    model, _ = tiny_model(architecture)
    expected, found = batch(model, ends_of(model)), batch(model, ends_of(model))
    decode(expected)
    decode_by_replay(found)
    assert torch.equal(found.out, expected.out)
    assert found.done.all() and len(found.done) < len(found.out), "no row has left"


@pytest.mark.parametrize(("few", "blocks"), [(100, [12]), (2, [3, 3, 6])])
def test_a_graph_is_kept_while_few_rows_leave(few, blocks, graphs, monkeypatch):
    """Looks come after 3 steps, 6, ...: of eight rows four have ended then, and later two of four; two stay together."""
    model, _ = tiny_model("llama")
    monkeypatch.setattr(replay, "BLOCK", 64)
    monkeypatch.setattr(replay, "FEW", few)
    lengths, taken = torch.tensor([1, 1, 1, 1, 5, 5, 9, 12]), []
    give_back = replay.Slots.give_back
    monkeypatch.setattr(replay.Slots, "give_back", lambda self: taken.append(self.taken) or give_back(self))
    stops, head = torch.tensor([0]), direct_head(model)
    with torch.inference_mode():
        rows = [Prefilled([3, 4], ())] * len(lengths)
        choose = lambda logits, row, place: torch.where(place >= lengths[row], 0, 5)  # noqa: E731
        decoding = Decoding(model, rows, choose, stops, 0, MOST, "cpu", head)
        decoding.step()
        replay.decode_by_replay(decoding)
    assert taken == blocks and ((decoding.out == 5).sum(1) == lengths).all()


def test_answers_end_at_the_greatest_length(graphs):
    model, _ = tiny_model("llama")
    expected, found = batch(model, {model.config.vocab_size}), batch(model, {model.config.vocab_size})
    decode(expected)
    decode_by_replay(found)
    assert torch.equal(found.out, expected.out) and (found.out < model.config.vocab_size)[0, -1]


@pytest.mark.parametrize("fails_at", [0, 2])
def test_a_step_that_cannot_be_captured_is_done_without(fails_at, graphs, monkeypatch):
    model, _ = tiny_model("llama")
    expected, found = batch(model, ends_of(model)), batch(model, ends_of(model))
    decode(expected)
    blocks = []

    def capture(step):
        blocks.append(step)
        if len(blocks) > fails_at:
            step()  # before the capture
            raise RuntimeError("operation not permitted when stream is capturing")
        return twice(step)

    monkeypatch.setattr(replay, "capture", capture)
    with pytest.warns(UserWarning, match="without CUDA graphs: operation not permitted"):
        decode_by_replay(found)
    assert not found.done.all()
    decode(found)
    assert torch.equal(found.out, expected.out)
    decode_by_replay(batch(model, ends_of(model)))
    assert len(blocks) == fails_at + 1, "after a failed capture another was tried"


def test_few_steps_are_not_worth_a_graph(graphs, monkeypatch):
    monkeypatch.setattr(replay, "SHORTEST", MOST)
    monkeypatch.setattr(replay, "capture", None)
    model, _ = tiny_model("llama")
    decode_by_replay(batch(model, ends_of(model)))


@pytest.mark.parametrize("rows", [41, 82])
def test_all_rows_finished_is_exactly_one(rows):
    """1 / 41 is no float: a mean that multiplies by it, as a GPU's does, would miss 1."""
    model, _ = tiny_model("llama")
    options = {"pad_id": 0, "max_new_tokens": 6}
    ((stop,),) = generation.generate_greedy(model, [[3, 4]], eos_ids={0}, **(options | {"max_new_tokens": 1}))
    found = generation.generate_greedy(model, [[3, 4]] * rows, eos_ids={stop}, **options)
    assert found == [[]] * rows
    decoding = batch(model, {0})
    decoding.done = torch.ones(rows, dtype=torch.bool)
    assert decoding.finished() == 1.0


def test_slots_hold_keys_and_values_once(graphs):
    model, _ = tiny_model("llama")
    decoding = batch(model, ends_of(model))
    with torch.inference_mode():
        slots = replay.Slots(decoding, 4)
    for old, new in zip(decoding.cache.layers, slots.cache.layers, strict=True):
        assert old.keys.untyped_storage().data_ptr() == new.keys.untyped_storage().data_ptr()
        assert old.values.untyped_storage().data_ptr() == new.values.untyped_storage().data_ptr()


def test_full_memory_is_for_smaller_batches(graphs, monkeypatch):
    def full(step):
        raise torch.OutOfMemoryError("full")

    monkeypatch.setattr(replay, "capture", full)
    model, _ = tiny_model("llama")
    with pytest.raises(torch.OutOfMemoryError):
        decode_by_replay(batch(model, ends_of(model)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_plain_attention_replays(architecture, dtype):
    model, _ = tiny_model(architecture)
    try:
        assert steps_replay_exactly(model.to(dtype), "cpu", direct_head(model))
    finally:
        model.float()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_wrong_mask_is_noticed(monkeypatch, dtype):
    model, _ = tiny_model("llama")
    monkeypatch.setattr(torch.Tensor, "index_fill_", lambda self, *given: self)  # no slot is ever opened
    try:
        assert not steps_replay_exactly(model.to(dtype), "cpu", direct_head(model))
    finally:
        model.float()


def test_a_step_that_waits_is_refused(monkeypatch):
    model, _ = tiny_model("llama")

    def refuse(device):
        raise RuntimeError("called a synchronizing CUDA operation")

    monkeypatch.setattr(replay, "_refusing_to_wait", refuse)
    assert not steps_replay_exactly(model, "cpu", direct_head(model))


def test_other_caches_do_not_replay():
    sizes = {"vocab_size": 50, "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 1}
    model = MistralForCausalLM(MistralConfig(**sizes, **heads, sliding_window=2)).eval()
    assert not steps_replay_exactly(model, "cpu", direct_head(model))


def test_a_cpu_does_without(monkeypatch):
    monkeypatch.setattr(generation, "decode_by_replay", None)
    model, _ = tiny_model("llama")
    assert generation.generate_greedy(model, [[1, 2]], eos_ids={0}, pad_id=0, max_new_tokens=3)


@GPU
@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("beginnings", [False, True])
def test_graphs_on_a_gpu(architecture, beginnings, monkeypatch):
    import copy

    model = copy.deepcopy(tiny_model(architecture)[0]).cuda()
    options = {"eos_ids": ends_of(tiny_model(architecture)[0]), "pad_id": 0, "max_new_tokens": 40, "device": "cuda"}
    given = prompts(model)
    monkeypatch.setattr(generation, "REPLAY", False)
    expected = generation.generate_greedy(model, given, **options)
    monkeypatch.setattr(generation, "REPLAY", True)
    if beginnings:
        options["beginnings"] = [answer[: i % 3] for i, answer in enumerate(expected)]
    assert generation.generate_greedy(model, given, **options) == expected
