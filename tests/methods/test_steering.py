"""Two models read as one: scoring and generation equal a direct computation with the two."""

import pytest
import torch
from torch import nn

from benchmark.conformance.requirements import same_weights
from benchmark.conformance.toy import ARCHITECTURES, toy_setup
from benchmark.evaluation.evaluate import eos_ids
from benchmark.evaluation.teacher_forcing import score_answers
from benchmark.models.forward import answer_logits, collate
from benchmark.models.generation import generate_greedy
from methods.base import Combined


def combine(first, second):
    return 1.5 * first - torch.relu(second)  # neither linear nor symmetric


@pytest.fixture(scope="module", params=ARCHITECTURES)
def toy(request):
    return toy_setup(request.param)


@pytest.fixture
def model(toy):
    return Combined(toy.reference, toy.reinforced, combine)


def test_logits_at_every_position_are_combined(toy, model):
    ids = torch.tensor([[5, 9, 4], [7, 7, 1]])
    with torch.no_grad():
        expected = combine(toy.reference(input_ids=ids).logits, toy.reinforced(input_ids=ids).logits)
        torch.testing.assert_close(model(input_ids=ids).logits, expected)


def test_answer_logits_are_combined_and_only_they_are_projected(toy, model):
    pairs = [(row.question, row.answer) for row in toy.split.forget[:3]]
    tokens = collate(toy.prompt_tokenizer.encode(pairs), toy.prompt_tokenizer.pad_id)
    with torch.no_grad():
        expected = combine(answer_logits(toy.reference, tokens), answer_logits(toy.reinforced, tokens))
        projected = []
        hooks = [
            m.get_output_embeddings().register_forward_hook(lambda m, a, out: projected.append(out.shape[:-1].numel()))
            for m in (toy.reference, toy.reinforced)
        ]
        logits = answer_logits(model, tokens)
    for hook in hooks:
        hook.remove()
    torch.testing.assert_close(logits, expected)
    assert projected == [len(tokens.row)] * 2


def test_models_that_hide_their_head_are_read_whole(toy):
    class Hidden(nn.Module):
        def __init__(self, inner):
            super().__init__()
            self.inner, self.config = inner, inner.config

        def get_output_embeddings(self):
            return None

        def forward(self, **given):
            return self.inner(**given)

    tokens = collate(toy.prompt_tokenizer.encode([("Who is Ana?", "A cook.")]), toy.prompt_tokenizer.pad_id)
    with torch.no_grad():
        expected = answer_logits(Combined(toy.reference, toy.reinforced, combine), tokens)
        logits = answer_logits(Combined(Hidden(toy.reference), toy.reinforced, combine), tokens)
    torch.testing.assert_close(logits, expected)


def greedy(toy, ids, most, stop):
    """Token by token, each time reading the whole text with both models."""
    text = list(ids)
    for _ in range(most):
        given = torch.tensor([text])
        logits = combine(toy.reference(input_ids=given).logits[0, -1], toy.reinforced(input_ids=given).logits[0, -1])
        text.append(int(logits.argmax()))
        if text[-1] == stop:
            return text[len(ids) : -1]
    return text[len(ids) :]


def test_greedy_answers_equal_those_without_cache_or_batch(toy, model):
    generator = torch.Generator().manual_seed(4)
    size = model.config.vocab_size
    prompts = [torch.randint(1, size, (n,), generator=generator).tolist() for n in (3, 9, 1, 9, 6)]
    with torch.no_grad():
        free = [greedy(toy, p, 8, None) for p in prompts]
        stop = free[1][3]  # ends one answer in the middle, so that rows leave the batch
        expected = [greedy(toy, p, 8, stop) for p in prompts]
    assert len({len(answer) for answer in expected}) > 1
    assert generate_greedy(model, prompts, eos_ids={stop}, pad_id=0, max_new_tokens=8) == expected


def test_pairs_may_be_nested(toy):
    inner = Combined(toy.reference, toy.reinforced, combine)
    outer = Combined(inner, toy.reference, lambda first, second: first + second)
    prompts = [[4, 8, 2], [9]]
    answers = generate_greedy(outer, prompts, eos_ids={0}, pad_id=0, max_new_tokens=5)
    ids = torch.tensor([prompts[0]])
    with torch.no_grad():
        logits = inner(input_ids=ids).logits + toy.reference(input_ids=ids).logits
    assert answers[0][0] == int(logits[0, -1].argmax())


def test_scoring_reads_it_like_a_model(toy, model):
    same = Combined(toy.reference, toy.reinforced, lambda first, second: first)
    pairs = [(row.question, row.answer) for row in toy.split.forget[:3]]
    for one, other in zip(
        score_answers(same, toy.prompt_tokenizer, pairs),
        score_answers(toy.reference, toy.prompt_tokenizer, pairs),
        strict=True,
    ):
        torch.testing.assert_close(torch.tensor(one.logprobs), torch.tensor(other.logprobs))
    assert eos_ids(model, toy.prompt_tokenizer) == eos_ids(toy.reference, toy.prompt_tokenizer)
    fresh = toy_setup("llama" if toy.reference.config.model_type == "llama" else "gpt-neox")
    assert same_weights(toy.reference, fresh.reference)
