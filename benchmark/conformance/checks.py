"""The suite that every unlearning method must pass, as data: named checks over tiny random models.

A check takes a ``ToySetup`` and a method and raises ``ConformanceError`` with the reason. pytest runs the
suite over all registered methods; ``run_checks`` runs it over one, also a file outside the repository.
"""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace

import torch
from torch import Tensor, nn

from benchmark.common.errors import UserError
from benchmark.config.recipe import LoRA
from benchmark.conformance.toy import TWO_STEPS, ToySetup, toy_setup, widened
from benchmark.models.forward import answer_logits
from benchmark.models.generation import generate_greedy
from methods import load_method
from methods.base import NEEDS, Batch, Method


class ConformanceError(AssertionError):
    """A method breaks a rule; the message says which one and how."""


BATCH_PARTS = ("forget", "retain", "refusal", "alternative")  # a batch's rows


def require(condition: bool, reason: str) -> None:
    if not condition:
        raise ConformanceError(reason)


def same_loss(one: Tensor, other: Tensor, what: str) -> None:
    a, b = one.item(), other.item()
    require(abs(a - b) <= 1e-5 * max(1.0, abs(a)), f"{what} changes the loss from {a:.7g} to {b:.7g}")


def equal(one: nn.Module, other: nn.Module) -> bool:
    return all(map(torch.equal, one.state_dict().values(), other.state_dict().values()))


def step_gradient(toy: ToySetup, method: Method, micro_batches: list[list[int]]) -> Tensor:
    """[parameters] the gradient that a step on these rows leaves, in one vector, zero where there is none."""
    student, needs = toy.student(), method.required()
    rows, total = toy.rows(method, needs), sum(map(len, micro_batches))
    reference = toy.reference if "reference" in needs else None

    def batches() -> Iterator[tuple[Batch, float]]:
        for numbers in micro_batches:
            yield rows.batch(numbers, 0, reference), len(numbers) / total

    method.gradient(student, batches, Tensor.backward)
    grads = [torch.zeros_like(p) if p.grad is None else p.grad for p in student.parameters()]
    return torch.cat([g.flatten() for g in grads])


def constructs(toy: ToySetup, method: Method) -> None:
    """All fields have defaults and survive JSON; the declarations are well formed."""
    type(method)()
    text = json.dumps(asdict(method), allow_nan=False)
    again = type(method)(**json.loads(text))
    require(json.dumps(asdict(again)) == text, f"fields do not survive JSON: {text}")
    unknown = {*method.required()} - {*NEEDS}
    require(not unknown, f"needs names {unknown}; there are: {', '.join(NEEDS)}")
    require(method.status in ("confirmed", "unconfirmed"), f"the status {method.status!r} is unknown")


def gives_a_loss(toy: ToySetup, method: Method) -> None:
    """The loss is a finite scalar of at least 32 bits that requires a gradient."""
    loss = method.loss(toy.student(), toy.batch(method))
    require(loss.shape == (), f"the loss must be a scalar; its shape is {tuple(loss.shape)}")
    require(loss.dtype in (torch.float32, torch.float64), f"the loss must be float32, not {loss.dtype}")
    require(bool(loss.isfinite()), f"the loss is {loss.item()}")
    require(loss.requires_grad, "the loss does not depend on the model: it has no gradient")


def gradient_reaches_model(toy: ToySetup, method: Method) -> None:
    """Gradients of the trained model are finite and not all zero."""
    gradient = step_gradient(toy, method, [list(range(8))])
    require(bool(gradient.isfinite().all()), "a gradient is not finite")
    require(bool(gradient.any()), "every gradient is zero")


def frozen_models_stay(toy: ToySetup, method: Method) -> None:
    """Two steps leave the frozen models without gradients and bit-identical."""
    frozen = {"reference": toy.reference, "reinforced": toy.reinforced}
    before = copy.deepcopy(frozen)
    toy.run(method)
    for name, model in frozen.items():
        require(equal(model, before[name]), f"the method changes the {name} model")
        touched = any(p.grad is not None for p in model.parameters())
        require(not touched, f"a gradient flows into the {name} model; read it under torch.no_grad()")


def ignores_padding(toy: ToySetup, method: Method) -> None:
    """The same rows padded wider give the same loss."""
    student, batch, models = toy.student(), toy.batch(method), toy.models(method.required())
    wide = replace(batch, **{name: widened(getattr(batch, name)) for name in BATCH_PARTS})
    same_loss(method.loss(student, batch), method.loss(student, wide), "wider padding of a batch")
    with torch.no_grad():
        wide = replace(wide, cached=method.prepare(models, wide.forget))
    same_loss(method.loss(student, batch), method.loss(student, wide), "wider padding in prepare")


def ignores_row_order(toy: ToySetup, method: Method) -> None:
    """The order of the rows in a batch does not matter."""
    student, order = toy.student(), [5, 0, 7, 2, 6, 1, 4, 3]
    one, other = toy.batch(method), toy.batch(method, order)
    same_loss(method.loss(student, one), method.loss(student, other), "another order of the rows")


def splits_into_micro_batches(toy: ToySetup, method: Method) -> None:
    """Gradients added up over micro-batches are the whole batch's: every row weighs the same.

    Gradients are compared rather than weights, since Adam turns rounding noise around zero into full steps.
    """
    whole = step_gradient(toy, method, [list(range(8))])
    parts = step_gradient(toy, method, [[0, 1, 2], [3, 4, 5], [6, 7]])
    error = ((parts - whole).norm() / whole.norm()).item()
    require(error <= 1e-4, f"micro-batches change the gradient by {error:.1%}; average each row, then rows")


def learning_rate_zero(toy: ToySetup, method: Method) -> None:
    """Steps of length zero leave the weights bit-identical."""
    model, _ = toy.run(method, TWO_STEPS.model_copy(update={"lr": 0.0}))
    require(equal(model, toy.reference), "the weights change at learning rate 0: leave them to the optimiser")


def repeats_with_its_seed(toy: ToySetup, method: Method) -> None:
    """The same seed gives bit-identical weights; another one draws other paired examples."""
    require(equal(toy.run(method)[0], toy.run(method)[0]), "two runs with the same seed differ")
    if {"retain", "refusals", "alternatives"} & {*method.required()}:
        student = toy.student()
        losses = [method.loss(student, toy.batch(method, seed=seed)).item() for seed in (0, 1)]
        require(losses[0] != losses[1], "paired examples drawn with another seed do not change the loss")


def needs_are_honest(toy: ToySetup, method: Method) -> None:
    """The loss uses all that is declared, and nothing else."""
    student, declared = toy.student(), method.required()
    loss = method.loss(student, toy.batch(method)).item()
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
    """``forwards()`` is what hooks on the models count, in forget batches of rows."""
    student, batch, counted = toy.student(), toy.batch(method), 0

    def count(module: nn.Module, args: tuple, kwargs: dict) -> None:
        nonlocal counted
        given = [v for v in (*args, kwargs.get("input_ids"), kwargs.get("inputs_embeds")) if v is not None]
        counted += len(given[0])

    for model in (student, toy.reference, toy.reinforced):
        model.base_model.register_forward_pre_hook(count, with_kwargs=True)
    method.gradient(student, lambda: iter([(batch, 1.0)]), Tensor.backward)
    passes, said = counted / len(batch.forget.input_ids), method.forwards()
    require(passes == said, f"a step makes {passes:g} forward passes; forwards() says {said}")


def works_in_bf16(toy: ToySetup, method: Method) -> None:
    """Under bf16 autocast the loss stays within 10 % or 0.05 of float32's."""
    student, batch = toy.student(), toy.batch(method)
    losses = []
    for context in (nullcontext(), torch.autocast("cpu", dtype=torch.bfloat16)):
        with context:
            losses.append(method.loss(student, batch).item())
    wide, narrow = losses
    near = abs(narrow - wide) <= max(0.05, 0.1 * abs(wide))  # False for nan
    require(near, f"the loss is {narrow:.5g} in bf16 and {wide:.5g} in float32")


def works_with_lora(toy: ToySetup, method: Method) -> None:
    """With adapters in bf16 training moves the weights, and ends with a plain model."""
    recipe = TWO_STEPS.model_copy(update={"lora": LoRA(rank=2), "precision": "bf16"})
    model, outcome = toy.run(method, recipe)
    require(outcome.diverged_at is None, f"training with LoRA diverged: {outcome.reason}")
    require(
        {*model.state_dict()} == {*toy.reference.state_dict()},
        "the model's parameters have other names after training with LoRA",
    )
    require(not equal(model, toy.reference), "training with LoRA changes nothing")


def deploys(toy: ToySetup, method: Method) -> None:
    """What is scored has finite logits and gives the same answers in any batch; the frozen models stay."""
    models = toy.models(method.required())
    frozen = (toy.reference, toy.reinforced)
    before = copy.deepcopy(frozen)
    model = method.deploy(toy.student(), models)
    rows = toy.batch(method, [0, 1, 2]).forget
    with torch.no_grad():
        logits = answer_logits(model, rows)
    shape = (len(rows.row), toy.reference.config.vocab_size)
    require(logits.shape == shape, f"the deployed model's logits have the shape {[*logits.shape]}, not {[*shape]}")
    require(bool(logits.isfinite().all()), "the deployed model's logits are not finite")
    prompts = toy.prompt_tokenizer.encode_prompts([row.question for row in toy.split.forget[:3]])
    answers = [
        generate_greedy(
            model, part, eos_ids={toy.prompt_tokenizer.eos_id}, pad_id=toy.prompt_tokenizer.pad_id, max_new_tokens=4
        )
        for part in (prompts, prompts[:1], prompts[1:])
    ]
    require(answers[0] == answers[1] + answers[2], "the deployed model's answers depend on the batch")
    require(all(map(equal, frozen, before)), "deploying changes a frozen model")


def closed_form(toy: ToySetup, method: Method) -> None:
    """``unlearn`` gives every parameter: right shape, finite, the same each time, frozen models untouched."""
    frozen = (toy.reference, toy.reinforced)
    before = copy.deepcopy(frozen)
    models = toy.models(method.required())
    new, again = method.unlearn(models), method.unlearn(models)
    shapes = {name: p.shape for name, p in toy.reference.named_parameters()}
    differ = sorted({*new} ^ {*shapes})
    require(not differ, f"unlearn must return every parameter and no other; it differs in {differ}")
    for name, value in new.items():
        require(value.shape == shapes[name], f"{name} has the shape {[*value.shape]}, not {[*shapes[name]]}")
        require(bool(value.isfinite().all()), f"{name} is not finite")
        require(torch.equal(value, again[name]), f"{name} differs when unlearn is called again")
    model, _ = toy.run(method)
    require(
        all(torch.equal(p, new[n]) for n, p in model.named_parameters()),
        "the unlearned model's weights are not what unlearn returned",
    )
    require(all(map(equal, frozen, before)), "the method changes a frozen model")


Check = Callable[[ToySetup, Method], None]
TRAINED: tuple[Check, ...] = (
    gives_a_loss, gradient_reaches_model, frozen_models_stay, ignores_padding, ignores_row_order,
    splits_into_micro_batches, learning_rate_zero, repeats_with_its_seed, needs_are_honest,
    counts_its_forwards, works_in_bf16, works_with_lora, deploys,
)  # fmt: skip


def checks_for(method: Method) -> tuple[Check, ...]:
    """The checks that apply to a method; a check is named as its function, and the docstring is its rule.

    A method is excused from a check only by declaring why in ``exempt``.
    """
    every = (constructs, *TRAINED) if method.trains else (constructs, closed_form, deploys)
    unknown = {*method.exempt} - {check.__name__ for check in every}
    if unknown:
        raise UserError(
            f"exempt names {', '.join(sorted(unknown))}; the checks are {', '.join(c.__name__ for c in every)}"
        )
    return tuple(check for check in every if check.__name__ not in method.exempt)


@dataclass(frozen=True)
class CheckResult:
    name: str
    passed: bool
    reason: str  # empty if passed
    seconds: float


def run_checks(method: str, architecture: str) -> list[CheckResult]:
    """Run the suite on a registered method or a file (``mine.py``); errors inside the method are failures.

    Raises:
        UserError: there is no such method or file.
    """
    instance, results = load_method(method), []
    for check in checks_for(instance):
        begin, reason = time.perf_counter(), ""
        try:
            check(toy_setup(architecture), instance)
        except ConformanceError as error:
            reason = str(error)
        except Exception as error:  # the method's own, whatever it is
            reason = f"raised {type(error).__name__}: {error}"
        results.append(CheckResult(check.__name__, not reason, reason, time.perf_counter() - begin))
    return results
