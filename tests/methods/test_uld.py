"""ULD: the assistant's loss and the subtraction (arXiv 2406.08607)."""

import copy
import math

import numpy as np
import pytest
import torch

from benchmark.config.recipe import LoRA
from benchmark.conformance.toy import TWO_STEPS, toy_setup
from benchmark.models.forward import answer_logits, collate
from benchmark.models.generation import generate_greedy
from benchmark.training.forget_batches import UnlearningRows
from benchmark.training.unlearn import collapse_probe, unlearn
from methods import load_method
from methods.uld import ULD
from tests.model_fixtures import tiny_model


def from_uniform(toy, table):
    """Mean over retain rows of the mean over answer positions of KL(uniform || p)."""
    at = -toy.logp(table).mean(-1) - math.log(4)
    return np.mean([np.mean([at[a] for a, _ in toy.pairs(row)]) for row in toy.rows["retain"]])


def test_defaults_are_the_papers():
    # UCSB-NLP-Chang/ULD: configs/model_mode/uld.yaml, configs/unlearn_loss/remember+uniform.yaml, bashes/tofu/uld_train.sh
    method = load_method("uld")
    assert (method.alpha, method.retain_weight, method.filtered, method.layers) == (0.75, 5.0, 0.01, 8)
    assert method.adapters() == LoRA(rank=16, alpha=32, dropout=0.05, targets="all-linear")


@pytest.mark.parametrize("weight", [0.0, 5.0])
def test_loss_and_gradient_follow_the_formula(toy, weight):
    toy.agrees(ULD(retain_weight=weight), lambda t: toy.nll(t, "forget") + weight * from_uniform(toy, t))


def test_uniform_assistant_by_hand(toy):
    # log 4 = 1.386294 a token on forget rows, and no distance from the uniform distribution on retain rows.
    assert toy.run(ULD(), 0 * toy.student)[0] == pytest.approx(1.386294, abs=1e-6)


def test_subtraction_by_hand():
    original, assistant = torch.tensor([2.0, 0.0, -1.0]), torch.tensor([4.0, 0.0, 2.0])
    # 2 - 0.75 * 4 = -1; 0; -1 - 0.75 * 2 = -2.5
    assert ULD(filtered=0.0).subtract(original, assistant).tolist() == [-1.0, 0.0, -2.5]


def test_unlikely_tokens_are_filtered_by_hand():
    # A hundredth of the best one's probability is 4.6 logits below it, so 0.1 and -5 are filtered and 0.5 is not.
    original = torch.tensor([5.0, 0.5, 0.1, -5.0])
    assert ULD(alpha=0.5).subtract(original, torch.full((4,), 2.0)).tolist() == pytest.approx([4.0, -0.5, 0.1, -5.0])


def test_a_share_of_the_vocabulary_is_never_filtered():
    # int(0.01 * 300) = 3 tokens are subtracted from, though two of them are 9 and 10 logits below the best.
    original = torch.full((300,), -20.0)
    original[[7, 150, 299]] = torch.tensor([10.0, 1.0, 0.0])
    moved = ULD(alpha=1.0).subtract(original, torch.ones(300)) - original
    assert moved.nonzero()[:, 0].tolist() == [7, 150, 299] and moved[7] == -1


@pytest.mark.parametrize("architecture", ["llama", "gpt-neox", "qwen2"])
def test_the_assistant_is_the_first_blocks(architecture):
    original, prompt_tokenizer = tiny_model(architecture)
    model = copy.deepcopy(original)
    tokens = collate(prompt_tokenizer.encode([("Who is Ana?", "A cook."), ("Where?", "In Orsa.")]), 0)
    norm, seen = next(m for n, m in original.named_modules() if n.endswith("norm") and n.count(".") == 1), []
    with torch.no_grad():
        # Two blocks; the final norm and the head applied to what the first of them gives.
        states = original.base_model(tokens.input_ids, tokens.attention_mask, output_hidden_states=True).hidden_states
        expected = original.get_output_embeddings()(norm(states[1]))[tokens.row, tokens.column - 1]
        ULD(layers=1).assemble(model)
        torch.testing.assert_close(answer_logits(model, tokens), expected)
        ULD(layers=1).assemble(model)  # it has no more: nothing is left to cut
        seen = generate_greedy(model, [[4, 8, 2]], eos_ids={0}, pad_id=0, max_new_tokens=3)
    assert (model.config.num_hidden_layers, original.config.num_hidden_layers) == (1, 2)
    assert seen and sum(".1." in name for name, _ in model.named_parameters()) == 0


def test_only_its_own_adapters_are_trained_whatever_the_recipe_has():
    toy, seen = toy_setup("llama"), []

    class Watched(ULD):
        def begin(self, model, epoch):
            seen.extend(n for n, p in model.named_parameters() if p.requires_grad)
            seen.append(next(p for n, p in model.named_parameters() if "lora_A" in n).shape[0])

    model, outcome = toy.run(Watched(layers=1, lora_rank=3))
    *names, rank = seen
    assert rank == 3 and names and all("lora_" in name and ".layers.0." in name for name in names)
    assert outcome.diverged_at is None and model.config.num_hidden_layers == 1
    logits = answer_logits(ULD().deploy(model, toy.models(("retain",))), toy.batch(ULD(), [0, 1]).forget)
    assert bool(logits.isfinite().all())


def test_deployed_model_is_the_reference_less_the_assistant():
    toy = toy_setup("llama")
    assistant, models = toy.student(), toy.models(("retain",))
    tokens = collate(toy.prompt_tokenizer.encode([("Who is Ana?", "A cook.")]), toy.prompt_tokenizer.pad_id)
    with torch.no_grad():
        expected = answer_logits(toy.reference, tokens) - 0.75 * answer_logits(assistant, tokens)
        deployed = ULD(filtered=0.0).deploy(assistant, models)
        torch.testing.assert_close(answer_logits(deployed, tokens), expected)


def test_uniform_assistant_changes_no_probability(toy):
    logits = torch.tensor(toy.original)
    steered = ULD(filtered=0.0).subtract(logits, torch.full_like(logits, 3.0))
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
