"""JensUn against its formula (Singh et al. 2025, arXiv 2509.02820)."""

import math

import numpy as np
import pytest
import torch

from benchmark.common.errors import UserError
from benchmark.conformance.toy import toy_setup
from benchmark.models.forward import collate
from benchmark.models.tokenization import TokenizedExample
from methods import load_method
from methods.base import Batch
from methods.jensun import JensUn, divergence_from_token, js_divergence, repeated


def jsd(p, q):
    m = (p + q) / 2
    return sum(sum(a * math.log(a / c) for a, c in zip(x, m, strict=True) if a > 0) for x in (p, q)) / 2


REFUSED = [TokenizedExample([0, 1, 2, 1, 3], 2), TokenizedExample([2, 2, 1, 3], 1)]  # the refusal 2, 1 and EOS


def run(toy, method, table):
    model, reference = toy.Bigram(table), toy.Bigram(toy.original)
    tokens = {kind: collate(toy.rows[kind], 3) for kind in ("forget", "retain")}
    loss = method.loss(model, Batch(**tokens, fixed_refusal=collate(REFUSED, 3), reference=reference))
    loss.backward()
    return loss.item(), model.table.grad.double().numpy()


def formula(toy, forget_weight=1.0, retain_weight=1.0, answer=(2, 1)):
    def loss(table):
        p, reference = np.exp(toy.logp(table)), np.exp(toy.logp(toy.original))
        forget, retain = [], []
        for row in toy.rows["forget"]:
            at = [jsd(p[a], np.eye(4)[answer[t % len(answer)]]) for t, (a, _) in enumerate(toy.pairs(row))]
            forget.append(np.mean(at))
        for row in toy.rows["retain"]:
            retain.append(np.mean([jsd(p[a], reference[a]) for a, _ in toy.pairs(row)]))
        return forget_weight * np.mean(forget) + retain_weight * np.mean(retain)

    return loss


@pytest.mark.parametrize("weights", [(1.0, 1.0), (1.0, 0.0), (0.0, 1.0), (0.5, 2.0)])
def test_loss_and_gradient_follow_the_formula(toy, weights):
    loss, grad = run(toy, JensUn(*weights), toy.student)
    assert loss == pytest.approx(formula(toy, *weights)(toy.student), rel=1e-5)
    np.testing.assert_allclose(grad, toy.slope(formula(toy, *weights), toy.student), rtol=1e-3, atol=1e-5)


def test_the_variant_repeats_eos_too(toy):
    loss, _ = run(toy, JensUn(closing_eos=True), toy.student)
    assert loss == pytest.approx(formula(toy, answer=(2, 1, 3))(toy.student), rel=1e-5)


def test_every_question_has_the_same_refusal_in_every_epoch_and_seed():
    toy, seen = toy_setup("llama"), set()
    assert JensUn().refusal == "No idea"
    for seed in (0, 1):
        rows = toy.rows(JensUn(), JensUn().required(), seed)
        for epoch in (0, 1):
            refusal = rows.batch([3, 0, 6], epoch, None).fixed_refusal
            seen |= {tuple(refusal.targets[refusal.row == i].tolist()) for i in range(3)}
    (tokens,) = seen
    assert toy.prompt_tokenizer.decode([tokens]) == ["No idea"]
    assert tokens[-1] == toy.prompt_tokenizer.eos_id


def test_an_empty_refusal_is_refused():
    with pytest.raises(UserError, match="jensun@refusal=: refusal must not be empty"):
        load_method("jensun@refusal=")


def test_divergence_from_a_token_by_hand():
    # p = 1/2: m = 3/4 on the token. KL(onehot || m) = log 4/3; KL(p || m) = (1/2) log(2/3) + (1/2) log 2.
    # Half the sum: 0.215762. Bounds: 0 at p = 1, log 2 as p -> 0.
    divergences = divergence_from_token(torch.tensor([0.5, 1.0, 1e-30]).log())
    np.testing.assert_allclose(divergences, [0.215762, 0.0, math.log(2)], atol=1e-6)


def test_js_divergence_is_symmetric_and_bounded():
    p, q = torch.tensor([0.5, 0.5]).log(), torch.tensor([0.25, 0.75]).log()
    # m = 3/8, 5/8: (0.5 log(4/3) + 0.5 log(4/5) + 0.25 log(2/3) + 0.75 log(6/5)) / 2 = 0.033822
    assert js_divergence(p, q).item() == pytest.approx(0.033822, abs=1e-6)
    assert js_divergence(q, p).item() == pytest.approx(0.033822, abs=1e-6)
    apart = torch.tensor([[60.0, -60.0], [-60.0, 60.0]]).log_softmax(-1)
    assert js_divergence(apart[0], apart[1]).item() == pytest.approx(math.log(2), abs=1e-6)


def test_refusals_repeat_to_the_end_of_the_answer():
    answers = collate([TokenizedExample([1] * 6, 1), TokenizedExample([1] * 6, 2)], pad_id=0)  # 5 and 4 tokens
    refusals = collate([TokenizedExample([9, 4, 3], 1), TokenizedExample([9, 9, 5, 6, 3], 2)], pad_id=0)
    assert repeated(refusals, answers, closing_eos=True).tolist() == [4, 3, 4, 3, 4, 5, 6, 3, 5]
    assert repeated(refusals, answers, closing_eos=False).tolist() == [4, 4, 4, 4, 4, 5, 6, 5, 6]


def test_retain_term_is_silent_at_the_start(toy):
    loss, _ = run(toy, load_method("jensun"), toy.original)
    assert loss == pytest.approx(formula(toy, 1.0, 0.0)(toy.original), abs=1e-6)
