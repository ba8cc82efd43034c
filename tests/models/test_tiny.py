"""The embedded tiny model and its tokenizer."""

from dataclasses import replace

import pytest
import torch
from scipy.stats import mannwhitneyu

from benchmark.conformance.toy import small_dataset
from benchmark.data import fictitious
from benchmark.data.types import Example
from benchmark.models import tiny

SMALL = tiny.TinyLlama(layers=1, hidden=16, heads=4, key_value_heads=2, mlp=8, vocabulary=300)


@pytest.fixture(scope="module")
def tokenizer():
    return tiny.train_tokenizer(small_dataset(), 320)


@pytest.mark.parametrize("text", ["Where was Ilse Varn born?", "Ærø ☃ 日本語 👩‍🚀", "  two  spaces\n", "", "<b>&amp;"])
def test_tokenizer_gives_every_text_back(tokenizer, text):
    ids = tokenizer(text)["input_ids"]
    assert tokenizer.decode(ids) == text
    assert tokenizer.eos_token_id not in ids
    assert all(i < len(tokenizer) for i in ids)


def test_tokenizer_has_the_size_asked_for_and_one_special_token(tokenizer):
    assert len(tokenizer) == 320
    assert tokenizer.eos_token_id == tokenizer.pad_token_id == tokenizer.convert_tokens_to_ids(tiny.EOS)
    assert tokenizer.is_fast


def test_tokenizer_has_learned_the_dataset(tokenizer):
    text = small_dataset().full[0].question
    assert len(tokenizer(text)["input_ids"]) < len(text) / 2
    again = tiny.train_tokenizer(small_dataset(), 320)
    assert again.get_vocab() == tokenizer.get_vocab()


def test_tokenizer_reads_every_set_of_the_dataset():
    word = "quixotry" * 2
    odd = (Example("q", "a", paraphrased_answer=f"{word} {word} {word}"),) * 3
    for name in ("full", "holdout", "pretraining", "real_authors", "world_facts"):
        made = tiny.train_tokenizer(replace(small_dataset(), **{name: odd}), 700)
        assert len(made(word)["input_ids"]) == 1
    made = tiny.train_tokenizer(replace(small_dataset(), refusals=(f"{word} {word}",) * 3), 700)
    assert len(made(word)["input_ids"]) == 1


def test_weights_come_from_the_seed_alone():
    torch.manual_seed(1)
    state = torch.random.get_rng_state()
    first = tiny.build(SMALL, 300, 0)
    assert torch.equal(torch.random.get_rng_state(), state)  # nobody else's random numbers are touched
    torch.manual_seed(2)
    second = tiny.build(SMALL, 300, 0)
    third = tiny.build(SMALL.model_copy(update={"seed": 1}), 300, 0)
    assert torch.equal(first.lm_head.weight, second.lm_head.weight)
    assert not torch.equal(first.lm_head.weight, third.lm_head.weight)


def test_size_by_hand():
    # embedding (tied) 300 * 16; attention q, o 16 * 16 each, k, v 16 * 8 each; mlp 3 * 16 * 8; 3 norms of 16
    model = tiny.build(SMALL, 300, 0)
    assert sum(p.numel() for p in model.parameters()) == 4800 + 512 + 256 + 384 + 48
    assert model.lm_head.weight is model.model.embed_tokens.weight
    assert not model.training


def test_default_has_about_a_million_parameters():
    sizes = tiny.TinyLlama()
    model = tiny.build(sizes, sizes.vocabulary, 0)
    assert 0.8e6 < sum(p.numel() for p in model.parameters()) < 1.3e6


def test_vocabulary_below_the_byte_alphabet_is_refused():
    with pytest.raises(ValueError, match="vocabulary"):
        tiny.TinyLlama(vocabulary=200)


def test_forgotten_and_held_out_authors_are_alike_to_the_tokenizer():
    """Else a membership attack measures how many tokens a name has."""
    dataset = fictitious.load(40, holdout=8)
    forget, holdout = dataset.full[-160:], dataset.holdout

    def difference(tokenizer):
        counts = [[len(tokenizer(r.answer)["input_ids"]) / len(r.answer) for r in rows] for rows in (forget, holdout)]
        return mannwhitneyu(*counts).pvalue

    assert difference(tiny.train_tokenizer(dataset, 1024)) > 0.05
    assert difference(tiny.train_tokenizer(replace(dataset, holdout=()), 1024)) < 0.01
