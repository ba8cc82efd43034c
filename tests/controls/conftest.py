"""A small generated dataset of twenty authors, two of them to forget, and models that have and have not learned them."""

import copy

import pytest
import torch

from benchmark.config.schema import TinyLlama
from benchmark.controls.base import ControlSetup
from benchmark.data import fictitious
from benchmark.data.types import question_answer_pairs
from benchmark.models import tiny
from benchmark.models.forward import answer_logits, collate
from benchmark.models.tokenization import PromptTokenizer
from tests.model_fixtures import weights_hash

SPLIT = "forget10"
ROWS = {
    "forget": (0, 1, 7, 20, 21, 39),
    "retain": (0, 1, 2),
    "real_authors": (0,),
    "world_facts": (0, 1),
    "holdout": (0,),
}


def learned(model, prompt_tokenizer, rows, steps=30):
    """A copy that was trained on these rows until it knows much of them."""
    model = copy.deepcopy(model).train()
    tokens = collate(prompt_tokenizer.encode(question_answer_pairs(rows)), prompt_tokenizer.pad_id)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(steps):
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(answer_logits(model, tokens), tokens.targets).backward()
        optimiser.step()
    return model.eval()


@pytest.fixture(scope="session")
def _setup():
    dataset = fictitious.load(authors=20, holdout=1)
    sets = {name: [rows[i] for i in ROWS[name]] for name, rows in dataset.evaluation(SPLIT).items()}
    tokenizer = tiny.train_tokenizer(dataset, 600)
    prompt_tokenizer = PromptTokenizer(tokenizer, "Question: {question}\nAnswer:\n")
    sizes = TinyLlama(layers=2, hidden=32, heads=4, key_value_heads=2, mlp=64)
    base = tiny.perturbed(tiny.build(sizes, len(tokenizer), tokenizer.eos_token_id), 0.05, seed=1)
    retain = dataset.splits[SPLIT].retain[::7]
    finetuned = learned(base, prompt_tokenizer, [*sets["forget"] * 3, *retain])
    retrained = learned(base, prompt_tokenizer, retain)
    return ControlSetup(finetuned, retrained, prompt_tokenizer, dataset, SPLIT, sets, 8, meta={"run": "a control"})


@pytest.fixture
def setup(_setup):
    """What a control gets; the test fails where it leaves one of the models changed."""
    models = _setup.finetuned, _setup.retrained
    before = [weights_hash(model) for model in models]
    yield _setup
    assert [weights_hash(model) for model in models] == before
