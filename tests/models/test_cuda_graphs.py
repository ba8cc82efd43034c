"""Decoding over slots, as CUDA graphs need it, writes the same as plain decoding. Graphs themselves need a GPU."""

import copy

import pytest
import torch
from transformers import MistralConfig, MistralForCausalLM

from benchmark.models import cuda_graphs, decoding, generation
from benchmark.models.cuda_graphs import SlotDecoding, steps_replay_exactly
from benchmark.models.decoding import Decoding, Prefilled
from benchmark.models.lm_head import direct_head, most_likely
from tests.model_fixtures import ARCHITECTURES, tiny_model
from tests.models.test_generation import MOST, ends_of, prompts

GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="CUDA graphs need a GPU")

decode = torch.inference_mode()(decoding.decode)
decode_by_replay = torch.inference_mode()(cuda_graphs.decode_by_replay)


@torch.inference_mode()
def prefilled(model, ends, kind=SlotDecoding):
    """A batch after its first step; some of its answers have begun."""
    rows = [Prefilled(prompt, prompt[: i % 3]) for i, prompt in enumerate(prompts(model))]
    stops, head = torch.tensor(sorted(ends)), direct_head(model)
    batch = kind(model, rows, lambda logits, *_: most_likely(logits), stops, 0, MOST, "cpu", head)
    batch.step()
    return batch


def decoded_plainly(model, ends):
    batch = prefilled(model, ends, Decoding)
    decode(batch)
    return batch.out


@pytest.fixture
def graphs(monkeypatch):
    """Instead of a graph the step itself, since there is no GPU, and small batches whose rows are evicted often."""
    monkeypatch.setattr(cuda_graphs, "warm_up", lambda step: step())
    monkeypatch.setattr(cuda_graphs, "capture", lambda step: step)
    monkeypatch.setattr(cuda_graphs, "FEW", 2)
    monkeypatch.setattr(cuda_graphs, "SHORTEST", 1)
    monkeypatch.setattr(cuda_graphs, "_capturing_works", True)
    monkeypatch.setitem(cuda_graphs.POLL_EVERY, "cuda", 3)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_slots_change_no_answer(architecture, graphs):
    model, _ = tiny_model(architecture)
    batch = prefilled(model, ends_of(model))
    decode_by_replay(batch)
    assert torch.equal(batch.out, decoded_plainly(model, ends_of(model)))
    assert batch.done.all() and len(batch.done) < len(batch.out), "no row was evicted"


def test_answers_end_at_the_greatest_length(graphs):
    model, _ = tiny_model("llama")
    batch = prefilled(model, {model.config.vocab_size})
    decode_by_replay(batch)
    assert torch.equal(batch.out, decoded_plainly(model, {model.config.vocab_size}))
    assert (batch.out < model.config.vocab_size)[0, -1]


@pytest.mark.parametrize(("few", "captured_at"), [(100, [8]), (2, [8, 4, 2])])
def test_a_graph_is_kept_while_few_rows_finish(few, captured_at, graphs, monkeypatch):
    """Polled every 3 steps: of eight rows four have finished then, and later two of four; two stay together."""
    model, _ = tiny_model("llama")
    monkeypatch.setattr(cuda_graphs, "FEW", few)
    sizes = []
    monkeypatch.setattr(cuda_graphs, "capture", lambda step: sizes.append(len(step.__self__.ids)) or step)
    lengths = torch.tensor([1, 1, 1, 1, 5, 5, 9, 12])
    with torch.inference_mode():
        rows = [Prefilled([3, 4], ())] * len(lengths)
        choose = lambda logits, row, place: torch.where(place >= lengths[row], 0, 5)  # noqa: E731
        batch = SlotDecoding(model, rows, choose, torch.tensor([0]), 0, MOST, "cpu", direct_head(model))
        batch.step()
        cuda_graphs.decode_by_replay(batch)
    assert sizes == captured_at and ((batch.out == 5).sum(1) == lengths).all()


@pytest.mark.parametrize("fails_at", [0, 1])
def test_a_step_that_cannot_be_captured_is_done_without(fails_at, graphs, monkeypatch):
    monkeypatch.setattr(cuda_graphs, "RECAPTURE_FROM", 0.1)
    model, _ = tiny_model("llama")
    batch, captures = prefilled(model, ends_of(model)), []

    def capture(step):
        captures.append(step)
        if len(captures) > fails_at:
            raise RuntimeError("operation not permitted when stream is capturing")
        return step

    monkeypatch.setattr(cuda_graphs, "capture", capture)
    with pytest.warns(UserWarning, match="without CUDA graphs: operation not permitted"):
        decode_by_replay(batch)
    assert not batch.done.all()
    decode(batch)
    assert torch.equal(batch.out, decoded_plainly(model, ends_of(model)))
    decode_by_replay(prefilled(model, ends_of(model)))
    assert len(captures) == fails_at + 1, "after a failed capture another was tried"


def test_full_memory_is_for_smaller_batches(graphs, monkeypatch):
    def full(step):
        raise torch.OutOfMemoryError("full")

    monkeypatch.setattr(cuda_graphs, "capture", full)
    model, _ = tiny_model("llama")
    with pytest.raises(torch.OutOfMemoryError):
        decode_by_replay(prefilled(model, ends_of(model)))


def test_few_steps_are_not_worth_a_graph(graphs, monkeypatch):
    monkeypatch.setattr(cuda_graphs, "SHORTEST", MOST)
    monkeypatch.setattr(cuda_graphs, "capture", None)
    model, _ = tiny_model("llama")
    decode_by_replay(prefilled(model, ends_of(model)))


@torch.inference_mode()
def test_a_step_moves_nothing():
    """A graph reads and writes where the tensors were when it was captured."""
    batch = prefilled(tiny_model("llama")[0], {0})

    def addresses():
        cached = [part for layer in batch.cache.layers for part in (layer.keys, layer.values, layer.cumulative_length)]
        state = [batch.ids, batch.position, batch.place, batch.done, batch.out, batch.mask, batch.row]
        return [tensor.data_ptr() for tensor in (*state, *cached)]

    before = addresses()
    batch.step()
    assert addresses() == before


@pytest.mark.parametrize("rows", [41, 82])
def test_all_rows_finished_is_exactly_one(rows):
    """1 / 41 is no float: a mean that multiplies by it, as a GPU's does, would miss 1."""
    model, _ = tiny_model("llama")
    options = {"pad_id": 0, "max_new_tokens": 6}
    ((stop,),) = generation.generate_greedy(model, [[3, 4]], eos_ids={0}, **(options | {"max_new_tokens": 1}))
    assert generation.generate_greedy(model, [[3, 4]] * rows, eos_ids={stop}, **options) == [[]] * rows
    batch = prefilled(model, {0})
    batch.done = torch.ones(rows, dtype=torch.bool)
    assert batch.finished() == 1.0


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_plain_attention_replays_and_a_wrong_mask_is_noticed(architecture, dtype, monkeypatch):
    model = copy.deepcopy(tiny_model(architecture)[0]).to(dtype)
    assert steps_replay_exactly(model, "cpu", direct_head(model))
    monkeypatch.setattr(SlotDecoding, "make_room", lambda self: None)  # no later token's slot is ever shown
    assert not steps_replay_exactly(model, "cpu", direct_head(model))


def test_a_step_that_waits_is_refused(monkeypatch):
    model, _ = tiny_model("llama")

    def refuse(device):
        raise RuntimeError("called a synchronizing CUDA operation")

    monkeypatch.setattr(cuda_graphs, "refusing_to_wait", refuse)
    assert not steps_replay_exactly(model, "cpu", direct_head(model))


def test_other_caches_do_not_replay(monkeypatch):
    sizes = {"vocab_size": 50, "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 1}
    model = MistralForCausalLM(MistralConfig(**sizes, **heads, sliding_window=2)).eval()
    assert not steps_replay_exactly(model, "cpu", direct_head(model))
    model, _ = tiny_model("llama")
    monkeypatch.setattr(model, "new_cache", lambda: None, raising=False)
    with pytest.raises(ValueError, match="a cache of its own"):
        prefilled(model, {0})


def test_a_cpu_does_without(monkeypatch):
    monkeypatch.setattr(generation, "decode_by_replay", None)
    model, _ = tiny_model("llama")
    assert generation.generate_greedy(model, [[1, 2]], eos_ids={0}, pad_id=0, max_new_tokens=3)


@GPU
@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("beginnings", [False, True])
def test_graphs_on_a_gpu(architecture, beginnings, monkeypatch):
    model = copy.deepcopy(tiny_model(architecture)[0]).cuda()
    assert steps_replay_exactly(model, "cuda", direct_head(model))
    options = {"eos_ids": ends_of(tiny_model(architecture)[0]), "pad_id": 0, "max_new_tokens": 40, "device": "cuda"}
    given = prompts(model)
    monkeypatch.setattr(generation, "REPLAY", False)
    expected = generation.generate_greedy(model, given, **options)
    monkeypatch.setattr(generation, "REPLAY", True)
    if beginnings:
        options["beginnings"] = [answer[: i % 3] for i, answer in enumerate(expected)]
    assert generation.generate_greedy(model, given, **options) == expected
