"""Batched scores equal those computed row by row with all logits."""

import numpy as np
import pytest
import torch

from benchmark.common.errors import UserError
from benchmark.data.types import Example
from benchmark.evaluation import evaluate as scoring
from benchmark.evaluation.evaluate import score_answers, score_model, scoring_units
from benchmark.models.generation import generate_greedy
from benchmark.models.tokenization import TokenizedExample
from tests.model_fixtures import ARCHITECTURES, tiny_model

PAIRS = [
    ("Who is Ana?", "Ana, a cook, grew up in Orsa and stayed."),
    ("Who is Ana?", "A glazier."),
    ("Who is Ana?", "A glazier."),  # asked twice
    ("Where?", "."),  # one token and EOS
    ("Where?", ""),  # EOS alone
    (
        "What is Rua Tamm's work, and where was Rua Tamm born, and who was with her then?",
        "a surveyor of rivers",
    ),
    ("Ærø?", "Øst for Ærø \U0001f600"),
    *((f"Number {i}?", "x" * (i + 1)) for i in range(8)),
    ("Who is Ana?", "Ana, a cook, grew up in Orsa and left."),  # shares the first words of another answer
    ("Who is Ana?", "Ana, a cook, grew up"),  # the beginning of another answer
]


def row_by_row(model, prompt_tokenizer, question, answer):
    """The same numbers with nothing of the project's but the tokenizer: one sequence, all logits."""
    prompt = f"Question: {question}\nAnswer:\n"
    before = prompt_tokenizer.tokenizer(prompt)["input_ids"]
    ids = before + prompt_tokenizer.tokenizer(answer)["input_ids"] + [prompt_tokenizer.tokenizer.eos_token_id]
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0]
    rows, targets = logits[len(before) - 1 : -1], torch.tensor(ids[len(before) :])
    exact = rows.double().log_softmax(-1)
    mean = (exact.exp() * exact).sum(-1, keepdim=True)
    return {
        "logprobs": rows.log_softmax(-1)[torch.arange(len(targets)), targets],
        "is_greedy": rows.argmax(-1) == targets,
        "mean": mean[:, 0],
        "std": (exact.exp() * (exact - mean) ** 2).sum(-1).sqrt(),
    }


@pytest.fixture(params=[True, False], ids=["bare head", "whole forward"])
def head(request, monkeypatch):
    """With and without the head as a function of its own."""
    if not request.param:
        monkeypatch.setattr(scoring, "direct_head", lambda model: None)


@pytest.mark.parametrize("shared", [True, False], ids=["shared prompts", "plain"])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_equal_to_row_by_row(architecture, shared, head, monkeypatch):
    model, prompt_tokenizer = tiny_model(architecture)
    monkeypatch.setattr(scoring, "MAX_TOKENS", {"cpu": 150})  # several batches of rows of several lengths
    monkeypatch.setattr(scoring, "PAYS_BELOW", 1.0 if shared else 0.0)
    taken = []
    read = scoring.read_trees
    monkeypatch.setattr(scoring, "read_trees", lambda *given: taken.append(1) or read(*given))
    for (question, answer), found in zip(PAIRS, score_answers(model, prompt_tokenizer, PAIRS), strict=True):
        expected = row_by_row(model, prompt_tokenizer, question, answer)
        np.testing.assert_allclose(found.logprobs, expected["logprobs"], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(found.logprob_mean, expected["mean"], rtol=1e-5)
        np.testing.assert_allclose(found.logprob_std, expected["std"], rtol=1e-5)
        assert found.is_greedy.tolist() == expected["is_greedy"].tolist()
        assert found.logprobs.dtype == found.logprob_mean.dtype == found.logprob_std.dtype == np.float32
        assert found.nll == pytest.approx(-expected["logprobs"].double().mean().item(), rel=1e-5)
    assert bool(taken) == shared


def test_greedy_tokens_are_hits():
    model, prompt_tokenizer = tiny_model("llama")
    prompt = prompt_tokenizer.encode_prompts(["Who is Ana?"])[0]
    (best,) = generate_greedy(model, [prompt], eos_ids={0}, pad_id=0, max_new_tokens=5)
    other = [*best[:3], (best[3] + 1) % len(prompt_tokenizer.tokenizer)]
    rows = [TokenizedExample(prompt + answer, len(prompt)) for answer in (best, other)]
    found = scoring.score_batch(model, rows, prompt_tokenizer.pad_id, "cpu")
    assert found[0].is_greedy.tolist() == [True] * len(best)
    assert found[1].is_greedy.tolist() == [True, True, True, False]


class Forwards:
    """Counts what a model is given: rows, widths and tokens of every plain batch, and of every batch of trees."""

    def __init__(self, model):
        self.batches, self.padding, self.trees = [], [], []
        self.hook = model.register_forward_pre_hook(self.see, with_kwargs=True)

    def see(self, model, args, given):
        mask = given.get("attention_mask")
        if given.get("use_cache") or mask is None:  # generation, or the one token that shows what the head does
            return
        if mask.ndim == 4:
            self.trees.append(tuple(given["input_ids"].shape))
        else:
            self.batches.append(tuple(given["input_ids"].shape))
            self.padding.append(given["attention_mask"].sum(1).tolist())


@pytest.fixture
def forwards():
    watched = Forwards(tiny_model("llama")[0])
    yield watched
    watched.hook.remove()


def test_batches_hold_rows_of_similar_length(forwards, monkeypatch):
    model, prompt_tokenizer = tiny_model("llama")
    monkeypatch.setattr(scoring, "PAYS_BELOW", 0.0)
    monkeypatch.setattr(scoring, "MAX_TOKENS", {"cpu": 150})
    score_answers(model, prompt_tokenizer, PAIRS)
    lengths = [length for batch in forwards.padding for length in batch]
    assert lengths == sorted(lengths, reverse=True) and len(lengths) == len(PAIRS)
    assert len(forwards.batches) > 3
    assert all(rows * width <= 150 for rows, width in forwards.batches)
    assert all(min(batch) >= 0.75 * max(batch) for batch in forwards.padding)


def test_a_large_vocabulary_takes_smaller_batches(forwards, monkeypatch):
    model, prompt_tokenizer = tiny_model("llama")
    monkeypatch.setattr(scoring, "PAYS_BELOW", 0.0)
    monkeypatch.setattr(scoring, "direct_head", lambda model: None)
    monkeypatch.setattr(scoring, "MAX_LOGITS", 60 * model.config.vocab_size)
    score_answers(model, prompt_tokenizer, PAIRS)
    assert all(rows * width <= 60 or rows == 1 for rows, width in forwards.batches)


SETS = {
    "forget": [
        Example(
            "Who is Ana?",
            "A cook.",
            paraphrased_answer="She cooks.",
            perturbed_answers=("A smith.", "A cook."),
            author=3,
        ),
        Example(
            "Who is Leo?",
            "A smith.",
            paraphrased_answer="A smith.",
            perturbed_answers=("A cook.",),
            author=4,
            value="smith",
        ),
    ],
    "world_facts": [Example("Who is Ana?", "A cook.", perturbed_answers=("A smith.",)), Example("Where?", "Here.")],
    "holdout": [Example("Who is Pia?", "A cook.", author=9)],
}


def test_each_question_with_its_answers_is_one_row(forwards):
    model, prompt_tokenizer = tiny_model("llama")
    score_answers(model, prompt_tokenizer, [("Who is Ana?", text) for text in ("A cook.", "A smith.", "A cook.")] * 2)
    # Two plain rows of both trees' check (one tree: largest and longest), then the tree, both times as one row.
    assert [rows for rows, _ in forwards.trees] == [1, 1]
    prompt = prompt_tokenizer.encode_prompts(["Who is Ana?"])[0]
    cook, smith = (prompt_tokenizer.tokenizer(text)["input_ids"] for text in ("A cook.", "A smith."))
    alike = next(i for i, (a, b) in enumerate(zip(cook, smith, strict=False)) if a != b)
    width = len(prompt) + len(cook) + len(smith) - alike
    assert forwards.trees[-1] == (1, -(-width // 8) * 8)


def test_each_distinct_pair_is_forwarded_once(forwards, monkeypatch):
    model, prompt_tokenizer = tiny_model("llama")
    monkeypatch.setattr(scoring, "PAYS_BELOW", 0.0)
    done = []
    scores = score_model(model, prompt_tokenizer, SETS, max_new_tokens=3, meta={"a": 1}, on_progress=done.append)
    # Ana: cook, She cooks, smith; Leo: smith, cook; Where: Here; Pia: cook
    assert sum(rows for rows, _ in forwards.batches) == 7
    assert sum(done) == scoring_units(SETS) == 7 + 3
    forget, facts = scores["forget"], scores["world_facts"]
    assert forget.answers[0] is facts.answers[0] is forget.wrong[0][1]
    assert (len(forget.wrong[0]), len(forget.wrong[1]), len(facts.wrong[1])) == (2, 1, 0)
    assert facts.paraphrases == [None, None] and forget.paraphrases[1] is forget.answers[1]
    assert forget.generated[0] == facts.generated[0] and scores["holdout"].generated == [""]
    assert (forget.authors.tolist(), facts.authors.tolist()) == ([3, 4], [-1, -1])
    assert (forget.values, forget.gold, facts.questions) == (
        [None, "smith"],
        ["A cook.", "A smith."],
        ["Who is Ana?", "Where?"],
    )
    assert scores.meta == {"a": 1}
    (expected,) = score_answers(model, prompt_tokenizer, [("Who is Leo?", "A smith.")])
    np.testing.assert_allclose(forget.answers[1].logprobs, expected.logprobs, rtol=1e-5)


def test_too_long_an_answer_is_a_user_error():
    model, prompt_tokenizer = tiny_model("gpt-neox")  # context 128
    with pytest.raises(UserError, match=r"takes \d+ tokens, the model's context is 128; use a shorter --prompt"):
        score_answers(model, prompt_tokenizer, [("Who?", "q " * 100)])


def test_full_memory_halves_the_batches(forwards, monkeypatch):
    model, prompt_tokenizer = tiny_model("llama")
    monkeypatch.setattr(scoring, "PAYS_BELOW", 0.0)
    expected = score_answers(model, prompt_tokenizer, PAIRS)
    read = scoring.read_tokens

    def small(model, inputs, reads, head):
        if inputs["input_ids"].numel() > 100:
            raise torch.OutOfMemoryError("full")
        return read(model, inputs, reads, head)

    monkeypatch.setattr(scoring, "read_tokens", small)
    with pytest.warns(UserWarning, match="out of memory with .* going on with smaller batches") as seen:
        found = score_answers(model, prompt_tokenizer, PAIRS)
    assert len(seen) == 1
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a.logprobs, b.logprobs, rtol=1e-6, atol=1e-6)


def test_a_model_with_a_window_is_read_plainly(monkeypatch):
    """A tree's mask knows no window, so the check finds other numbers and trees are not used."""
    from transformers import MistralConfig, MistralForCausalLM

    _, prompt_tokenizer = tiny_model("llama")
    torch.manual_seed(0)
    config = MistralConfig(
        vocab_size=len(prompt_tokenizer.tokenizer), hidden_size=16, intermediate_size=16, num_hidden_layers=2,
        num_attention_heads=2, num_key_value_heads=1, sliding_window=6, initializer_range=0.5,
    )  # fmt: skip
    model = MistralForCausalLM(config).eval()
    asked = []
    exact = scoring.sharing_is_exact
    monkeypatch.setattr(scoring, "sharing_is_exact", lambda *given: asked.append(exact(*given)) or asked[-1])
    pairs = [p for p in PAIRS if p[0] == "Who is Ana?"]
    for (question, answer), found in zip(pairs, score_answers(model, prompt_tokenizer, pairs), strict=True):
        expected = row_by_row(model, prompt_tokenizer, question, answer)
        np.testing.assert_allclose(found.logprobs, expected["logprobs"], rtol=1e-4, atol=1e-5)
    assert asked == [False]


def test_prompts_that_merge_with_their_answers():
    """After "Answer: " the space belongs to the answer's first token, which so stands inside the prompt."""
    from benchmark.models.tokenization import PromptTokenizer

    model, prompt_tokenizer = tiny_model("llama")
    merging = PromptTokenizer(prompt_tokenizer.tokenizer, "Question: {question} Answer: ")
    pairs = [("Who?", text) for text in ("Ana", "A cook", "a cook.", "", " Leo")]
    encoded = merging.encode(pairs)
    found = score_answers(model, merging, pairs)
    for row, mine in zip(encoded, found, strict=True):
        (expected,) = scoring.score_batch(model, [row], merging.pad_id, "cpu")
        np.testing.assert_allclose(mine.logprobs, expected.logprobs, rtol=1e-5, atol=1e-6)
        assert len(mine.logprobs) == row.answer_length


def test_an_answer_without_a_token_to_predict():
    from benchmark.models.tokenization import PromptTokenizer

    model, prompt_tokenizer = tiny_model("llama")
    (found,) = score_answers(model, PromptTokenizer(prompt_tokenizer.tokenizer, "{question}"), [("", "")])
    assert len(found.logprobs) == 0 and np.isnan(found.nll)


def test_nothing_to_score():
    model, prompt_tokenizer = tiny_model("llama")
    assert score_answers(model, prompt_tokenizer, []) == []


def test_scores_are_float32_also_of_a_bfloat16_model():
    import copy

    model, prompt_tokenizer = tiny_model("llama")
    exact = score_answers(model, prompt_tokenizer, PAIRS)
    half = score_answers(copy.deepcopy(model).bfloat16(), prompt_tokenizer, PAIRS)
    assert half[0].logprobs.dtype == np.float32
    for a, b in zip(exact, half, strict=True):
        assert 0 < abs(a.nll - b.nll) < 0.1
        assert all(b.logprobs <= 0) and all(b.logprob_mean <= 0)
