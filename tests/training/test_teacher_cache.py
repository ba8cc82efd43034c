"""Where prepared values are kept."""

import pytest
import torch
from torch import nn

from benchmark.training.teacher_cache import placement, projected_bytes


def test_bytes_of_all_rows_are_told_from_one_batch():
    one_batch = {"row": torch.zeros(4), "token": torch.zeros(10, 3, dtype=torch.float64)}
    assert projected_bytes(one_batch, {4: 8, 10: 25}) == 8 * 4 + 25 * 3 * 8
    assert projected_bytes({"none": torch.zeros(0, 5)}, {0: 0}) == 0


def test_on_a_cpu_copies_are_kept(monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: pytest.fail("a CPU has no such memory"))
    batch = torch.arange(6.0)
    kept = placement(10**12, "cpu", nn.Linear(1, 1))(batch[2:4])
    assert kept.tolist() == [2.0, 3.0] and kept.untyped_storage().nbytes() == 8


@pytest.mark.parametrize(("size", "stays"), [(100, True), (101, False)])
def test_on_a_gpu_a_third_of_what_training_leaves_free(size, stays, monkeypatch):
    model = nn.Linear(5, 5)  # 30 parameters in float32: gradients and two moments take 3 * 120 bytes
    done = []
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (660, 10**9))
    monkeypatch.setattr(torch.Tensor, "to", lambda self, device, copy: done.append((device, copy)))
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda self: done.append("pinned"))
    placement(size, "cuda:1", model)(torch.zeros(2))
    assert done == ([("cuda:1", True)] if stays else ["pinned"])
