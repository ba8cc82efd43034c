"""Task vectors, worked by hand (Ilharco et al. 2022, arXiv 2212.04089)."""

import copy

import pytest
import torch
from torch import nn

from benchmark.config.recipe import Recipe
from benchmark.models import tiny
from benchmark.training.unlearn import unlearn
from methods.base import Models
from methods.task_vector import TaskVector

NO_ROWS = list  # a closed form of weights alone reads none


class Pair(nn.Module):
    def __init__(self, weight, bias):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight))
        self.bias = nn.Parameter(torch.tensor(bias))


def test_weights_by_hand():
    models = Models(Pair([[1.0, -2.0]], [0.0]), Pair([[1.2, -2.0]], [-0.4]))
    # 1 - 2.5 * 0.2 = 0.5; no change; 0 - 2.5 * (-0.4) = 1
    new = TaskVector().unlearn(models, NO_ROWS)
    torch.testing.assert_close(new["weight"], torch.tensor([[0.5, -2.0]]))
    torch.testing.assert_close(new["bias"], torch.tensor([1.0]))
    assert not any(value.requires_grad for value in new.values())


@pytest.mark.parametrize(("scale", "expected"), [(0.0, 1.0), (-1.0, 1.2), (1.0, 0.8)])
def test_scale_reaches_from_the_reinforced_model_to_its_mirror_image(scale, expected):
    models = Models(Pair([[1.0]], [0.0]), Pair([[1.2]], [0.0]))
    assert TaskVector(scale=scale).unlearn(models, NO_ROWS)["weight"].item() == pytest.approx(expected)


def test_tied_head_follows_the_embedding():
    sizes = tiny.TinyLlama(layers=1, hidden=8, heads=2, key_value_heads=1, mlp=8, vocabulary=300)
    reference = tiny.build(sizes, 20, 0)
    reinforced = copy.deepcopy(reference)
    with torch.no_grad():
        reinforced.model.embed_tokens.weight[3] += 0.2
    model = copy.deepcopy(reference)
    unlearn(TaskVector(), model, Models(reference, reinforced), None, Recipe())
    change = model.lm_head.weight - reference.lm_head.weight
    torch.testing.assert_close(change[3], torch.full((8,), -0.5))
    assert not change[:3].any() and not change[4:].any()
    assert model.lm_head.weight is model.model.embed_tokens.weight
