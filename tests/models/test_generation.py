"""Batched greedy answers equal those generated one by one by transformers."""

import numpy as np
import pytest
import torch

from benchmark.models import generation, lm_head
from benchmark.models.generation import generate_greedy, generate_sampled
from tests.model_fixtures import ARCHITECTURES, tiny_model

LENGTHS = (3, 17, 1, 8, 8, 30, 5, 2)
MOST = 14


def prompts(model):
    rng = torch.Generator().manual_seed(4)
    return [torch.randint(1, model.config.vocab_size, (n,), generator=rng).tolist() for n in LENGTHS]


def one_by_one(model, prompts, ends, most=MOST):
    """What transformers generates, cut at the first end."""
    answers = []
    for prompt in prompts:
        ids = torch.tensor([prompt])
        options = {"do_sample": False, "max_new_tokens": most, "pad_token_id": 0, "eos_token_id": sorted(ends)}
        out = model.generate(ids, attention_mask=torch.ones_like(ids), **options)[0, len(prompt) :].tolist()
        answers.append(out[:-1] if out and out[-1] in ends else out)
    return answers


def ends_of(model):
    """Two tokens that end some answers early and some late."""
    free = one_by_one(model, prompts(model), {0})
    return {free[0][2], free[3][7]}


@pytest.mark.parametrize("bare", [True, False], ids=["bare head", "whole forward"])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_equal_to_one_by_one(architecture, bare, monkeypatch):
    model, _ = tiny_model(architecture)
    if bare:  # a chunk of two rows, so that a batch is several chunks
        monkeypatch.setattr(lm_head, "CHUNK_BYTES", {"cpu": 2 * 4 * model.config.vocab_size})
    else:
        monkeypatch.setattr(generation, "direct_head", lambda model: None)
    ends = ends_of(model)
    expected = one_by_one(model, prompts(model), ends)
    lengths = {len(answer) for answer in expected}
    assert MOST in lengths and len(lengths) > 2, "the case must hold rows that end early, late and not at all"
    options = {"eos_ids": ends, "pad_id": 0, "max_new_tokens": MOST}
    for batch_size in (192, 3):
        assert generate_greedy(model, prompts(model), batch_size=batch_size, **options) == expected


def test_rows_that_have_ended_are_evicted():
    model, _ = tiny_model("llama")
    rows = []
    hook = model.register_forward_pre_hook(lambda m, a, given: rows.append(len(given["input_ids"])), with_kwargs=True)
    try:
        generate_greedy(model, prompts(model), eos_ids=ends_of(model), pad_id=0, max_new_tokens=MOST)
    finally:
        hook.remove()
    mine = rows[-MOST:]
    assert mine[0] == len(LENGTHS) and mine == sorted(mine, reverse=True) and mine[-1] < mine[0]


def test_full_memory_halves_the_batches(monkeypatch):
    model, _ = tiny_model("llama")
    expected = generate_greedy(model, prompts(model), eos_ids={0}, pad_id=0, max_new_tokens=4)
    whole, sizes = generation._generate_batch, []

    def small(model, given, *rest):
        sizes.append(len(given))
        if len(given) > 2:
            raise torch.OutOfMemoryError("full")
        return whole(model, given, *rest)

    monkeypatch.setattr(generation, "_generate_batch", small)
    with pytest.warns(UserWarning, match="out of memory with 8 items"):
        answers = generate_greedy(model, prompts(model), eos_ids={0}, pad_id=0, max_new_tokens=4, batch_size=8)
    assert answers == expected and sizes == [8, 4, 2, 2, 2, 2]


def test_end_as_the_first_token_is_an_empty_answer():
    model, _ = tiny_model("llama")
    (first,) = generate_greedy(model, [[5, 6]], eos_ids={0}, pad_id=0, max_new_tokens=1)
    assert len(first) == 1
    assert generate_greedy(model, [[5, 6]], eos_ids=set(first), pad_id=0, max_new_tokens=5) == [[]]


def test_pad_token_that_is_an_end_does_no_harm():
    model, _ = tiny_model("qwen2")
    ends = ends_of(model)
    answers = generate_greedy(model, prompts(model), eos_ids=ends, pad_id=min(ends), max_new_tokens=MOST)
    assert answers == one_by_one(model, prompts(model), ends)


def test_progress_counts_prompts():
    model, _ = tiny_model("llama")
    done = []
    generate_greedy(
        model, prompts(model), eos_ids={0}, pad_id=0, max_new_tokens=2, batch_size=3, on_progress=done.append
    )
    assert done == [3, 3, 2]
    assert generate_greedy(model, [], eos_ids={0}, pad_id=0, max_new_tokens=2) == []


def test_answer_that_reaches_the_context_stops_there():
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    config = GPT2Config(vocab_size=50, n_positions=16, n_embd=8, n_layer=1, n_head=2, bos_token_id=0, eos_token_id=0)
    model = GPT2LMHeadModel(config).eval()  # learned positions: there is none past the context
    answers = generate_greedy(model, [[1] * 12, [2] * 3], eos_ids={49}, pad_id=0, max_new_tokens=40)
    assert [len(answer) for answer in answers] == [16 - 12 + 1, 16 - 3 + 1]


def test_sampled_tokens_are_drawn_by_their_own_uniforms():
    model, _ = tiny_model("llama")
    given, temperature = prompts(model), 0.7
    uniforms = np.random.default_rng(0).random((len(given), 6))
    options = {"temperature": temperature, "eos_ids": {0}, "pad_id": 0}
    answers = generate_sampled(model, given, uniforms, **options)
    for prompt, draws, answer in zip(given, uniforms, answers, strict=True):
        expected: list[int] = []
        for draw in draws:  # the token at which the cumulated probability passes the draw
            with torch.no_grad():
                logits = model(torch.tensor([[*prompt, *expected]])).logits[0, -1].double()
            reached = np.cumsum(torch.softmax(logits / temperature, -1).numpy())
            token = int(np.argmax(reached > draw))
            if token == 0:
                break
            expected.append(token)
        assert answer == expected
    assert generate_sampled(model, given, uniforms, batch_size=2, **options) == answers
    cold = generate_sampled(model, given, uniforms, **(options | {"temperature": 1e-4}))
    assert cold == generate_greedy(model, given, eos_ids={0}, pad_id=0, max_new_tokens=6) != answers


def allowed(p, top_k, top_p):
    """Which tokens may be drawn: the likeliest ``top_k``, and of these the first whose sum reaches ``top_p``."""
    kept, total = [], 0.0
    likeliest = sorted(range(len(p)), key=lambda token: -p[token])[:top_k]
    share = p[likeliest] / p[likeliest].sum()
    for token, probability in zip(likeliest, share, strict=True):
        if top_p is not None and total >= top_p:
            break
        kept.append(token)
        total += probability
    return kept


@pytest.mark.parametrize(("top_k", "top_p"), [(5, None), (None, 0.3), (7, 0.6), (10**6, 1.0), (1, None), (None, 1e-9)])
def test_only_the_likeliest_tokens_are_drawn(top_k, top_p):
    model, _ = tiny_model("llama")
    given, temperature = prompts(model), 0.7
    uniforms = np.random.default_rng(0).random((len(given), 5))
    uniforms[0] = np.nextafter(1, 0)  # takes the last token that may be drawn
    answers = generate_sampled(
        model, given, uniforms, temperature=temperature, eos_ids={0}, pad_id=0, top_k=top_k, top_p=top_p
    )
    for prompt, draws, answer in zip(given, uniforms, answers, strict=True):
        expected: list[int] = []
        for draw in draws:
            with torch.no_grad():
                logits = model(torch.tensor([[*prompt, *expected]])).logits[0, -1].double()
            p = torch.softmax(logits / temperature, -1).numpy()
            kept = sorted(allowed(p, top_k, top_p))
            reached = np.cumsum(p[kept]) / p[kept].sum()
            token = kept[int(np.argmax(reached > draw)) if reached[-1] > draw else -1]
            if token == 0:
                break
            expected.append(token)
        assert answer == expected


def test_rows_by_the_room_for_their_keys_and_values(monkeypatch):
    model, _ = tiny_model("llama")
    config = model.config
    width = config.num_key_value_heads * config.hidden_size // config.num_attention_heads
    token = 2 * config.num_hidden_layers * width * 4  # keys and values, float32
    monkeypatch.setattr(generation, "CACHE_BYTES", 10 * 7 * token)
    assert generation.rows_with_room(model, 10, "cpu") == 7
    assert generation.rows_with_room(model, 1000, "cpu") == 1
    # on a GPU a quarter of its memory, and no more than half of what is free, torch's own reserve included
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 40 * token)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 20 * token)
    for free, expected in ((1000, 1000 // 4 // 10), (180, (180 + 20) // 2 // 10)):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device, free=free: (free * token, 1000 * token))
        assert generation.rows_with_room(model, 10, "cuda") == expected


@pytest.mark.parametrize(("name", "value"), [("CACHE_BYTES", 1), ("READ_AT_ONCE", {"cpu": 2 * max(LENGTHS)})])
def test_room_decides_the_batches(name, value, monkeypatch):
    model, _ = tiny_model("llama")
    expected = generate_greedy(model, prompts(model), eos_ids={0}, pad_id=0, max_new_tokens=4)
    monkeypatch.setattr(generation, name, value)
    done = []
    answers = generate_greedy(model, prompts(model), eos_ids={0}, pad_id=0, max_new_tokens=4, on_progress=done.append)
    assert answers == expected and max(done) == (1 if name == "CACHE_BYTES" else 2)
