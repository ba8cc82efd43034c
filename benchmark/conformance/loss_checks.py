"""The checks of a method's declarations, loss and gradient: one forward on eight rows, no training.

A check takes a ``ToySetup`` and a method and raises ``ConformanceError`` with the reason. It is named as its function,
and its docstring is the rule.
"""

from __future__ import annotations

import json
import math
import sys
from contextlib import nullcontext
from dataclasses import asdict, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from benchmark.conformance.requirements import ConformanceError, require, require_same_loss, same_state, step_gradient
from benchmark.conformance.toy import ToySetup, widened
from methods.base import NEEDS, Batch, Method, Sampler, TokenizedExample

SAMPLING_EPOCHS = 12  # in which answers kept for 1, 2, 3, 4 or 6 epochs are sampled as often as their mean says
BATCH_PARTS = ("forget", "retain", "refusal", "fixed_refusal", "alternative")  # a batch's rows
STATE_MOVES = "loss changes batch.state: a loss may read it, but state moves in gradient, once a step"


class CountingSampler:
    """A batch's sampler that counts the answers which it draws, and tells while it does."""

    def __init__(self, sampler: Sampler | None):
        self.sampler, self.answers, self.busy = sampler, 0, False

    def __call__(self, *args: Any, **options: Any) -> list[list[TokenizedExample]]:
        self.busy = True
        try:
            drawn = self.sampler(*args, **options)
        finally:
            self.busy = False
        self.answers += sum(map(len, drawn))
        return drawn

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sampler, name)


def fields_of(method: Method) -> dict[str, Any]:
    """The hyperparameters of an instance by name."""
    return asdict(method)  # type: ignore[call-overload]  # every subclass of Method is a dataclass


def constructs(toy: ToySetup, method: Method) -> None:
    """All fields have defaults and survive JSON; the declarations are well formed, and the file says what the method is."""
    cls = type(method)
    require(
        bool((sys.modules[cls.__module__].__doc__ or "").strip()),
        "the file has no docstring: its first line is the title",
    )
    known = set(fields_of(method)).union(*(vars(base) for base in cls.__mro__[1:]))
    plain = [
        name for name, value in vars(cls).items() if not name.startswith("_") and isinstance(value, int | float | str)
    ]
    for name in plain:
        require(
            name in known,
            f"{name} has no annotation, so that it is no setting: write {name}: {type(vars(cls)[name]).__name__} = ...",
        )
    cls()
    text = json.dumps(fields_of(method), allow_nan=False)
    again = type(method)(**json.loads(text))
    require(json.dumps(fields_of(again)) == text, f"fields do not survive JSON: {text}")
    require(method.status in ("confirmed", "unconfirmed"), f"the status {method.status!r} is unknown")


def gives_a_loss(toy: ToySetup, method: Method) -> None:
    """The loss is a finite scalar of at least 32 bits that requires a gradient."""
    loss = method.loss(toy.student(), toy.batch(method))
    require(
        isinstance(loss, Tensor),
        f"the loss must be a Tensor, not {type(loss).__name__}: is a return missing, or an .item() too many?",
    )
    require(loss.shape == (), f"the loss must be a scalar; its shape is {tuple(loss.shape)}")
    require(loss.dtype in (torch.float32, torch.float64), f"the loss must be float32, not {loss.dtype}")
    require(bool(loss.isfinite()), f"the loss is {loss.item()}")
    require(loss.requires_grad, "the loss does not depend on the model: it has no gradient")


def gradient_reaches_model(toy: ToySetup, method: Method) -> None:
    """Gradients of the trained model are finite and not all zero."""
    gradient = step_gradient(toy, method, [list(range(8))])
    require(bool(gradient.isfinite().all()), "a gradient is not finite")
    require(bool(gradient.any()), "every gradient is zero")


def keeps_its_state(toy: ToySetup, method: Method) -> None:
    """``loss`` leaves ``batch.state`` as it is, save for what it puts there first, the same for any rows.

    A step may ask for the loss of several micro-batches, or of the same rows twice.
    """
    require(not _moves_state(toy, method), STATE_MOVES)


def _moves_state(toy: ToySetup, method: Method) -> bool:
    student, states = toy.student(), []
    rows = [0, 1, 2, 3], [4, 5, 6, 7]
    for visits in ((rows[0],), (rows[1],), rows):
        state: dict[str, Any] = {}
        for numbers in visits:
            method.loss(student, replace(toy.batch(method, numbers), state=state))
        states.append(state)
    return not all(same_state(states[0], other) for other in states[1:])


def ignores_padding(toy: ToySetup, method: Method) -> None:
    """The same rows padded wider give the same loss."""
    student, batch, models = toy.student(), toy.batch(method), toy.models(method.required())

    def loss(rows: Batch) -> Tensor:
        return method.loss(student, replace(rows, state={}))  # what a loss does to the state is another rule

    parts: dict[str, Any] = {name: widened(getattr(batch, name)) for name in BATCH_PARTS}
    wide = replace(batch, **parts)
    require_same_loss(loss(batch), loss(wide), "wider padding of a batch")
    with torch.no_grad():
        wide = replace(wide, cached=method.prepare(models, wide.forget))
    require_same_loss(loss(batch), loss(wide), "wider padding in prepare")


def ignores_row_order(toy: ToySetup, method: Method) -> None:
    """The order of the rows in a batch does not matter."""
    student, order = toy.student(), [5, 0, 7, 2, 6, 1, 4, 3]
    one, other = toy.batch(method), toy.batch(method, order)
    require_same_loss(method.loss(student, one), method.loss(student, other), "another order of the rows")


def splits_into_micro_batches(toy: ToySetup, method: Method) -> None:
    """Gradients added up over micro-batches are the whole batch's: every row weighs the same.

    Gradients are compared rather than weights, since Adam turns rounding noise around zero into full steps.
    """
    whole = step_gradient(toy, method, [list(range(8))])
    parts = step_gradient(toy, method, [[0, 1, 2], [3, 4, 5], [6, 7]])
    error = ((parts - whole).norm() / whole.norm()).item()
    if error > 1e-4:
        why = STATE_MOVES if _moves_state(toy, method) else "average each row, then rows"
        raise ConformanceError(f"micro-batches change the gradient by {error:.1%}; {why}")


def needs_are_honest(toy: ToySetup, method: Method) -> None:
    """The loss uses all that is declared, and nothing else."""
    student, declared = toy.student(), method.required()
    loss, again = (method.loss(student, toy.batch(method)).item() for _ in range(2))
    require(
        math.isfinite(loss) and loss == again, f"the loss of one batch is {loss:.6g}, and {again:.6g} when asked again"
    )
    everything = method.loss(student, toy.batch(method, needs=NEEDS)).item()
    require(loss == everything, f"the loss uses what it does not declare: needs is {declared}")
    for name in declared:
        less = tuple(n for n in declared if n != name)
        try:
            without = method.loss(student, toy.batch(method, needs=less)).item()
        except Exception:  # whatever a method does without what it needs
            continue
        require(without != loss, f"{name!r} is declared but never used; leave it out of needs")


def counts_its_forwards(toy: ToySetup, method: Method) -> None:
    """``forwards()`` is what hooks on the models count, in forget batches of rows, and the answers that are sampled.

    A method that samples is asked again over a dozen epochs, since it may keep its answers for some of them.
    """
    student, needs, counted = toy.student(), method.required(), 0
    rows, sampler = toy.rows(method, needs), None

    def count(module: nn.Module, args: tuple, kwargs: dict) -> None:
        nonlocal counted
        given = [v for v in (*args, kwargs.get("input_ids"), kwargs.get("inputs_embeds")) if v is not None]
        counted += len(given[0]) if sampler is None or not sampler.busy else 0

    for model in (student, *toy.frozen.values()):
        model.base_model.register_forward_pre_hook(count, with_kwargs=True)
    passes, declared = [], method.forwards()
    for epoch in range(1 + (SAMPLING_EPOCHS if "samples" in needs else 0)):
        counted, batch = 0, rows.batch(list(range(8)), epoch, toy.reference if "reference" in needs else None)
        sampler = CountingSampler(batch.sampler)
        batch = replace(batch, sampler=sampler) if "samples" in needs else batch
        method.gradient(student, partial(iter, [(batch, 1.0)]), Tensor.backward)
        passes.append((counted + sampler.answers) / 8)
    if "samples" not in needs:
        require(passes == [declared], f"a step makes {passes[0]:g} forward passes; forwards() says {declared:g}")
        return
    first, mean = passes[0], sum(passes[1:]) / SAMPLING_EPOCHS
    require(
        mean <= declared <= first,
        f"a step makes {first:g} forward passes, sampled answers included, in the first epoch and {mean:g} on average in "
        f"the next {SAMPLING_EPOCHS}; forwards() says {declared:g}, which must lie between",
    )


def works_in_bf16(toy: ToySetup, method: Method) -> None:
    """Under bf16 autocast the loss stays within 10 % or 0.05 of float32's."""
    student, batch = toy.student(), toy.batch(method)
    losses = []
    for context in (nullcontext(), torch.autocast("cpu", dtype=torch.bfloat16)):
        with context:
            losses.append(method.loss(student, replace(batch, state={})).item())
    wide, narrow = losses
    near = abs(narrow - wide) <= max(0.05, 0.1 * abs(wide))  # False for nan
    require(near, f"the loss is {narrow:.5g} in bf16 and {wide:.5g} in float32")
