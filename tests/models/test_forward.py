"""Logits at answer positions are the model's own, for several architectures."""

import pytest
import torch
from transformers import (
    Gemma2Config,
    Gemma2ForCausalLM,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
)

from benchmark.models.forward import answer_logits, collate, token_logprobs
from benchmark.models.tokenization import TokenizedExample

ROWS = [
    TokenizedExample([5, 6, 7, 8, 9], 2),
    TokenizedExample([4, 3], 1),
    TokenizedExample([1, 2, 3, 9, 9, 9, 9], 6),
    TokenizedExample([7, 8, 9], 0),
]
AT = [
    (0, 2),
    (0, 3),
    (0, 4),
    (1, 1),
    (2, 6),
    (3, 1),
    (3, 2),
]  # (row, column) of every answer token but a row's first
COMMON = {"vocab_size": 11, "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2}
COMMON |= {
    "num_attention_heads": 2,
    "max_position_embeddings": 32,
    "initializer_range": 0.5,
    "pad_token_id": 9,
}
GROUPED = {"num_key_value_heads": 1}
MODELS = {
    "llama": lambda: LlamaForCausalLM(LlamaConfig(**COMMON, **GROUPED, tie_word_embeddings=True)),
    "gpt-neox": lambda: GPTNeoXForCausalLM(GPTNeoXConfig(**COMMON)),
    "qwen": lambda: Qwen2ForCausalLM(Qwen2Config(**COMMON, **GROUPED)),
    # caps its logits after the head
    "gemma": lambda: Gemma2ForCausalLM(Gemma2Config(**COMMON, **GROUPED, head_dim=8, final_logit_softcapping=2.0)),
}


@pytest.fixture(params=MODELS)
def model(request):
    torch.manual_seed(0)
    return MODELS[request.param]().eval()


def full_logits(model, tokens):
    logits = model(input_ids=tokens.input_ids, attention_mask=tokens.attention_mask).logits
    return torch.stack([logits[i, j - 1] for i, j in AT])


def test_collate_pads_on_the_right_and_marks_answers():
    tokens = collate(ROWS, pad_id=9, index=[40, 41, 42, 43])
    assert list(zip(tokens.row.tolist(), tokens.column.tolist(), strict=True)) == AT
    assert tokens.targets.tolist() == [7, 8, 9, 3, 9, 8, 9]
    assert tokens.input_ids[1].tolist() == [4, 3, 9, 9, 9, 9, 9]
    assert tokens.attention_mask.sum(1).tolist() == [5, 2, 7, 3]  # 9 in a row is no padding there
    assert tokens.index.tolist() == [40, 41, 42, 43]
    assert collate(ROWS, 9).index.tolist() == [0, 1, 2, 3]


def test_answer_logits_are_the_full_models(model):
    tokens = collate(ROWS, 9)
    torch.testing.assert_close(answer_logits(model, tokens), full_logits(model, tokens), rtol=1e-6, atol=1e-6)


def test_gradient_is_the_full_models(model):
    tokens = collate(ROWS, 9)
    grads = []
    for logits in (answer_logits(model, tokens), full_logits(model, tokens)):
        grads.append(torch.autograd.grad(logits.square().sum(), list(model.parameters())))
    for mine, theirs in zip(*grads, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-4)


def test_head_sees_answer_positions_only(model):
    seen = []
    model.get_output_embeddings().register_forward_hook(lambda m, args, out: seen.append(tuple(args[0].shape)))
    answer_logits(model, collate(ROWS, 9))
    assert seen == [(1, len(AT), 16)]


def test_hook_is_gone_afterwards_even_after_an_error(model):
    tokens = collate(ROWS, 9)
    head = model.get_output_embeddings()
    answer_logits(model, tokens)
    assert not head._forward_pre_hooks
    breaking = head.register_forward_hook(lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        answer_logits(model, tokens)
    breaking.remove()
    assert not head._forward_pre_hooks


def test_hidden_head_falls_back_to_full_logits(model, monkeypatch):
    tokens = collate(ROWS, 9)
    expected = answer_logits(model, tokens)
    monkeypatch.setattr(type(model), "get_output_embeddings", lambda self: None)
    torch.testing.assert_close(answer_logits(model, tokens), expected, rtol=1e-6, atol=1e-6)


def test_padding_does_not_matter(model):
    alone = [token_logprobs(model, collate([row], 9)) for row in ROWS]
    together = token_logprobs(model, collate(ROWS, 9))
    torch.testing.assert_close(together, torch.cat(alone), rtol=1e-5, atol=1e-5)


def test_logits_are_float32_from_a_narrow_model():
    model = MODELS["llama"]().to(torch.bfloat16)
    assert answer_logits(model, collate(ROWS, 9)).dtype == torch.float32


def test_token_logprobs_are_log_softmax_at_the_target(model):
    tokens = collate(ROWS, 9)
    expected = full_logits(model, tokens).log_softmax(-1)[range(7), [7, 8, 9, 3, 9, 8, 9]]
    torch.testing.assert_close(token_logprobs(model, tokens), expected, rtol=1e-5, atol=1e-5)


def test_row_sum_and_mean():
    tokens = collate(ROWS, 9)
    values = torch.tensor([1.0, 2.0, 6.0, 5.0, -1.0, 3.0, 4.0])  # 3, 1, 1 and 2 a row
    assert tokens.row_sum(values).tolist() == [9.0, 5.0, -1.0, 7.0]
    assert tokens.row_mean(values).tolist() == [3.0, 5.0, -1.0, 3.5]
    values.requires_grad_()
    tokens.row_mean(values).sum().backward()
    torch.testing.assert_close(values.grad, torch.tensor([1 / 3, 1 / 3, 1 / 3, 1.0, 1.0, 0.5, 0.5]))
