"""Patched models, against the blocks run one by one by hand."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import GPTNeoXConfig, GPTNeoXForCausalLM, LlamaConfig, LlamaForCausalLM
from transformers.models.gpt_neox.modeling_gpt_neox import GPTNeoXLayer
from transformers.models.llama.modeling_llama import LlamaDecoderLayer

import metrics
from benchmark.attacks import load_attack
from benchmark.attacks.depth import patched_scores
from benchmark.common.errors import UserError
from benchmark.models.tokenization import TokenizedExample
from tests.attacks.toy_setup import toy_setup
from tests.model_fixtures import weights_hash

SIZES = {"vocab_size": 40, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 2}
FACTS = [
    (TokenizedExample([3, 8, 4, 9, 11, 1], 3), [3, 4]),
    (TokenizedExample([5, 7, 7, 2, 20, 21, 22, 1], 4), [5]),
    (TokenizedExample([6, 30, 31, 1], 1), [1, 2]),
]


def llama(seed):
    torch.manual_seed(seed)
    return LlamaForCausalLM(LlamaConfig(**SIZES, initializer_range=0.3)).eval()


def neox(seed):
    torch.manual_seed(seed)
    return GPTNeoXForCausalLM(GPTNeoXConfig(**SIZES, initializer_range=0.3, max_position_embeddings=32)).eval()


def parts(model):
    """Embedding, blocks, rotary embedding, last norm and head."""
    if hasattr(model, "gpt_neox"):
        inner = model.gpt_neox
        return inner.embed_in, inner.layers, inner.rotary_emb, inner.final_layer_norm, model.get_output_embeddings()
    inner = model.model
    return inner.embed_tokens, inner.layers, inner.rotary_emb, inner.norm, model.lm_head


def by_hand(model, finetuned, ids, places, layer):
    """[k] log p of the fact's tokens: each block called in turn with a mask made here, one sequence, no hooks."""
    ids = torch.tensor([ids])
    width = ids.shape[1]
    mask = torch.full((width, width), -torch.inf).triu(1)[None, None]
    before = [place - 1 for place in places]

    def run(some, put=None):
        embed, blocks, rotary, norm, head = parts(some)
        hidden, outputs = embed(ids), []
        angles = rotary(hidden, torch.arange(width)[None])
        for number, block in enumerate(blocks):
            hidden = block(hidden, attention_mask=mask, position_embeddings=angles)
            hidden = (hidden[0] if isinstance(hidden, tuple) else hidden).clone()
            if put is not None and number == layer:
                hidden[0, before] = put[layer][0, before]
            outputs.append(hidden)
        return outputs, head(norm(hidden))

    with torch.no_grad():
        outputs, _ = run(model)
        _, logits = run(finetuned, None if layer is None else outputs)
    log_p = logits[0, before].log_softmax(-1)
    return log_p[range(len(places)), ids[0, places]].numpy()


@pytest.mark.parametrize("make", [llama, neox])
def test_against_blocks_run_by_hand(make):
    finetuned, model = make(0), make(1)
    made = patched_scores(model, finetuned, FACTS, pad_id=0)
    assert list(made) == ["unpatched", "layer0", "layer1", "layer2"]
    for layer, own in zip((None, 0, 1, 2), made.values(), strict=True):
        for (logprobs, _), (row, places) in zip(own, FACTS, strict=True):
            assert logprobs == pytest.approx(by_hand(model, finetuned, row.ids, places, layer), abs=1e-4)
    assert not np.allclose(made["layer0"][0][0], made["layer1"][0][0])


@pytest.mark.parametrize("make", [llama, neox])
def test_where_the_later_blocks_are_the_same_the_patched_model_is_the_model(make):
    """Only the first block and the embedding differ, and attention adds nothing later: then the positions are alone."""
    finetuned, model = make(0), make(1)
    for some in (finetuned, model):
        for module in some.modules():
            if isinstance(module, LlamaDecoderLayer):
                torch.nn.init.zeros_(module.self_attn.o_proj.weight)
            if isinstance(module, GPTNeoXLayer):
                torch.nn.init.zeros_(module.attention.dense.weight)
    for mine, theirs in zip(parts(model)[1:], parts(finetuned)[1:], strict=True):
        for number, part in enumerate(mine if hasattr(mine, "__len__") else [mine]):
            other = theirs[number] if hasattr(theirs, "__len__") else theirs
            if part is not parts(model)[1][0]:
                part.load_state_dict(other.state_dict())
    made = patched_scores(model, finetuned, FACTS, pad_id=0)
    own = patched_scores(model, model, FACTS, pad_id=0)["unpatched"]
    for layer in ("layer0", "layer1", "layer2"):
        assert np.concatenate([x for x, _ in made[layer]]) == pytest.approx(
            np.concatenate([x for x, _ in own]), abs=1e-5
        )
    assert not np.allclose(made["unpatched"][0][0], own[0][0], atol=1e-3)


def test_models_that_do_not_fit():
    wide = LlamaForCausalLM(LlamaConfig(**(SIZES | {"hidden_size": 64})))
    with pytest.raises(UserError, match="number and width"):
        patched_scores(wide, llama(0), FACTS, pad_id=0)
    headless = torch.nn.Linear(2, 2)
    with pytest.raises(UserError, match="blocks of Linear could not be found"):
        patched_scores(headless, llama(0), FACTS, pad_id=0)


@pytest.fixture(scope="module")
def setup():
    made = toy_setup(authors=10)
    other = copy.deepcopy(made.model)
    torch.manual_seed(1)
    for weight in other.parameters():
        weight.data += 0.1 * torch.randn_like(weight)
    return replace(made, finetuned=made.model, model=other)


def test_the_facts_tokens_alone_are_scored_and_the_models_stay(setup):
    before = weights_hash(setup.model), weights_hash(setup.finetuned)
    made = load_attack("depth").attack(setup)
    assert (weights_hash(setup.model), weights_hash(setup.finetuned)) == before
    forget = setup.dataset.splits["forget10"].forget
    assert list(made) == ["unpatched", "layer0"] and made["layer0"].questions == [row.question for row in forget]
    tokens = setup.prompt_tokenizer.overlapping([(r.question, r.answer) for r in forget], [[r.span] for r in forget])
    assert [len(answer.logprobs) for answer in made["layer0"].answers] == [sum(own) for own in tokens]
    plain = setup.forced(setup.finetuned)["forget"].answers
    for answer, whole, marks in zip(made["unpatched"].answers, plain, tokens, strict=True):
        assert answer.logprobs == pytest.approx(whole.logprobs[np.array(marks)], abs=1e-5)


def test_the_finetuned_model_itself_is_intact(setup):
    made = load_attack("depth").attack(replace(setup, model=setup.finetuned))
    assert made["layer0"].answer_nll().tolist() == pytest.approx(made["unpatched"].answer_nll().tolist(), abs=1e-6)
    with pytest.raises(UserError, match="there is none"):
        load_attack("depth").attack(replace(setup, finetuned=None))


def test_depth_needs_no_other_name():
    assert load_attack("depth").label == metrics.load_metric("depth").name
