"""Batches that halve where memory runs out."""

import pytest
import torch

from benchmark.models import batching as batches
from benchmark.models.batching import give_freed_memory_back, in_batches, to_device


def test_budget_is_halved_once_and_kept():
    ran = []

    def run(start, stop):
        if stop - start > 3:
            raise torch.OutOfMemoryError("full")
        ran.append((start, stop))

    with pytest.warns(UserWarning, match="out of memory with 10 items in a batch") as seen:
        in_batches(12, run, 10, lambda start, budget: budget)
    assert len(seen) == 1
    assert ran == [(0, 2), (2, 4), (4, 6), (6, 8), (8, 10), (10, 12)]  # 10 -> 5 -> 2


def test_one_item_that_does_not_fit_is_an_error():
    def run(start, stop):
        raise torch.OutOfMemoryError("full")

    with pytest.raises(torch.OutOfMemoryError), pytest.warns(UserWarning):
        in_batches(2, run, 2, lambda start, budget: budget)


def test_at_least_one_item_is_run():
    ran = []
    in_batches(3, lambda start, stop: ran.append((start, stop)), 4, lambda start, budget: budget // 100)
    assert ran == [(0, 1), (1, 2), (2, 3)]
    in_batches(0, lambda start, stop: ran.append(None), 4, lambda start, budget: budget)
    assert None not in ran


def test_another_c_library_keeps_its_memory(monkeypatch):
    monkeypatch.setattr(batches.ctypes, "CDLL", lambda name: object())  # without malloc_trim
    give_freed_memory_back()


def test_a_gpu_is_sent_pinned_memory(monkeypatch):
    tensor, sent = torch.ones(2), []
    assert to_device(tensor, "cpu") is tensor
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda self: sent.append("pinned") or self)
    monkeypatch.setattr(torch.Tensor, "to", lambda self, *given, **named: sent.append((given, named)) or self)
    to_device(tensor, "cuda:1")
    assert sent == ["pinned", (("cuda:1",), {"non_blocking": True})]
