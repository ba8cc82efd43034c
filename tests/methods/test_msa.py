"""MSA, worked by hand (arXiv 2506.20941)."""

import pytest
import torch
from torch import nn

from methods import load_method
from methods.base import Models
from methods.msa import MSA
from methods.task_vector import TaskVector


class Pair(nn.Module):
    def __init__(self, weight, bias):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight))
        self.bias = nn.Parameter(torch.tensor(bias))


MODELS = Models(
    reference=Pair([[1.0, -2.0]], [0.5]),
    base=Pair([[0.5, -1.0]], [0.0]),
    forget_only=Pair([[0.75, -1.0]], [0.25]),  # base + (0.25, 0 | 0.25)
    retain_only=Pair([[0.5, -3.0]], [0.0]),  # base + (0, -2 | 0)
)


def test_weights_by_hand():
    # 1 - 2 * 0.25; -2 + 0.5 * -2; 0.5 - 2 * 0.25
    new = MSA(alpha=2.0, beta=0.5).unlearn(MODELS, list)
    torch.testing.assert_close(new["weight"], torch.tensor([[0.5, -3.0]]))
    torch.testing.assert_close(new["bias"], torch.tensor([0.0]))
    assert not any(value.requires_grad for value in new.values())
    assert MODELS.reference.bias.item() == 0.5  # the fine-tuned model stays


def test_default_is_the_authors_and_needs_three_models():
    method = load_method("msa")
    assert (method.alpha, method.beta) == (1, 1)
    assert method.required() == ("base", "forget_only", "retain_only")


def test_without_the_retain_vector_no_retain_model_is_needed():
    method = MSA(beta=0.0)
    assert method.required() == ("base", "forget_only")
    without = Models(MODELS.reference, base=MODELS.base, forget_only=MODELS.forget_only)
    torch.testing.assert_close(method.unlearn(without, list)["weight"], torch.tensor([[0.75, -2.0]]))


@pytest.mark.parametrize("scale", [0.5, 2.5])
def test_from_the_fine_tuned_model_itself_it_is_the_task_vector(scale):
    reinforced = Pair([[1.5, -2.5]], [0.0])
    models = Models(MODELS.reference, reinforced, base=MODELS.reference, forget_only=reinforced)
    mine, theirs = (m.unlearn(models, list) for m in (MSA(alpha=scale, beta=0.0), TaskVector(scale=scale)))
    for name, value in theirs.items():
        torch.testing.assert_close(mine[name], value)
