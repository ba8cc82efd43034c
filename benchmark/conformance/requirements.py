"""How a check says that a method breaks a rule, and the comparisons that several checks share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmark.conformance.toy import ToySetup
from methods.base import Batch, Method


class ConformanceError(AssertionError):
    """A method breaks a rule; the message says which one and how."""


def require(condition: bool, reason: str) -> None:
    """Raise a ``ConformanceError`` with this reason unless the condition holds."""
    if not condition:
        raise ConformanceError(reason)


def require_same_loss(one: Tensor, other: Tensor, what: str) -> None:
    """Two scalar losses agree to a relative 1e-5; ``what`` is the change that must not matter."""
    a, b = one.item(), other.item()
    require(abs(a - b) <= 1e-5 * max(1.0, abs(a)), f"{what} changes the loss from {a:.7g} to {b:.7g}")


def same_weights(one: nn.Module, other: nn.Module) -> bool:
    """Whether all parameters and buffers of two models are bit-identical."""
    return all(map(torch.equal, one.state_dict().values(), other.state_dict().values()))


def same_state(one: Any, other: Any) -> bool:
    """Whether two values that a method keeps in ``batch.state`` are alike, in all that they hold."""
    if type(one) is not type(other):
        return False
    if isinstance(one, Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other)
    if isinstance(one, Mapping):
        return {*one} == {*other} and all(same_state(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same_state, one, other))
    if isinstance(one, nn.Module | torch.optim.Optimizer):  # its attributes refer to itself
        return same_state(one.state_dict(), other.state_dict())
    return same_state(vars(one), vars(other)) if hasattr(one, "__dict__") else bool(one == other)


def step_gradient(toy: ToySetup, method: Method, micro_batches: list[list[int]]) -> Tensor:
    """[P] the gradient that one step on these rows leaves, all parameters in one vector, zero where there is none."""
    student, needs = toy.student(), method.required()
    rows, total = toy.rows(method, needs), sum(map(len, micro_batches))
    reference = toy.reference if "reference" in needs else None

    def batches() -> Iterator[tuple[Batch, float]]:
        for numbers in micro_batches:
            yield rows.batch(numbers, 0, reference), len(numbers) / total

    method.gradient(student, batches, Tensor.backward)
    grads = [torch.zeros_like(p) if p.grad is None else p.grad for p in student.parameters()]
    return torch.cat([g.flatten() for g in grads])
