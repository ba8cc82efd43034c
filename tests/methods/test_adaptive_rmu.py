"""Adaptive RMU: the target's length follows the frozen hidden state (arXiv 2408.06223)."""

import numpy as np
import pytest
import torch

from benchmark.models.forward import collate
from methods import load_method
from methods.adaptive_rmu import AdaptiveRMU
from methods.base import Models
from methods.rmu import unit_vector
from tests.methods.test_rmu import FIRST, FROZEN, TABLE, Hidden, formula, run


def test_default_scale_is_the_authors():
    # RebelsNLU-jaist/llm-unlearning, experiments/adap_rmu.sh: scale 5, alpha 1200
    assert (load_method("adaptive_rmu").steering, load_method("adaptive_rmu").retain_weight) == (5.0, 1200.0)


@pytest.mark.parametrize("beta", [1.0, 5.0])
def test_loss_and_gradient_follow_the_formula(toy, beta):
    u = unit_vector(2, 0).double().numpy()
    expected = formula(toy, lambda a: beta * np.linalg.norm(TABLE[a] @ FROZEN), 2.0, u)
    loss, grad = run(toy, AdaptiveRMU(steering=beta, retain_weight=2.0))
    assert loss == pytest.approx(expected(FIRST), rel=1e-5)
    np.testing.assert_allclose(grad, toy.slope(expected, FIRST), rtol=1e-3, atol=1e-3)


def test_norms_by_hand(toy):
    from benchmark.models.tokenization import TokenizedExample

    tokens = collate([TokenizedExample([0, 1, 3], 1)], 3)
    with torch.no_grad():
        norms = AdaptiveRMU().prepare(Models(Hidden(TABLE, FROZEN)), tokens)["norm"]
    # after 0: (1, 0.5) @ [[1, 0.5], [0, -1]] = (1, 0): norm 1; after 1: (-0.5, 2) -> (-0.5, -2.25): 2.304886
    np.testing.assert_allclose(norms[:, 0], [1.0, 2.304886], atol=1e-5)
