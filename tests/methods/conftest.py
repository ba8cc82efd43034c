"""A model small enough to work every number out by hand: bigrams over four tokens.

The logits at a position are one row of a table, chosen by the token there, so a loss is a plain function of
the table, and the tests write that function in numpy without the project's code.
"""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from benchmark.models.forward import collate
from benchmark.models.tokenization import TokenizedExample
from methods.base import Batch, Models

EOS = 3
ROWS = {
    "forget": [TokenizedExample([0, 1, 2, 3], 2), TokenizedExample([2, 0, 1, 1, 0, 3], 1)],  # 2 and 5 answer tokens
    "retain": [TokenizedExample([1, 0, 2, 1, 3], 2), TokenizedExample([2, 2, 3], 1)],  # 3 and 2
    "refusal": [TokenizedExample([0, 1, 1, 3], 2), TokenizedExample([2, 1, 3], 1)],  # 2 and 2
}


class Bigram(nn.Module):
    """A language model whose logits after token i are ``table[i]``."""

    def __init__(self, table):
        super().__init__()
        self.table = nn.Parameter(torch.tensor(table, dtype=torch.float32))
        self.head = nn.Identity()

    def get_output_embeddings(self):
        return self.head

    def forward(self, input_ids, attention_mask=None, use_cache=False):
        return SimpleNamespace(logits=self.head(self.table[input_ids]))


class Toy:
    """Three models' tables [4, 4] and the rows; numpy helpers that the formulas are written with."""

    rows = ROWS
    Bigram = Bigram

    def __init__(self):
        rng = np.random.default_rng(5)
        self.student, self.original = rng.normal(size=(2, 4, 4)).round(2)
        self.reinforced = (self.original + rng.normal(scale=0.4, size=(4, 4))).round(2)

    def pairs(self, row):
        """(token before, answer token) at each answer position."""
        return list(zip(row.ids[row.start - 1 : -1], row.ids[row.start :], strict=True))

    def logp(self, table):
        return table - np.log(np.exp(table).sum(-1, keepdims=True))

    def s(self, table, row):
        """Log-likelihood of a row's whole answer."""
        return sum(self.logp(table)[a, b] for a, b in self.pairs(row))

    def nll(self, table, kind):
        return -np.mean([self.s(table, row) / len(self.pairs(row)) for row in ROWS[kind]])

    def kl(self, p, q, kind):
        """Mean over rows of the mean over answer positions of KL(p || q)."""
        p, q = self.logp(p), self.logp(q)
        at = (np.exp(p) * (p - q)).sum(-1)
        return np.mean([np.mean([at[a] for a, _ in self.pairs(row)]) for row in ROWS[kind]])

    def run(self, method, student=None):
        """The method's loss and its gradient in the student's table, as the benchmark computes them."""
        model = Bigram(self.student if student is None else student)
        models = Models(Bigram(self.original), Bigram(self.reinforced))
        tokens = {kind: collate(rows, EOS) for kind, rows in ROWS.items()}
        with torch.no_grad():
            cached = method.prepare(models, tokens["forget"])
        loss = method.loss(model, Batch(**tokens, reference=models.reference, cached=cached))
        loss.backward()
        return loss.item(), model.table.grad.double().numpy()

    def slope(self, formula, table, step=1e-5):
        """The gradient of a formula by central differences, in float64."""
        grad = np.zeros_like(table)
        for i in np.ndindex(table.shape):
            up, down = table.copy(), table.copy()
            up[i] += step
            down[i] -= step
            grad[i] = (formula(up) - formula(down)) / (2 * step)
        return grad

    def agrees(self, method, formula, student=None):
        """The method's loss and gradient are those of the formula, a function of the student's table."""
        table = self.student if student is None else student
        loss, grad = self.run(method, table)
        np.testing.assert_allclose(loss, formula(table), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(grad, self.slope(formula, table), rtol=1e-3, atol=1e-5)


@pytest.fixture
def toy():
    return Toy()
