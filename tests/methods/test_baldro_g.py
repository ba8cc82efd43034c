"""BalDRO-G: the loss of the rows that are remembered best (arXiv 2601.09172)."""

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmark.common.errors import UserError
from benchmark.models.forward import collate
from methods import load_method
from methods.baldro_g import BalDROG, rows_of
from methods.base import Batch, Models


def row_losses(toy, name, table):
    """Each forget row's loss and, beside it, its retain row's NLL."""
    for row, kept in zip(toy.rows["forget"], toy.rows["retain"], strict=True):
        if name == "baldro_g":
            forget = 20 * np.log1p(np.exp(0.1 * (toy.s(table, row) - toy.s(toy.original, row))))
        else:
            forget = 0.125 * 2 / 4.5 * np.log1p(np.exp(4.5 * toy.s(table, row) / len(toy.pairs(row))))
        yield forget - toy.s(table, kept) / len(toy.pairs(kept))


def step(toy, method, table, shares=(1.0,)):
    model, models = toy.Bigram(table), Models(toy.Bigram(toy.original))

    def batches():
        for i, share in enumerate(shares):
            some = slice(None) if len(shares) == 1 else slice(i, i + 1)
            tokens = {kind: collate(rows[some], 3) for kind, rows in toy.rows.items()}
            with torch.no_grad():
                cached = method.prepare(models, tokens["forget"])
            yield Batch(**tokens, cached=cached), share

    loss = method.gradient(model, batches, Tensor.backward)
    return loss.item(), model.table.grad.double().numpy()


@pytest.mark.parametrize("name", ["baldro_g", "baldro_g_simnpo"])
@pytest.mark.parametrize("shares", [(1.0,), (0.5, 0.5)])
@pytest.mark.parametrize("best", [0, 1])
def test_only_the_row_of_lowest_mean_nll_is_forgotten(toy, name, shares, best):
    table = toy.student.copy()
    (a, b), *_ = toy.pairs(toy.rows["forget"][best])
    table[a, b] += 4  # one token is enough for the short row
    for a, b in toy.pairs(toy.rows["forget"][best]):
        table[a, b] += 1.5
    means = [toy.s(table, row) / len(toy.pairs(row)) for row in toy.rows["forget"]]
    assert np.argmax(means) == best
    loss, grad = step(toy, load_method(name), table, shares)
    assert loss == pytest.approx([*row_losses(toy, name, table)][best], rel=1e-5)
    expected = toy.slope(lambda t: [*row_losses(toy, name, t)][best], table)
    np.testing.assert_allclose(grad, expected, rtol=1e-3, atol=1e-4)


def test_length_does_not_count_in_the_ranking(toy):
    # The long row has the higher mean and the lower sum: -0.6 * 5 < -1.1 * 2.
    lengths = [2, 5]
    known = [torch.tensor([-1.1]), torch.tensor([-0.6])]
    assert lengths[1] * known[1] < lengths[0] * known[0]
    table = np.zeros((4, 4))
    for a, b in toy.pairs(toy.rows["forget"][1]):
        table[a, b] += 0.9
    sums = [toy.s(table, row) for row in toy.rows["forget"]]
    means = [s / n for s, n in zip(sums, lengths, strict=True)]
    assert means[1] > means[0] and sums[1] < sums[0]
    loss, _ = step(toy, load_method("baldro_g"), table)
    assert loss == pytest.approx([*row_losses(toy, "baldro_g", table)][1], rel=1e-5)


def test_all_rows_at_ratio_one(toy):
    loss, _ = step(toy, BalDROG(ratio=1.0), toy.student)
    assert loss == pytest.approx(np.mean([*row_losses(toy, "baldro_g", toy.student)]), rel=1e-5)
    assert BalDROG(ratio=1.0).forwards() == 3


def test_rows_of_a_batch_are_those_rows_alone(toy):
    rows = [*toy.rows["forget"], *toy.rows["retain"]]
    some, expected = rows_of(collate(rows, 3), torch.tensor([1, 2])), collate(rows[1:3], 3, [1, 2])
    for name in expected.__dataclass_fields__:
        assert torch.equal(getattr(some, name), getattr(expected, name)), name


def test_wrong_forget_loss_is_refused():
    with pytest.raises(UserError, match="'npo' or 'simnpo', not 'ga'"):
        BalDROG(forget="ga")
