"""The conformance suite can fail: broken methods fail the right check, and say why."""

import pytest

from benchmark.conformance.run import run_checks
from benchmark.conformance.toy import ARCHITECTURES, toy_setup

HEADER = '''"""A method that a user wrote."""
from dataclasses import dataclass
from typing import ClassVar
import numpy as np
import torch
from methods.base import Method
from methods.base import nll, sequence_logprob, WithRetain
from benchmark.models.forward import answer_logits, token_logprobs

VARIANTS = {"mine": {}, "mine+rt": {"retain": "rt"}}

'''
GOOD = """@dataclass(frozen=True)
class Mine(WithRetain):
    margin: float = 2.0

    def prepare(self, models, tokens):
        return {"s_ref": sequence_logprob(models.reference, tokens)}

    def forget_loss(self, model, batch):
        return torch.relu(sequence_logprob(model, batch.forget) - batch.cached["s_ref"] + self.margin).mean()
"""
TRAINED = """@dataclass(frozen=True)
class Mine(WithRetain):
    {declared}

    def forget_loss(self, model, batch):
        {body}
"""
CLOSED_FORM = """@dataclass(frozen=True)
class Mine(WithRetain):
    trains: ClassVar[bool] = False

    def unlearn(self, models, steps):
        {body}
"""

# What is wrong, where it stands and what it is -> the check that has to find it.
BROKEN = {
    "a field without JSON": ("constructs", "odd: complex = 1j", "return -nll(model, batch.forget)"),
    "a plain attribute": ("constructs", "floor = -4.6", "return -nll(model, batch.forget)"),
    "no return": ("gives_a_loss", "", "nll(model, batch.forget)"),
    "a loss a row": ("gives_a_loss", "", "return -sequence_logprob(model, batch.forget)"),
    "no gradient": ("gives_a_loss", "", "return nll(model, batch.forget).detach()"),
    "a narrow loss": ("gives_a_loss", "", "return nll(model, batch.forget).half()"),
    "zero gradient": ("gradient_reaches_model", "", "return 0 * nll(model, batch.forget)"),
    "changes the reference": (
        "frozen_models_stay",
        "needs = ('reference',)",
        "next(batch.reference.parameters()).data += 1e-3; return -nll(model, batch.forget)",
    ),
    "gradient into the reference": (
        "frozen_models_stay",
        "needs = ('reference',); extra_forwards = 1",
        "return nll(model, batch.forget) - nll(batch.reference, batch.forget)",
    ),
    "counts padding": (
        "ignores_padding",
        "",
        "ids = batch.forget.input_ids; z = model(input_ids=ids).logits[:, :-1]; "
        "return -torch.nn.functional.cross_entropy(z.flatten(0, 1), ids[:, 1:].flatten())",
    ),
    "weighs rows by place": (
        "ignores_row_order",
        "",
        "s = sequence_logprob(model, batch.forget); return (s * torch.arange(len(s))).mean()",
    ),
    "moves its state in loss": (
        "keeps_its_state",
        "",
        "loss = nll(model, batch.forget); "
        "mean = batch.state['mean'] = 0.9 * batch.state.get('mean', 0.0) + 0.1 * loss.detach(); return -loss * mean",
    ),
    "remembers its first rows": (
        "keeps_its_state",
        "",
        "loss = nll(model, batch.forget); return -loss / batch.state.setdefault('first', loss.detach())",
    ),
    "counts in an object": (
        "keeps_its_state",
        "",
        "rows = batch.state.setdefault('rows', torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)); "
        "rows.param_groups[0]['lr'] += 1; return -nll(model, batch.forget)",
    ),
    "averages over tokens": (
        "splits_into_micro_batches",
        "",
        "return token_logprobs(model, batch.forget).mean()",
    ),
    "moves weights by itself": (
        "learning_rate_zero",
        "",
        "model.get_output_embeddings().weight.data *= 0.999; return -nll(model, batch.forget)",
    ),
    "draws without the seed": (
        "repeats_with_its_seed",
        "",
        "return -nll(model, batch.forget) * float(np.random.default_rng().random())",
    ),
    "uses what it does not declare": (
        "needs_are_honest",
        "",
        "return -nll(model, batch.forget) + (0 if batch.retain is None else nll(model, batch.retain))",
    ),
    "declares what it does not use": (
        "needs_are_honest",
        "needs = ('refusals',)",
        "return -nll(model, batch.forget)",
    ),
    "miscounts its forwards": (
        "counts_its_forwards",
        "",
        "return -nll(model, batch.forget) + 1e-3 * sequence_logprob(model, batch.forget).mean()",
    ),
    "samples more than it declares": (
        "counts_its_forwards",
        "needs = ('samples',); extra_forwards = 2",  # the answers' loss, and one of two answers
        "own = batch.sampler.collate([a[0] for a in batch.sampler(model, 2)]); "
        "return -nll(model, batch.forget) - nll(model, own)",
    ),
    "samples less than it declares": (
        "counts_its_forwards",
        "needs = ('samples',); extra_forwards = 3",
        "own = batch.sampler.collate([a[0] for a in batch.sampler(model, 1)]); "
        "return -nll(model, batch.forget) - nll(model, own)",
    ),
    "samples without the seed": (
        "repeats_with_its_seed",
        "needs = ('samples',); extra_forwards = 2",
        "own = batch.sampler.collate([a[0] for a in batch.sampler(model, 1, top_k=1)]); "
        "return -nll(model, batch.forget) - nll(model, own)",
    ),
    "sums in half precision": (
        "works_in_bf16",
        "",
        "z = answer_logits(model, batch.forget); "
        "return z.square().mean() * (30 if torch.is_autocast_enabled('cpu') else 1)",
    ),
    "reaches for inner layers": (
        "works_with_lora",
        "",
        "return -nll(model, batch.forget) + 0 * model.get_parameter('model.norm.weight').sum()",
    ),
    "forgets the share of a micro-batch": (
        "splits_into_micro_batches",
        "gradient = lambda self, model, batches, backward: [backward(self.loss(model, b)) for b, share in batches()]",
        "return -nll(model, batch.forget)",
    ),
    "spoils a model in deploying": (
        "deploys",
        "deploy = lambda self, model, models: [next(models.reference.parameters()).data.mul_(0.5), model][1]",
        "return -nll(model, batch.forget)",
    ),
    "deploys what is no number": (
        "deploys",
        "deploy = lambda self, model, models: [model.get_output_embeddings().weight.data.mul_(np.nan), model][1]",
        "return -nll(model, batch.forget)",
    ),
    "leaves parameters out": ("closed_form", None, "return {}"),
    "adds noise": (
        "closed_form",
        None,
        "return {n: p + torch.rand(()) for n, p in models.reference.named_parameters()}",
    ),
    "writes into the reference": (
        "closed_form",
        None,
        "return {n: p.data.mul_(0.5) for n, p in models.reference.named_parameters()}",
    ),
}


def failed(path):
    return {r.name: r.reason for r in run_checks(str(path), "llama") if not r.passed}


@pytest.mark.parametrize("wrong", BROKEN)
def test_broken_method_fails_the_right_check(wrong, tmp_path):
    check, declared, body = BROKEN[wrong]
    template = CLOSED_FORM if declared is None else TRAINED
    source = template.format(declared=declared, body=body)
    (tmp_path / "mine.py").write_text(HEADER + source)
    reasons = failed(tmp_path / "mine.py")
    assert check in reasons
    assert reasons[check]


@pytest.mark.parametrize("wrong", [wrong for wrong, (check, *_) in BROKEN.items() if check == "keeps_its_state"])
def test_state_that_loss_moves_is_what_is_blamed(wrong, tmp_path):
    _, declared, body = BROKEN[wrong]
    (tmp_path / "mine.py").write_text(HEADER + TRAINED.format(declared=declared, body=body))
    reasons = failed(tmp_path / "mine.py")
    assert reasons.keys() <= {"keeps_its_state", "splits_into_micro_batches"}
    assert all("state moves in gradient" in reason for reason in reasons.values())


STATEFUL = """
    def forget_loss(self, model, batch):
        return -nll(model, batch.forget) * batch.state.setdefault("weight", torch.ones(()))

    def gradient(self, model, batches, backward):
        total = super().gradient(model, batches, backward)
        next(batches())[0].state["weight"] *= 0.5
        return total
"""


def test_state_that_gradient_moves_passes(tmp_path):
    (tmp_path / "mine.py").write_text(HEADER + "@dataclass(frozen=True)\nclass Mine(WithRetain):" + STATEFUL)
    assert failed(tmp_path / "mine.py") == {}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("variant", ["", ":mine+rt"])
def test_new_method_is_one_file(variant, architecture, tmp_path):
    (tmp_path / "mine.py").write_text(HEADER + GOOD)
    results = run_checks(f"{tmp_path / 'mine.py'}{variant}", architecture)
    assert [r for r in results if not r.passed] == []
    assert len(results) == 15
    assert all(r.seconds > 0 for r in results)


def test_error_inside_a_method_is_a_failed_check_with_its_message(tmp_path):
    (tmp_path / "mine.py").write_text(HEADER + TRAINED.format(declared="", body="raise KeyError('s_ref')"))
    reasons = failed(tmp_path / "mine.py")
    assert reasons["gives_a_loss"] == "raised KeyError: 's_ref' (mine.py:17)"
    assert "constructs" not in reasons


def test_unknown_architecture_is_named():
    with pytest.raises(ValueError, match="'bert'; there are: llama, gpt-neox"):
        toy_setup("bert")
