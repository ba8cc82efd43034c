"""The checks of what a method leaves behind: of training, of the closed form, and of the model that is scored.

A check takes a ``ToySetup`` and a method and raises ``ConformanceError`` with the reason. It is named as its function,
and its docstring is the rule.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator

import torch

from benchmark.config.recipe import LoRA
from benchmark.conformance.requirements import require, same_weights
from benchmark.conformance.toy import TWO_STEPS, ToySetup
from benchmark.models.forward import answer_logits
from benchmark.models.generation import generate_greedy
from benchmark.training.unlearn import epoch_steps
from methods.base import Batches, Method


def frozen_models_stay(toy: ToySetup, method: Method) -> None:
    """Two steps leave the frozen models without gradients and bit-identical."""
    before = copy.deepcopy(toy.frozen)
    toy.run(method)
    for name, model in toy.frozen.items():
        require(same_weights(model, before[name]), f"the method changes the {name} model")
        touched = any(p.grad is not None for p in model.parameters())
        require(not touched, f"a gradient flows into the {name} model; read it under torch.no_grad()")


def learning_rate_zero(toy: ToySetup, method: Method) -> None:
    """Steps of length zero leave the weights bit-identical."""
    model, _ = toy.run(method, TWO_STEPS.model_copy(update={"lr": 0.0}))
    require(same_weights(model, toy.reference), "the weights change at learning rate 0: leave them to the optimiser")


def repeats_with_its_seed(toy: ToySetup, method: Method) -> None:
    """The same seed gives bit-identical weights; another one draws other paired examples."""
    require(same_weights(toy.run(method)[0], toy.run(method)[0]), "two runs with the same seed differ")
    if {"retain", "refusals", "alternatives", "samples"} & {*method.required()}:
        student = toy.student()
        losses = [method.loss(student, toy.batch(method, seed=seed)).item() for seed in (0, 1)]
        require(losses[0] != losses[1], "examples and answers drawn with another seed do not change the loss")


def works_with_lora(toy: ToySetup, method: Method) -> None:
    """With adapters in bf16 training moves the weights, and ends with a plain model."""
    recipe = TWO_STEPS.model_copy(update={"lora": LoRA(rank=2), "precision": "bf16"})
    model, outcome = toy.run(method, recipe)
    require(outcome.diverged_at is None, f"training with LoRA diverged: {outcome.reason}")
    require(
        {*model.state_dict()} == {*toy.reference.state_dict()},
        "the model's parameters have other names after training with LoRA",
    )
    require(not same_weights(model, toy.reference), "training with LoRA changes nothing")


def closed_form(toy: ToySetup, method: Method) -> None:
    """``unlearn`` gives every parameter: right shape, finite, the same each time, frozen models untouched."""
    needs, frozen = method.required(), (*toy.frozen.values(),)
    before, models, rows = copy.deepcopy(frozen), toy.models(needs), toy.rows(method, needs)

    def steps() -> Iterator[Batches]:
        return epoch_steps(rows, TWO_STEPS, toy.reference if "reference" in needs else None)

    with torch.no_grad():
        new, again = method.unlearn(models, steps), method.unlearn(models, steps)
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
    require(all(map(same_weights, frozen, before)), "the method changes a frozen model")


def deploys(toy: ToySetup, method: Method) -> None:
    """What is scored has finite logits and gives the same answers in any batch; the frozen models stay."""
    models, frozen = toy.models(method.required()), (*toy.frozen.values(),)
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
    require(all(map(same_weights, frozen, before)), "deploying changes a frozen model")
