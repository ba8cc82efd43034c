"""RKLD's teacher as the model (arXiv 2406.01983)."""

import torch

from benchmark.config.recipe import Recipe
from benchmark.conformance.requirements import same_weights
from benchmark.conformance.toy import toy_setup
from benchmark.models.forward import answer_logits, collate
from benchmark.training.forget_batches import UnlearningRows
from benchmark.training.unlearn import unlearn
from methods.base import Models
from methods.rkld import RKLD
from methods.teacher import Teacher


def test_logits_by_hand(toy):
    # After token 0: original (1, -2, 0.5, 3), reinforced (1.5, -2.5, 0.5, 3.25); 1 - 8 * 0.5 = -3, the second
    # fell and the third stayed, 3 - 8 * 0.25 = 1.
    original, reinforced = torch.zeros(4, 4), torch.zeros(4, 4)
    original[0], reinforced[0] = torch.tensor([1.0, -2, 0.5, 3]), torch.tensor([1.5, -2.5, 0.5, 3.25])

    class Given(toy.Bigram):
        config = None

        def forward(self, position_ids=None, past_key_values=None, **given):
            return super().forward(**given)

    models = Models(Given(original.tolist()), Given(reinforced.tolist()))
    deployed = Teacher().deploy(models.reference, models)
    logits = deployed(input_ids=torch.tensor([[0, 1]])).logits
    assert logits.tolist() == [[[-3.0, -2.0, 0.5, 1.0], [0.0] * 4]]


def test_it_is_what_rkld_distils():
    toy = toy_setup("llama")
    models = toy.models(("reinforced",))
    pairs = [(row.question, row.answer) for row in toy.split.forget]
    tokens = collate(toy.prompt_tokenizer.encode(pairs), toy.prompt_tokenizer.pad_id)
    with torch.no_grad():
        log_probs = answer_logits(Teacher(alpha=3.0).deploy(toy.reference, models), tokens).log_softmax(-1)
        expected = RKLD(alpha=3.0).prepare(models, tokens)["log_teacher"]
    torch.testing.assert_close(log_probs, expected)


def test_weights_stay_and_the_deployed_model_is_probed():
    toy = toy_setup("llama")
    model, probed = toy.student(), []
    rows = UnlearningRows.build(toy.prompt_tokenizer, toy.split, toy.refusals, (), 0, "cpu")

    def probe(scored):
        probed.append(scored)
        return None

    outcome = unlearn(Teacher(), model, toy.models(("reinforced",)), rows, Recipe(), probe=probe)
    assert outcome.diverged_at is None
    assert same_weights(model, toy.reference)
    assert [*probed[0].pair] == [model, toy.reinforced]
