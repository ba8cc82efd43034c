"""PDU: the margin, the constraint and the dual steps (arXiv 2506.05314)."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmark.conformance.toy import TWO_STEPS, toy_setup
from benchmark.models.forward import collate
from benchmark.models.tokenization import TokenizedExample
from methods import load_method
from methods.base import Batch
from methods.pdu import PDU


def margin(toy, table):
    """Mean over forget rows of the mean over answer positions of (max z - mean z)^2."""
    at = (table.max(-1) - table.mean(-1)) ** 2
    return np.mean([np.mean([at[a] for a, _ in toy.pairs(row)]) for row in toy.rows["forget"]])


def test_defaults_are_the_authors():
    method = load_method("pdu")
    assert (method.limit, method.dual, method.dual_rate, method.dual_warmup) == (0.3, 100.0, 5.0, 5)


@pytest.mark.parametrize("dual", [0.0, 2.0])
def test_loss_and_gradient_follow_the_formula(toy, dual):
    toy.agrees(PDU(dual=dual), lambda t: margin(toy, t) + dual * (toy.nll(t, "retain") - 0.3))


def test_loss_by_hand(toy):
    # Logits (3, 1, -1): margin 3 - 1 = 2, squared 4. The retain row's token is drawn uniformly from three: log 3.
    tokens = collate([TokenizedExample([0, 1], 1)], 2)
    retain = collate([TokenizedExample([1, 2], 1)], 2)
    model = toy.Bigram([[3.0, 1.0, -1.0], [0.0] * 3, [0.0] * 3])
    loss = PDU(dual=2.0, limit=0.5).loss(model, Batch(tokens, retain=retain))
    assert loss.item() == pytest.approx(4 + 2 * (math.log(3) - 0.5), rel=1e-6)


def test_prompt_and_padding_are_no_part_of_the_margin(toy):
    # Public code flattened all positions. Here only those before an answer token count: token 0's logits are huge
    # and stand in the prompt's first place and in nothing else.
    table = np.zeros((4, 4))
    table[0, 1], table[1, 2] = 100.0, 4.0  # margins 75 and 3
    rows = [TokenizedExample([0, 1, 3], 2), TokenizedExample([0, 1, 3, 3, 3], 2)]  # after token 3 all is flat
    tokens = collate(rows, 0)  # and the padding is token 0
    loss = PDU(dual=0.0).loss(toy.Bigram(table), Batch(tokens, retain=tokens))
    assert loss.item() == pytest.approx((9 + 9 / 3) / 2, rel=1e-6)


def dual_after(toy, method, epoch, table, steps=1):
    tokens = {kind: collate(rows, 3) for kind, rows in toy.rows.items()}
    model, state = toy.Bigram(table), {}
    for _ in range(steps):
        method.gradient(model, lambda: iter([(Batch(**tokens, epoch=epoch, state=state), 1.0)]), Tensor.backward)
    return float(state.get("dual", method.dual))


def test_dual_steps_by_hand(toy):
    # A uniform model: NLL log 4 = 1.386294, so the excess over 0.3 is 1.086294.
    method = PDU(dual=2.0, dual_rate=5.0)
    assert dual_after(toy, method, 5, 0 * toy.student) == pytest.approx(2 + 5 * 1.086294, rel=1e-5)
    assert dual_after(toy, method, 5, 0 * toy.student, steps=2) == pytest.approx(2 + 10 * 1.086294, rel=1e-5)
    assert dual_after(toy, method, 4, 0 * toy.student) == 2  # warm-up
    assert dual_after(toy, PDU(dual=2.0, limit=2.0), 5, 0 * toy.student) == 0  # 2 + 5 (1.386294 - 2) < 0


def test_gradient_uses_the_moved_dual(toy):
    tokens = {kind: collate(rows, 3) for kind, rows in toy.rows.items()}
    model, state = toy.Bigram(toy.student), {"dual": torch.tensor(7.0)}
    PDU(dual=1.0).gradient(model, lambda: iter([(Batch(**tokens, state=state), 1.0)]), Tensor.backward)
    slope = toy.slope(lambda t: margin(toy, t) + 7 * toy.nll(t, "retain"), toy.student)
    np.testing.assert_allclose(model.table.grad, slope, rtol=1e-3, atol=1e-4)


def test_epochs_and_state_reach_the_method():
    toy = toy_setup("llama")
    seen = []

    class Watched(PDU):
        def terms(self, model, batch):
            seen.append((batch.epoch, float(batch.state.get("dual", self.dual))))
            return super().terms(model, batch)

    toy.run(Watched(dual=1.0, dual_warmup=1), TWO_STEPS.model_copy(update={"epochs": 3}))
    epochs, duals = zip(*seen, strict=True)
    assert epochs == (0, 0, 1, 1, 2, 2)
    assert duals[:3] == (1.0, 1.0, 1.0) and duals[2] < duals[3] < duals[4]
