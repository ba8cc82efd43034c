"""Loops on a GPU must not wait for it: none asks for a value, which would wait for everything before."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from benchmark.evaluation import teacher_forcing
from benchmark.evaluation.prefix_tree import build_tree, collate_trees
from benchmark.models.batching import to_device
from benchmark.models.cuda_graphs import SlotDecoding
from benchmark.models.decoding import Decoding, Prefilled
from benchmark.models.lm_head import direct_head, most_likely, read_tokens
from tests.model_fixtures import ARCHITECTURES, tiny_model
from tests.models.test_generation import prompts

ASKING = {"aten._local_scalar_dense", "aten.nonzero", "aten.masked_select", "aten.is_nonzero", "aten.equal"}


class Questions(TorchDispatchMode):
    """Collects the operators that would wait."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def __torch_dispatch__(self, call, types, args=(), kwargs=None):
        name = str(call).rpartition(".")[0]
        by_mask = name in ("aten.index", "aten.index_put_", "aten.index_put") and any(
            index is not None and index.dtype == torch.bool for index in args[1]
        )
        if name in ASKING or by_mask:
            self.asked.append(name)
        return call(*args, **(kwargs or {}))


def test_questions_are_noticed():
    with Questions() as questions:
        torch.ones(3)[torch.tensor([True, False, True])]
        torch.ones(3).sum().item()
    assert questions.asked == ["aten.index", "aten._local_scalar_dense"]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("kind", [Decoding, SlotDecoding])
@torch.inference_mode()
def test_a_step_asks_nothing(kind, architecture):
    model, _ = tiny_model(architecture)
    rows, stops = [Prefilled(prompt, ()) for prompt in prompts(model)], torch.tensor([0])
    decoding = kind(model, rows, lambda logits, *_: most_likely(logits), stops, 0, 9, "cpu", direct_head(model))
    decoding.step()
    with Questions() as questions:
        decoding.step()
    # transformers asks a growing mask whether it masks anything
    assert questions.asked in ([], ["aten.is_nonzero"] if kind is Decoding else [])


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_reading_a_batch_asks_nothing_of_the_device(architecture):
    """Questions are free until the tensors leave the CPU; the model's pass and all after it are on the device."""
    model, prompt_tokenizer = tiny_model(architecture)
    rows = prompt_tokenizer.encode([("Who?", "A cook."), ("Who?", "A smith of Oslo."), ("Who?", "Ana")])
    inputs, queries = collate_trees([build_tree(rows)], prompt_tokenizer.pad_id, torch.float32, "cpu")
    head = direct_head(model)
    with Questions() as questions:
        read_tokens(model, inputs, queries, head)
    plain = questions.asked
    moved = []

    def moving(tensor, device):
        moved.append(len(questions.asked))
        return to_device(tensor, device)

    with pytest.MonkeyPatch.context() as patch, Questions() as questions:
        patch.setattr("benchmark.models.lm_head.to_device", moving)
        read_tokens(model, inputs, queries, head)
    assert len(plain) == len(questions.asked) == moved[0], questions.asked


def test_no_batch_is_fetched_before_the_last_has_been_read(monkeypatch):
    model, prompt_tokenizer = tiny_model("llama")
    pairs = [
        ("Who is Ana?", "A cook of the old town."),
        ("Who?", "A smith."),
        ("Where was Ana Born? In which town?", "Oslo."),
    ]
    monkeypatch.setattr(teacher_forcing, "MAX_TOKENS", {"cpu": 30})
    events = []
    read, fetch = teacher_forcing._read_rows, torch.Tensor.cpu
    monkeypatch.setattr(teacher_forcing, "_read_rows", lambda *given: events.append("read") or read(*given))
    monkeypatch.setattr(torch.Tensor, "cpu", lambda self: events.append("fetch") or fetch(self))
    teacher_forcing.score_answers(model, prompt_tokenizer, pairs)
    assert events.count("read") > 1 and events == ["read"] * (len(events) - 1) + ["fetch"]
