"""IDK: likelihood of refusals and of retain rows, token by token (arXiv 2401.06121)."""

import numpy as np
import pytest
from torch import Tensor

from benchmark.models.forward import collate
from methods import load_method
from methods.base import Batch


def tokens(toy, kind):
    return [pair for row in toy.rows[kind] for pair in toy.pairs(row)]


def formula(toy, weight=1.0):
    """The mean over 4 tokens of refusals and 5 of retain answers, all together."""

    def loss(table):
        refused = [-toy.logp(table)[a, b] for a, b in tokens(toy, "refusal")]
        retained = [-weight * toy.logp(table)[a, b] for a, b in tokens(toy, "retain")]
        return np.mean(refused + retained)

    return loss


def test_tokens_of_refusals_and_retain_rows_are_averaged_together(toy):
    toy.agrees(load_method("idk"), formula(toy))


def test_retain_terms_weight_counts_in_the_sum_alone(toy):
    toy.agrees(load_method("idk", retain_weight=0.25), formula(toy, 0.25))


def test_uniform_student_by_hand(toy):
    # log 4 = 1.386294 a token on both kinds of rows, in one mean
    assert toy.run(load_method("idk"), 0 * toy.student)[0] == pytest.approx(1.386294, abs=1e-6)


def test_a_steps_gradient_is_that_of_all_its_tokens_however_it_is_split(toy):
    # Row by row: 2 + 3 and 2 + 2 tokens. Means of the two micro-batches would weigh the second's tokens by 5/4.
    model = toy.Bigram(toy.student)

    def batches():
        for i in range(2):
            parts = {kind: collate(toy.rows[kind][i : i + 1], 3) for kind in ("forget", "retain", "refusal")}
            yield Batch(**parts), 0.5

    loss = load_method("idk").gradient(model, batches, Tensor.backward)
    assert loss.item() == pytest.approx(formula(toy)(toy.student), rel=1e-5)
    np.testing.assert_allclose(model.table.grad, toy.slope(formula(toy), toy.student), rtol=1e-3, atol=1e-5)


def test_kl_stands_beside_the_mean(toy):
    def loss(table):
        refused = np.mean([-toy.logp(table)[a, b] for a, b in tokens(toy, "refusal")])
        return refused + 0.5 * toy.kl(toy.original, table, "retain")

    toy.agrees(load_method("idk", retain="kl", retain_weight=0.5), loss)


def test_forget_answers_play_no_part(toy):
    loss, _ = toy.run(load_method("idk", retain="none"))
    assert loss == pytest.approx(np.mean([-toy.logp(toy.student)[a, b] for a, b in tokens(toy, "refusal")]), rel=1e-5)


def test_idk_rt_is_another_name_for_it(toy):
    assert load_method("idk+rt") == load_method("idk")
