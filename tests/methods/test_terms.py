"""The terms that losses share, against numbers worked by hand."""

import math

import numpy as np
import pytest
import torch

from benchmark.common.errors import UserError
from benchmark.models.forward import collate
from benchmark.models.tokenization import TokenizedExample
from methods import load_method
from methods.base import Method, Models, kl_divergence, kl_to_reference, nll, sequence_logprob

TOKENS = collate([TokenizedExample([0, 1, 3], 1), TokenizedExample([0, 3], 1)], pad_id=3)


@pytest.fixture
def model(toy):
    """After 0 come 1 and 3 with odds 3 : 1; after any other token all four are alike."""
    return toy.Bigram([[-1e4, math.log(3), -1e4, 0.0], [0.0] * 4, [0.0] * 4, [0.0] * 4])


def test_sequence_logprob_sums_the_answer(model):
    # log(3/4) + log(1/4) and log(1/4)
    np.testing.assert_allclose(sequence_logprob(model, TOKENS).tolist(), [-1.673976, -1.386294], atol=1e-6)


def test_nll_averages_tokens_then_rows(model):
    # ((0.287682 + 1.386294) / 2 + 1.386294) / 2; averaging all three tokens would give 1.020090
    assert nll(model, TOKENS).item() == pytest.approx(1.111641, abs=1e-6)


def test_prompt_is_no_part_of_the_answer(model):
    # As before, but "1" is now part of the prompt: log(1/4) in both rows.
    tokens = collate([TokenizedExample([0, 1, 3], 2), TokenizedExample([0, 3], 1)], pad_id=3)
    assert nll(model, tokens).item() == pytest.approx(math.log(4), abs=1e-6)


def test_kl_divergence_is_not_symmetric():
    p, q = torch.tensor([0.5, 0.5]).log(), torch.tensor([0.25, 0.75]).log()
    assert kl_divergence(p, q).item() == pytest.approx(0.143841, abs=1e-6)  # log(2)/2 + log(2/3)/2
    assert kl_divergence(q, p).item() == pytest.approx(0.130812, abs=1e-6)  # log(1/2)/4 + 3 log(3/2)/4


def test_impossible_tokens_add_nothing_to_the_divergence():
    p = torch.tensor([[1.0, 0.0]]).log()
    assert kl_divergence(p, torch.tensor([[0.5, 0.5]]).log()).tolist() == pytest.approx([math.log(2)])
    assert kl_divergence(p, p).tolist() == [0.0]


def test_kl_retain_term_goes_from_the_reference_to_the_model(toy):
    table = [[math.log(w) for w in (1, 2, 4, 1)], [0.0] * 4, [0.0] * 4, [0.0] * 4]
    reference = toy.Bigram([[0.0] * 4] * 4)
    # After 0: mean over v of log(1/4) - log(w/8) = log 2 - (log 2 + log 4)/4 = log(2)/4; after 1: 0.
    # Row A averages 0 and 1, row B has 0 alone: (log(2)/8 + log(2)/4) / 2.
    value = kl_to_reference(toy.Bigram(table), reference, TOKENS)
    assert value.item() == pytest.approx(3 * math.log(2) / 16, abs=1e-6)
    value.backward()
    assert reference.table.grad is None


@pytest.mark.parametrize("weight", [1.0, 0.25])
@pytest.mark.parametrize("name", ["rkld", "npo", "dpo", "grad_ascent", "flat"])
def test_retain_terms_add_exactly_their_weight(toy, name, weight):
    alone, alone_grad = toy.run(load_method(name, retain="none"))
    terms = {
        "rt": lambda table: toy.nll(table, "retain"),
        "kl": lambda table: toy.kl(toy.original, table, "retain"),
    }
    for retain, term in terms.items():
        loss, grad = toy.run(load_method(name, retain=retain, retain_weight=weight))
        assert loss - alone == pytest.approx(weight * term(toy.student), abs=1e-5)
        np.testing.assert_allclose(grad - alone_grad, weight * toy.slope(term, toy.student), atol=2e-5)


def test_variants_set_the_retain_term():
    for base in ("rkld", "npo", "dpo"):
        for suffix in ("rt", "kl"):
            assert load_method(f"{base}+{suffix}").retain == suffix
        assert load_method(base).retain == "none"
    assert load_method("grad_diff").retain == "rt"
    assert load_method("ga+kl").retain == "kl"


def test_wrong_retain_term_is_refused():
    with pytest.raises(UserError, match="'none', 'rt' or 'kl', not 'RT'"):
        load_method("npo", retain="RT")


def test_method_without_a_loss_says_so():
    with pytest.raises(NotImplementedError, match="Method defines neither loss nor unlearn"):
        Method().loss(None, None)


def test_unlearn_leaves_the_reference_as_it_is_by_default():
    reference = torch.nn.Linear(2, 2)
    unlearned = Method().unlearn(Models(reference), list)
    assert {name: p.tolist() for name, p in unlearned.items()} == {
        n: p.tolist() for n, p in reference.named_parameters()
    }
