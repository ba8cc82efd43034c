"""IDK+AP against its formula (Yuan et al. 2024, arXiv 2410.08109)."""

import numpy as np
import pytest

from benchmark.models.forward import collate
from benchmark.models.tokenization import TokenizedExample
from methods.idk_ap import IDKAP, answered_by


def formula(toy, beta, weight=1.0):
    def loss(table):
        terms = []
        for retain, refusal in zip(toy.rows["retain"], toy.rows["refusal"], strict=True):
            refused = TokenizedExample([*retain.ids[: retain.start], *refusal.ids[refusal.start :]], retain.start)
            margin = beta * (toy.s(table, retain) - toy.s(table, refused))
            terms.append(np.log1p(np.exp(-margin)) / beta)
        return toy.nll(table, "refusal") + weight * np.mean(terms)

    return loss


@pytest.mark.parametrize(("beta", "weight"), [(0.1, 1.0), (1.0, 0.5)])
def test_loss_and_gradient_follow_the_formula(toy, beta, weight):
    toy.agrees(IDKAP(beta=beta, retain_weight=weight), formula(toy, beta, weight))


def test_uniform_student_by_hand(toy):
    # Refusals: log 4 a token. Retain answers have 3 and 2 tokens, refusals 2 and 2, so the margins are -log
    # 4 and 0; at beta = 1: (log(1 + 4) + log 2) / 2 = 1.151293. In all 2.537587.
    assert toy.run(IDKAP(beta=1.0), 0 * toy.student)[0] == pytest.approx(2.537587, abs=1e-6)


def test_questions_get_the_other_rows_answers():
    questions = collate([TokenizedExample([5, 6, 1, 9], 2), TokenizedExample([7, 2, 2, 2, 9], 1)], pad_id=0)
    answers = collate([TokenizedExample([4, 8, 8, 3, 9], 3), TokenizedExample([4, 9], 1)], pad_id=0)
    joined = answered_by(questions, answers)
    assert joined.input_ids.tolist() == [[5, 6, 3, 9], [7, 9, 0, 0]]
    assert joined.attention_mask.tolist() == [[1, 1, 1, 1], [1, 1, 0, 0]]
    assert joined.row.tolist() == [0, 0, 1]
    assert joined.column.tolist() == [2, 3, 1]


def test_a_step_keeps_retain_answers_ahead_of_refusals(toy):
    # Without the refusal term on forget rows: the difference of two weights' gradients.
    grad = toy.run(IDKAP(retain_weight=2.0), toy.original)[1] - toy.run(IDKAP(), toy.original)[1]
    before, after = (formula(toy, 0.1)(t) - toy.nll(t, "refusal") for t in (toy.original, toy.original - 0.05 * grad))
    assert after < before
