"""What is read from the vocabulary, against float64 and torch's own functions."""

import pytest
import torch
from torch import nn

from benchmark.models import lm_head
from benchmark.models.lm_head import TokenQueries, direct_head, map_on_cores, most_likely, read_tokens
from benchmark.models.lm_head import _pass as one_pass
from benchmark.models.lm_head import _pass_without_mean_std as pass_without_mean_std
from tests.model_fixtures import ARCHITECTURES, tiny_model


def test_mean_and_std_are_those_of_float64():
    generator = torch.Generator().manual_seed(0)
    scales = torch.tensor([[1e-2], [1.0], [8.0], [40.0]])
    logits = torch.randn(4, 5000, generator=generator) * scales + 30
    targets = torch.tensor([1, 2, logits[2].argmax().item(), 4, 5])
    source = torch.tensor([0, 1, 2, 3, 3])  # two tokens are read at the last position
    exact = logits.double().log_softmax(-1)
    mean = (exact.exp() * exact).sum(-1)
    std = (exact.exp() * (exact - mean[:, None]) ** 2).sum(-1).sqrt()
    full = one_pass(logits.clone(), source, targets)
    torch.testing.assert_close(full[0].double(), exact[source, targets], rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(full[1].double(), mean[source], rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(full[2].double(), std[source], rtol=1e-5, atol=1e-6)
    assert full[3].tolist() == (logits.argmax(-1)[source] == targets).float().tolist()
    quick = pass_without_mean_std(logits.clone(), source, targets)
    torch.testing.assert_close(quick[0].double(), exact[source, targets], rtol=1e-6, atol=1e-6)
    assert quick[3].tolist() == full[3].tolist()


def test_impossible_tokens_add_nothing():
    ninf = float("-inf")
    logits = torch.tensor([[0.0, 0.0, ninf], [ninf, 3.0, ninf]])
    read = torch.tensor([0, 0, 1]), torch.tensor([0, 2, 1])
    full, quick = one_pass(logits.clone(), *read), pass_without_mean_std(logits, *read)
    assert quick[[0, 3]].tolist() == full[[0, 3]].tolist()
    half = torch.log(torch.tensor(0.5)).item()
    assert full[0].tolist() == pytest.approx([half, ninf, 0.0])
    assert full[1].tolist() == pytest.approx([half, half, 0.0])
    assert full[2].tolist() == pytest.approx([0.0, 0.0, 0.0])


def test_most_likely_is_the_first_of_equals():
    generator = torch.Generator().manual_seed(1)
    for width in (64, 4096, 8192, 8191, 9 * 512, 131 * 64, 131 * 32):
        logits = torch.randint(0, 30, (50, width), generator=generator).float()  # many equals
        assert torch.equal(most_likely(logits), logits.argmax(-1))


@pytest.mark.parametrize("passed", [1, 3, 100], ids="{} rows a pass".format)
@pytest.mark.parametrize("bare", [True, False], ids=["bare head", "whole forward"])
def test_mean_and_std_are_read_where_they_are_wanted(bare, passed, monkeypatch):
    """Positions with and without them are mixed, in chunks and passes of a few rows; two tokens share a position."""
    model, _ = tiny_model("llama")
    ids = torch.arange(30).reshape(3, 10)
    row, column = torch.arange(3).repeat_interleave(9), torch.arange(9).repeat(3)
    source = torch.tensor(sorted([*range(27), 4, 20]))
    targets = torch.arange(29) + 40
    wanted = torch.arange(27) % 4 == 1
    for name, rows in (("CHUNK_BYTES", 7), ("PASS_BYTES", passed)):
        monkeypatch.setitem(getattr(lm_head, name), "cpu", 4 * rows * model.config.vocab_size)
    head = direct_head(model) if bare else None

    def read(with_mean_std):
        return read_tokens(model, {"input_ids": ids}, TokenQueries(row, column, source, targets, with_mean_std), head)

    whole, some = read(torch.ones(27, dtype=torch.bool)), read(wanted)
    torch.testing.assert_close(some[0], whole[0], rtol=1e-6, atol=1e-6)
    assert torch.equal(some[3], whole[3]) and not whole.isnan().any()
    torch.testing.assert_close(some[1:3, wanted[source]], whole[1:3, wanted[source]], rtol=1e-6, atol=1e-6)
    assert some[1:3, ~wanted[source]].isnan().all()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_bare_head_is_the_models(architecture):
    model, _ = tiny_model(architecture)
    head = direct_head(model)
    states = torch.randn(7, model.config.hidden_size)
    torch.testing.assert_close(head(states), model.get_output_embeddings()(states), rtol=1e-6, atol=1e-6)


def test_capped_logits_have_no_bare_head():
    from transformers import Gemma2Config, Gemma2ForCausalLM

    sizes = {"vocab_size": 11, "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 8}
    assert direct_head(Gemma2ForCausalLM(Gemma2Config(**sizes, **heads, final_logit_softcapping=30.0))) is None
    assert direct_head(Gemma2ForCausalLM(Gemma2Config(**sizes, **heads, final_logit_softcapping=None))) is not None


def test_a_watched_head_is_called():
    """Where somebody hooks the head, it is called itself."""
    model, _ = tiny_model("llama")
    seen = []
    hook = model.get_output_embeddings().register_forward_hook(lambda *given: seen.append(1))
    try:
        head = direct_head(model)
        seen.clear()
        head(torch.zeros(1, model.config.hidden_size))
    finally:
        hook.remove()
    assert seen == [1] and isinstance(head, nn.Linear)


def test_cores_keep_the_order_and_the_number_of_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        assert map_on_cores(lambda i: i * i, range(50), torch.device("cpu")) == [i * i for i in range(50)]
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
