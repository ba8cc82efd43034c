"""ULD: the assistant's loss and the subtraction (arXiv 2406.08607)."""

import math

import numpy as np
import pytest
import torch

from benchmark.conformance.toy import TWO_STEPS, toy_setup
from benchmark.models.forward import answer_logits, collate
from benchmark.training.forget_batches import UnlearningRows
from benchmark.training.unlearn import collapse_probe, unlearn
from methods import load_method
from methods.uld import ULD


def from_uniform(toy, table):
    """Mean over retain rows of the mean over answer positions of KL(uniform || p)."""
    at = -toy.logp(table).mean(-1) - math.log(4)
    return np.mean([np.mean([at[a] for a, _ in toy.pairs(row)]) for row in toy.rows["retain"]])


def test_defaults_are_the_papers():
    assert (load_method("uld").alpha, load_method("uld").retain_weight) == (0.75, 5.0)


@pytest.mark.parametrize("weight", [0.0, 5.0])
def test_loss_and_gradient_follow_the_formula(toy, weight):
    toy.agrees(ULD(retain_weight=weight), lambda t: toy.nll(t, "forget") + weight * from_uniform(toy, t))


def test_uniform_assistant_by_hand(toy):
    # log 4 = 1.386294 a token on forget rows, and no distance from the uniform distribution on retain rows.
    assert toy.run(ULD(), 0 * toy.student)[0] == pytest.approx(1.386294, abs=1e-6)


def test_subtraction_by_hand():
    original, assistant = torch.tensor([2.0, 0.0, -1.0]), torch.tensor([4.0, 0.0, 2.0])
    # 2 - 0.75 * 4 = -1; 0; -1 - 0.75 * 2 = -2.5
    assert ULD().subtract(original, assistant).tolist() == [-1.0, 0.0, -2.5]


def test_deployed_model_is_the_reference_less_the_assistant():
    toy = toy_setup("llama")
    assistant, models = toy.student(), toy.models(("retain",))
    tokens = collate(toy.prompt_tokenizer.encode([("Who is Ana?", "A cook.")]), toy.prompt_tokenizer.pad_id)
    with torch.no_grad():
        expected = answer_logits(toy.reference, tokens) - 0.75 * answer_logits(assistant, tokens)
        torch.testing.assert_close(answer_logits(ULD().deploy(assistant, models), tokens), expected)


def test_uniform_assistant_changes_no_probability(toy):
    logits = torch.tensor(toy.original)
    steered = ULD().subtract(logits, torch.full_like(logits, 3.0))
    torch.testing.assert_close(steered.softmax(-1), logits.softmax(-1))


def test_collapse_is_looked_for_in_the_deployed_model():
    # The assistant forgets the retained answers on purpose: by itself it would count as collapsed.
    toy = toy_setup("llama")
    model, method, models = toy.student(), ULD(alpha=0.0), toy.models(("retain",))
    with torch.no_grad():
        model.get_output_embeddings().weight.mul_(50)
    rows = UnlearningRows.build(toy.prompt_tokenizer, toy.split, toy.refusals, ("retain",), 0, "cpu")
    probe = collapse_probe(toy.prompt_tokenizer, toy.split.retain, "cpu")
    assert probe(model) is not None
    seen = []

    def watched(scored):
        seen.append(probe(scored) == probe(toy.reference))
        return None

    unlearn(method, model, models, rows, TWO_STEPS.model_copy(update={"lr": 0.0}), probe=watched)
    assert seen == [True]
