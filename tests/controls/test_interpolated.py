"""interpolated: weights in between."""

import copy
from dataclasses import replace

import pytest
import torch

from benchmark.common.errors import UserError
from benchmark.controls import load_control
from benchmark.controls.interpolated import interpolated
from tests.controls.same import assert_same_rows
from tests.model_fixtures import tiny_model


@pytest.mark.parametrize(("name", "share"), [("interpolated", 0.5), ("interpolated@share=0.25", 0.25)])
def test_scores_are_those_of_the_weights_between(setup, name, share):
    between = copy.deepcopy(setup.finetuned)
    theirs = setup.retrained.state_dict()
    between.load_state_dict({k: share * v + (1 - share) * theirs[k] for k, v in setup.finetuned.state_dict().items()})
    scores, notes = load_control(name).score(setup)
    expected = setup.score_model(between)
    for part in setup.sets:
        assert_same_rows(scores[part], expected[part])
    assert notes == {}


def test_half_is_the_mean_and_buffers_stay(setup):
    ours, theirs = copy.deepcopy(setup.finetuned), copy.deepcopy(setup.retrained)
    ours.register_buffer("mark", torch.ones(1))
    made = interpolated(ours, theirs, 0.5)
    assert made.mark.item() == 1.0
    for name, parameter in made.named_parameters():
        pair = ours.get_parameter(name), theirs.get_parameter(name)
        assert torch.equal(parameter, (pair[0] + pair[1]) / 2)
    assert made.get_input_embeddings().weight is made.get_output_embeddings().weight


def test_sums_are_float32():
    ours, theirs = torch.nn.Linear(64, 64).bfloat16(), torch.nn.Linear(64, 64).bfloat16()
    made = interpolated(ours, theirs, 0.3)
    assert torch.equal(made.weight, (0.3 * ours.weight.float() + 0.7 * theirs.weight.float()).bfloat16())


def test_what_cannot_be_interpolated(setup):
    with pytest.raises(UserError, match="have not the same parameters"):
        interpolated(setup.finetuned, tiny_model("gpt-neox")[0], 0.5)
    with pytest.raises(UserError, match="retrained without forget10"):
        load_control("interpolated").score(replace(setup, retrained=None))
